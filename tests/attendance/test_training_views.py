"""The sheet of a class: everybody at once, what is refused, who is overtaken."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from unittest.mock import ANY

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts.models import Account, Role
from remote_training.attendance import service, training_queries
from remote_training.attendance.models import Status
from remote_training.attendance.training import How
from remote_training.attendance.training_models import ClassTraining, ExerciseDone, Trained
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.studies.exercises import Library
from tests import make
from tests.fakes import NOON, FakeClock

BrowseAs = Callable[[Account], FlaskClient]


@pytest.fixture
def session(app: Flask, clock: FakeClock) -> Session:
    """A class that is over, in which Anna and Bogna were."""
    hour = make.session(starts_at=NOON)
    for name in ("Anna Vos", "Bogna Kos"):
        there(hour, name)
    clock.forward(minutes=70)
    return hour


def there(session: Session, name: str, status: Status = Status.ATTENDED) -> Booking:
    """Somebody who holds a place, and of whom a trainer says how it went."""
    who = make.participant(contact=make.contact(name=name))
    booking = make.booking(session=session, participant=who)
    by = session.trainer_id
    service.set_status(booking, status, reason="seen", now=NOON + timedelta(minutes=1), by=by)
    db.session.commit()
    return booking


@pytest.fixture
def trainer(session: Session, browse_as: BrowseAs) -> FlaskClient:
    return browse_as(session.trainer)


def address(session: Session) -> str:
    return f"/staff/classes/{session.id}/training"


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form as it stands."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        told = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        is_off = told.get("type") in ("radio", "checkbox") and " checked" not in tag
        if "name" in told and not is_off:
            found[told["name"]] = told.get("value", "")
    lists = re.compile(r'<select[^>]*name="([^"]*)".*?>(.*?)</select>', re.DOTALL)
    for name, options in lists.findall(page):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    return found


def row(name: str) -> Trained:
    return next(
        one
        for one in db.session.scalars(sa.select(Trained))
        if one.booking.participant.contact.name == name
    )


def exercise(name: str, code: str) -> ExerciseDone:
    done = training_queries.exercises([row(name).id])[row(name).id]
    return next(one for one in done if one.exercise == code)


def test_everybody_as_planned_with_one_press_each(trainer: FlaskClient, session: Session) -> None:
    page = trainer.get(address(session)).text
    assert "Not entered yet." in page
    sent = fields(page) | {"p1-effort": "4", "p2-effort": "0.5"}

    answer = trainer.post(address(session), data=sent, follow_redirects=True)

    assert "Saved for 2 people." in answer.text
    assert (row("Anna Vos").effort, row("Bogna Kos").effort) == (4.0, 0.5)
    assert not row("Anna Vos").is_modified
    assert exercise("Anna Vos", "march").how is How.PLANNED
    saved = sent | {"seen": "1", "csrf_token": ANY}
    assert fields(answer.text) == saved, "it is shown as it was saved"


def test_what_was_different_of_one_is_hers_alone(trainer: FlaskClient, session: Session) -> None:
    sent = fields(trainer.get(address(session)).text) | {
        "p1-march.minutes": "6,5",
        "p1-step-up.out": "1",
        "p1-arm-curl.easier": "1",
        "p1-stopped": "1",
        "p1-why": "health",
        "p1-pain_after": "2",
        "p1-note": "knee  hurts",
    }

    page = trainer.post(address(session), data=sent, follow_redirects=True).text

    anna, bogna = row("Anna Vos"), row("Bogna Kos")
    assert (anna.is_reduced, bogna.is_reduced) == (True, False)
    assert (anna.stopped_early, anna.why, anna.pain_after) == (True, "health", 2)
    assert anna.note == "knee hurts"
    assert exercise("Anna Vos", "march").done_minutes == 6.5
    assert exercise("Anna Vos", "step-up").how is How.LEFT_OUT
    assert exercise("Anna Vos", "arm-curl").is_easier
    assert fields(page)["p1-march.minutes"] == "6.5"
    assert page.count("<b>Not as planned; complaints, note</b>") == 1, "Anna's, folded"
    assert page.count("<summary><span>As planned") == 1
    assert "<details open>" not in page


def test_who_has_no_effort_is_named_when_all_are_saved(
    trainer: FlaskClient, session: Session
) -> None:
    sent = fields(trainer.get(address(session)).text) | {"p1-effort": "4"}
    saved = trainer.post(address(session), data=sent, follow_redirects=True).text
    assert "No effort is filled in for: Bogna K.<" in saved
    sent |= {"p2-effort": "0", "seen": "1"}
    assert "No effort" not in trainer.post(address(session), data=sent, follow_redirects=True).text


def test_everybody_was_asked_makes_none_of_what_was_not_told(
    trainer: FlaskClient, session: Session
) -> None:
    sent = fields(trainer.get(address(session)).text) | {"p1-pain_after": "1", "asked": "1"}
    trainer.post(address(session), data=sent)
    assert (row("Anna Vos").pain_after, row("Anna Vos").tired_before) == (1, 0)
    assert row("Bogna Kos").dizzy_after == 0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"p2-effort": "11"}, "Bogna K., effort: please press one of the keys from 0 to 10.",
            id="an effort of no key",
        ),
        pytest.param(
            {"p1-chair-stand.sets": "2.5"},
            "Anna V., Standing up from a chair, sets: please write a whole number from 0 to 20.",
            id="half a set",
        ),
        pytest.param(
            {"p1-march.minutes": "nan"},
            "Anna V., Walking on the spot, minutes: please write a number from 0 to 240.",
            id="no number",
        ),
        pytest.param(
            {"p1-march.minutes": "1_0"},
            "Anna V., Walking on the spot, minutes: please write a number from 0 to 240.",
            id="a slip of the finger in a number",
        ),
        pytest.param(
            {"p1-band-row.band": "iron"},
            "Anna V., Rowing with a band, band: please choose from the list.",
            id="a band that is none",
        ),
        pytest.param(
            {"p1-tired_before": "9"}, "Anna V., Tired, before: please choose from the list.",
            id="a rating that is none",
        ),
        pytest.param(
            {"p1-why": "moon"}, "Anna V., why: please choose from the list.", id="a reason"
        ),
        pytest.param(
            {"p1-note": "x" * 501}, "Anna V., note: please shorten this to 500 letters.",
            id="a long note",
        ),
        pytest.param({"plan": "x"}, "Please choose a plan from the list.", id="no such plan"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_with_person_and_field_and_nothing_is_lost(
    trainer: FlaskClient, session: Session, changes: dict[str, str], sentence: str
) -> None:
    sent = fields(trainer.get(address(session)).text) | {"p1-effort": "5", "p2-note": "kept"}

    answer = trainer.post(address(session), data=sent | changes)

    assert answer.status_code == 422
    assert f">{sentence}</a>" in unescape(answer.text)
    assert db.session.scalar(sa.select(sa.func.count(Trained.id))) == 0
    again = fields(answer.text)
    assert again["p2-note"] == "kept"
    typed = {name: value for name, value in changes.items() if not is_chosen(name)}
    assert again.items() >= typed.items(), "it stands as it was typed"
    assert trainer.post(address(session), data=sent).status_code == 303, "mended it is taken"


def is_chosen(name: str) -> bool:
    """Whether a field can only be what its list has."""
    return name == "plan" or name.split("-", 1)[1] in (
        "effort", "why", "tired_before", "band-row.band",
    )  # fmt: skip


def test_another_plan_is_shown_with_all_that_was_typed_and_then_saved(
    trainer: FlaskClient, session: Session
) -> None:
    sent = fields(trainer.get(address(session)).text) | {"p1-effort": "5", "p1-march.minutes": "3"}

    shown = trainer.post(address(session), data=sent | {"plan": "function-1", "show": "1"})

    assert shown.status_code == 200
    again = fields(shown.text)
    assert (again["p1-effort"], again["p1-march.minutes"]) == ("5", "3")
    assert again["p1-heel-raise.repetitions"] == "10"
    assert "p1-band-row.sets" not in again
    assert db.session.scalar(sa.select(sa.func.count(Trained.id))) == 0, "nothing is saved yet"

    trainer.post(address(session), data=again)
    saved = db.session.scalars(sa.select(ClassTraining)).one()
    assert (saved.plan, row("Anna Vos").plan) == ("function-1", "function-1")


def test_who_is_overtaken_is_shown_the_newest_and_beside_it_her_own(
    trainer: FlaskClient, session: Session, browse_as: BrowseAs
) -> None:
    other = make.staff(Role.COORDINATOR, contact=make.contact(name="Corrie Regelaar"))
    hers = fields(trainer.get(address(session)).text) | {"p1-effort": "4"}
    second = browse_as(other)
    theirs = fields(second.get(address(session)).text) | {"p1-effort": "8", "p1-note": "mine"}
    trainer.post(address(session), data=hers)

    answer = second.post(address(session), data=theirs)

    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "Somebody else has saved this class meanwhile." in page
    assert "You had filled in: effort: 8; note: mine" in page
    assert row("Anna Vos").effort == 4.0, "nothing was overwritten"
    again = fields(answer.text)
    assert (again["p1-effort"], again["seen"]) == ("4", "1")
    assert second.post(address(session), data=again | {"p1-effort": "8"}).status_code == 303
    assert row("Anna Vos").effort == 8.0, "who has seen it may"


def test_who_saved_it_herself_on_another_page_is_told_so_and_the_same_press_again_is_no_conflict(
    trainer: FlaskClient, session: Session
) -> None:
    first = fields(trainer.get(address(session)).text) | {"p1-effort": "4"}
    assert [trainer.post(address(session), data=first).status_code for _ in "ab"] == [303, 303]
    assert db.session.scalars(sa.select(ClassTraining)).one().revision == 1

    answer = trainer.post(address(session), data=first | {"p1-effort": "8"})

    assert answer.status_code == 409
    assert "You have saved this class meanwhile yourself" in answer.text
    assert "Somebody else" not in answer.text
    assert "You had filled in: effort: 8" in unescape(answer.text)
    assert row("Anna Vos").effort == 4.0, "nothing was overwritten"


def test_who_was_not_there_is_named_and_who_is_not_known_is_kept_only_with_something(
    trainer: FlaskClient, session: Session
) -> None:
    there(session, "Carla de Wit", Status.NO_SHOW)
    make.booking(
        session=session, participant=make.participant(contact=make.contact(name="Dora Dun"))
    )
    page = trainer.get(address(session)).text
    assert "Not there: Carla W." in page
    assert "Dora D." in page

    trainer.post(address(session), data=fields(page) | {"asked": "1"})
    assert db.session.scalar(sa.select(sa.func.count(Trained.id))) == 2

    again = fields(trainer.get(address(session)).text) | {"p3-effort": "3"}
    trainer.post(address(session), data=again)
    assert row("Dora Dun").effort == 3.0


def test_who_is_said_to_be_absent_meanwhile_loses_nothing_that_was_typed(
    trainer: FlaskClient, session: Session
) -> None:
    sent = fields(trainer.get(address(session)).text) | {"p1-effort": "6"}
    anna = db.session.scalars(sa.select(Booking).order_by(Booking.booked_at)).all()
    booking = next(one for one in anna if one.participant.contact.name == "Anna Vos")
    now = NOON + timedelta(minutes=70)
    service.set_status(booking, Status.NO_SHOW, reason="x", now=now, by=session.trainer_id)
    db.session.commit()
    trainer.post(address(session), data=sent)
    assert row("Anna Vos").effort == 6.0


def test_two_of_the_same_short_name_are_told_apart(trainer: FlaskClient, session: Session) -> None:
    there(session, "Anna Vink")
    page = trainer.get(address(session)).text
    assert "Anna Vink" in page
    assert "Anna Vos" in page
    assert "Kos" not in page, "of the others the first letter is enough"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"starts_at": NOON + timedelta(hours=1)}, "The class has not begun.", id="not begun"
        ),
        pytest.param({"called_off_at": NOON}, "This class does not take place.", id="called off"),
    ],
)
def test_where_nothing_can_be_entered_the_page_says_why(
    browse_as: BrowseAs, app: Flask, changes: Any, sentence: str
) -> None:
    hour = make.session(**{"starts_at": NOON} | changes)
    make.booking(session=hour)
    browser = browse_as(hour.trainer)
    page = browser.get(address(hour))
    assert page.status_code == 200
    assert sentence in page.text
    assert "Save for everybody" not in page.text
    refused = browser.post(address(hour), data={"seen": "0"})
    assert refused.status_code == 409
    assert sentence in refused.text


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"seen": "x"}, {"seen": "-1"}, {"who-1": "x", "seen": "0"}, {"who-9999999": "1"},
        {"who-1": "00000000-0000-0000-0000-000000000000", "p1-effort": "3", "seen": "7"},
    ],
)  # fmt: skip
def test_a_form_that_is_none_of_ours_is_answered(
    trainer: FlaskClient, session: Session, sent: dict[str, str]
) -> None:
    assert trainer.post(address(session), data=sent).status_code in (409, 422)
    assert db.session.scalar(sa.select(sa.func.count(Trained.id))) == 0


def test_where_nobody_is_known_to_have_been_nothing_is_saved_by_itself(
    browse_as: BrowseAs, app: Flask, clock: FakeClock
) -> None:
    hour = make.session(starts_at=NOON)
    make.booking(session=hour)
    clock.forward(minutes=70)
    browser = browse_as(hour.trainer)
    sent = fields(browser.get(address(hour)).text)

    answer = browser.post(address(hour), data=sent)

    assert answer.status_code == 422
    assert "Nothing is saved: nothing is filled in for anybody." in answer.text
    assert browser.post(address(hour), data=sent | {"p1-effort": "2"}).status_code == 303


def test_who_did_not_stand_on_the_form_is_not_saved(trainer: FlaskClient, session: Session) -> None:
    sent = fields(trainer.get(address(session)).text)
    there(session, "Carla de Wit")
    trainer.post(address(session), data=sent)
    names = {one.booking.participant.contact.name for one in db.session.scalars(sa.select(Trained))}
    assert names == {"Anna Vos", "Bogna Kos"}


def test_the_list_of_classes_leads_to_what_is_not_entered(
    trainer: FlaskClient, session: Session
) -> None:
    assert "Enter what was trained" in trainer.get("/staff/classes/").text
    trainer.post(address(session), data=fields(trainer.get(address(session)).text))
    assert "Enter what was trained" not in trainer.get("/staff/classes/").text
    assert address(session) in trainer.get(f"/staff/classes/{session.id}/").text


def test_no_arm_no_complaint_and_no_study_number_are_on_the_sheet(
    trainer: FlaskClient, session: Session
) -> None:
    page = trainer.get(address(session)).text
    who = db.session.scalars(sa.select(Booking)).first()
    assert who is not None
    assert "Anna V." in page
    for word in ("Vos", "exercise<", "waitlist", "neuropathy:", who.participant.study_number):
        assert word not in page


def test_it_asks_the_database_as_often_for_twelve_as_for_two(
    browse_as: BrowseAs, app: Flask, count_queries: list[str], clock: FakeClock
) -> None:
    clock.forward(minutes=70)
    counts = []
    for people in (2, 12):
        hour = make.session(starts_at=NOON)
        for number in range(people):
            there(hour, f"Ada {chr(65 + number)}yron")
        browser = browse_as(hour.trainer)
        count_queries.clear()
        sent = fields(browser.get(address(hour)).text)
        counts.append(len(count_queries))
        assert browser.post(address(hour), data=sent).status_code == 303
    assert counts[0] == counts[1]


def test_it_speaks_dutch(trainer: FlaskClient, session: Session) -> None:
    trainer.post("/language", data={"language": "nl"})
    page = trainer.get(address(session)).text
    for words in ("Wat er is getraind", "Opstaan uit een stoel", "Kracht en conditie, week 1 tot"):
        assert words in page


def test_in_a_study_without_plans_effort_complaints_and_note_are_entered(
    trainer: FlaskClient, session: Session, app: Flask
) -> None:
    whole = app.extensions["study"]
    app.extensions["study"] = whole.model_copy(update={"library": Library()})
    try:
        sent = fields(trainer.get(address(session)).text)
        assert sent["plan"] == ""
        assert trainer.post(address(session), data=sent | {"p1-effort": "3"}).status_code == 303
        assert (row("Anna Vos").effort, row("Anna Vos").plan) == (3.0, None)
    finally:
        app.extensions["study"] = whole


def test_a_plan_that_left_the_library_is_still_shown_and_can_be_corrected(
    trainer: FlaskClient, session: Session, app: Flask
) -> None:
    trainer.post(address(session), data=fields(trainer.get(address(session)).text))
    whole = app.extensions["study"]
    app.extensions["study"] = whole.model_copy(update={"library": Library()})
    try:
        sent = fields(trainer.get(address(session)).text)
        assert (sent["plan"], sent["p1-march.minutes"]) == ("base-1", "8")
        trainer.post(address(session), data=sent | {"p1-march.minutes": "4"})
        assert exercise("Anna Vos", "march").done_minutes == 4.0
        assert exercise("Anna Vos", "march").planned_minutes == 8.0
    finally:
        app.extensions["study"] = whole
