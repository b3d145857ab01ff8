"""What is new on the page of a class, and what is pressed there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts.models import Account, Role
from remote_training.attendance import marks, notes, queries
from remote_training.attendance.models import Mark, Note, Status
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings.models import EventKind
from tests import make
from tests.attendance import hour
from tests.fakes import NOON, FakeClock

BrowseAs = Callable[[Account], FlaskClient]
SCRIPT = {"Accept": "application/json"}
KEY = "0" * 31
UUID_TEXT = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def session(app: Flask) -> Session:
    return make.session(starts_at=NOON)


@pytest.fixture
def anna(session: Session, clock: FakeClock) -> Booking:
    clock.forward(minutes=10)
    return hour.booked(session, "Anna Vos")


@pytest.fixture
def trainer(session: Session, browse_as: BrowseAs) -> FlaskClient:
    return browse_as(session.trainer)


def place(booking: Booking, tail: str) -> str:
    return f"/staff/classes/{booking.session_id}/people/{booking.id}/{tail}"


def lines(session: Session) -> str:
    return f"/staff/classes/{session.id}/lines"


def look(client: FlaskClient, session: Session, stamp: str = "") -> tuple[int, str]:
    """What the script is answered, and the stamp of what stands there now."""
    answer = client.get(lines(session), headers={"If-None-Match": f'"{stamp}"'} if stamp else {})
    found = re.search(r'data-stamp="(\w+)"', answer.text)
    return answer.status_code, found[1] if found else stamp


def status(booking: Booking) -> Status | None:
    db.session.expire_all()
    row = queries.of_booking(booking.id)
    return row.status if row is not None else None


def test_nobody_is_expected_or_missing_in_a_class_that_was_called_off(
    trainer: FlaskClient, session: Session, anna: Booking
) -> None:
    held = trainer.get(lines(session)).text
    assert "missing" in held.partition("<table")[2]
    session.called_off_at = NOON
    db.session.commit()
    counts, _, rows = trainer.get(lines(session)).text.partition("<table")
    assert "<b>0</b> expected" in counts
    assert "<b>0</b> missing" in counts
    assert "Anna V." in rows
    assert "missing" not in rows
    assert "called off" in rows


def test_the_part_that_changes_is_given_once_and_304_until_something_happens(
    trainer: FlaskClient, session: Session, anna: Booking, clock: FakeClock
) -> None:
    page = trainer.get(f"/staff/classes/{session.id}/").text
    stamp = re.search(r'data-stamp="(\w+)"', page)
    assert stamp is not None
    told = stamp[1]
    assert look(trainer, session, told) == (304, told)
    happenings: list[Callable[[], Any]] = [
        lambda: hour.press(anna, 1),
        lambda: hour.tell(anna, EventKind.WAITING, 2),
        lambda: hour.tell(anna, EventKind.JOINED, 3),
        lambda: hour.tell(anna, EventKind.LEFT, 4),
        lambda: make.stranger(session=session),
        lambda: hour.booked(session, "Bogna Kos"),
        lambda: trainer.post(place(anna, "mark"), data={"status": "excused", "reason": "ill"}),
        lambda: trainer.post(place(anna, "note"), data={"note": "dizzy"}),
        lambda: trainer.post(place(anna, f"notes/{db.session.query(Note).one().id}/remove")),
        lambda: clock.forward(seconds=15),
    ]  # fmt: skip
    for happen in happenings:
        happen()
        db.session.commit()
        code, then = look(trainer, session, told)
        assert (code, then != told) == (200, True), happen
        told = then
        assert look(trainer, session, told)[0] == 304


def test_asking_whether_anything_is_new_is_four_statements_however_many_people(
    trainer: FlaskClient, session: Session, count_queries: list[str]
) -> None:
    hour.twelve(session)
    stamp, address = look(trainer, session)[1], lines(session)
    count_queries.clear()
    assert trainer.get(address, headers={"If-None-Match": f'"{stamp}"'}).status_code == 304
    assert len(count_queries) <= 4, "the visit, the roles, the class, and whether it changed"


@pytest.mark.parametrize(
    ("minutes", "pace"),
    [(-50, "30.0"), (-40, "1.5"), (59, "1.5"), (60, "30.0"), (120, None)],
    ids=["long before", "before", "during", "after", "long after"],
)
def test_how_often_the_page_asks(
    trainer: FlaskClient, session: Session, clock: FakeClock, minutes: int, pace: str | None
) -> None:
    clock.moment = NOON + timedelta(minutes=minutes)
    found = re.search(r'data-every="([^"]*)"', trainer.get(lines(session)).text)
    assert (found[1] if found else None) == pace


def test_a_press_that_is_sent_again_counts_once_and_another_one_counts(
    trainer: FlaskClient, anna: Booking
) -> None:
    press = {"status": "excused", "seen": "", "key": KEY + "1"}
    for _ in range(2):
        answer = trainer.post(place(anna, "mark"), data=press, headers=SCRIPT)
        assert (answer.status_code, answer.json) == (200, {"said": "This is noted for Anna V."})
    entries = sa.select(sa.func.count(Entry.id)).where(Entry.action == "attendance.set_status")
    assert (db.session.query(Mark).count(), db.session.scalar(entries)) == (1, 1)
    trainer.post(place(anna, "mark"), data=press | {"key": KEY + "2", "status": ""})
    assert status(anna) is None
    trainer.post(place(anna, "mark"), data=press)
    assert status(anna) is None, "a press that comes late again takes nothing back"


@pytest.mark.parametrize(
    ("keys", "counted"),
    [([KEY + "3"] * 4, 1), ([KEY + sign for sign in "5678"], 4)],
    ids=["the same", "four presses"],
)
def test_the_same_press_at_the_same_moment_counts_once(
    app: Flask, anna: Booking, session: Session, keys: list[str], counted: int
) -> None:
    booking_id, by = anna.id, session.trainer_id
    db.session.commit()
    start, faults = Barrier(4), list[Exception]()

    def give(key: str) -> None:
        with app.app_context(), app.test_request_context(method="POST"):
            start.wait()
            try:
                booking = db.session.get_one(Booking, booking_id)
                press = marks.Press(key, "")
                marks.give(booking, Status.EXCUSED, reason="", press=press, now=NOON, by=by)
                db.session.commit()
            except Exception as fault:
                faults.append(fault)
                db.session.rollback()

    threads = [Thread(target=give, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert db.session.query(Mark).count() == counted


def test_a_word_of_another_trainer_that_she_had_not_seen_is_not_overwritten(
    trainer: FlaskClient, anna: Booking, browse_as: BrowseAs, clock: FakeClock
) -> None:
    other = browse_as(make.trainer(contact=make.contact(name="Mats Berg")))
    press = {"status": "excused", "seen": "", "reason": ""}
    assert other.post(place(anna, "mark"), data=press | {"status": "technical", "reason": "x"})
    refused = trainer.post(place(anna, "mark"), data=press, headers=SCRIPT)
    assert refused.status_code == 409
    assert refused.json == {
        "said": "Mats has marked this person in the meantime. Please look, and press again."
    }
    by_hand = trainer.post(place(anna, "mark"), data=press)
    assert (by_hand.status_code, "Mats has marked" in by_hand.text) == (409, True)
    assert status(anna) is Status.TECHNICAL
    seen = db.session.scalars(sa.select(Mark)).one().id.hex
    clock.forward(seconds=1)
    assert trainer.post(place(anna, "mark"), data=press | {"seen": seen}).status_code == 303
    assert status(anna) is Status.EXCUSED
    clock.forward(seconds=1)
    own = press | {"status": "late", "reason": "y"}
    answer = trainer.post(place(anna, "mark"), data=own)
    assert answer.status_code == 303, "her own earlier word is no hindrance"


def own_page(client: FlaskClient, booking: Booking) -> tuple[str, str]:
    """How somebody was counted, and which mark that page says it has shown."""
    text = client.get(place(booking, "")).text
    found = re.search(r'name="seen" value="(\w*)"', text)
    assert found is not None
    return plain(text), found[1]


def plain(page: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).replace(" ,", ",").split())


def test_her_own_page_does_not_overwrite_what_another_trainer_said_meanwhile(
    trainer: FlaskClient, anna: Booking, browse_as: BrowseAs, clock: FakeClock
) -> None:
    other = browse_as(make.trainer(contact=make.contact(name="Mats Berg")))
    old = own_page(trainer, anna)[1]
    late = {"status": "technical", "reason": "no sound", "seen": old}
    assert other.post(place(anna, ""), data=late).status_code == 303
    mine = {"status": "excused", "reason": "she rang", "seen": old}
    refused = trainer.post(place(anna, ""), data=mine)
    assert refused.status_code == 409
    text, words = refused.text, plain(refused.text)
    assert "Mats has marked this person in the meantime" in text
    assert "Set by Mats Berg technical trouble, Tuesday 24 November, 13:10 : no sound" in words
    assert '<option selected value="excused">' in text, "what was chosen is kept"
    assert 'value="she rang"' in text, "what was typed is kept"
    assert status(anna) is Status.TECHNICAL
    unseen = {"status": "excused", "reason": "she rang"}
    assert trainer.post(place(anna, ""), data=unseen).status_code == 409
    clock.forward(seconds=1)
    seen = own_page(trainer, anna)[1]
    assert f'name="seen" value="{seen}"' in text, "the next press has seen it"
    assert trainer.post(place(anna, ""), data=mine | {"seen": seen}).status_code == 303
    assert status(anna) is Status.EXCUSED


def test_her_own_page_says_who_took_a_mark_back(
    trainer: FlaskClient, anna: Booking, clock: FakeClock
) -> None:
    assert "Set by" not in own_page(trainer, anna)[0]
    trainer.post(place(anna, ""), data={"status": "excused", "reason": "ill"})
    assert "excused, Tuesday 24 November, 13:10 : ill" in own_page(trainer, anna)[0]
    clock.forward(minutes=1)
    trainer.post(place(anna, ""), data={"status": "", "reason": ""})
    assert "taken back, Tuesday 24 November, 13:11" in own_page(trainer, anna)[0]


def test_who_is_let_in_for_the_first_time_is_not_let_in_again(
    trainer: FlaskClient, anna: Booking
) -> None:
    hour.tell(anna, EventKind.WAITING, 2)
    hour.tell(anna, EventKind.ADMITTED, 3)
    db.session.commit()
    words = own_page(trainer, anna)[0]
    assert "was let in" in words
    assert "let in again" not in words


@pytest.mark.parametrize("sent", [{"status": "zz"}, {}], ids=["unknown", "none"])
def test_a_mark_that_is_none_is_refused_and_takes_nothing_back(
    trainer: FlaskClient, anna: Booking, sent: dict[str, str]
) -> None:
    trainer.post(place(anna, "mark"), data={"status": "excused"})
    refused = trainer.post(place(anna, "mark"), data=sent, headers=SCRIPT)
    assert (refused.status_code, refused.json) == (
        422,
        {"said": "Please choose one from this list."},
    )
    assert trainer.post(place(anna, "mark"), data=sent).status_code == 422
    assert status(anna) is Status.EXCUSED
    back = trainer.post(place(anna, "mark"), data={"status": ""}, headers=SCRIPT)
    assert (back.status_code, status(anna)) == (200, None), "the control"


def test_who_was_excused_and_came_all_the_same_stands_out(
    trainer: FlaskClient, session: Session, anna: Booking
) -> None:
    trainer.post(place(anna, "mark"), data={"status": "excused", "reason": "rang", "seen": ""})
    assert "is the mark right?" not in trainer.get(lines(session)).text
    hour.tell(anna, EventKind.JOINED, 5)
    assert "is the mark right?" in trainer.get(lines(session)).text


def test_why_is_asked_only_where_the_room_is_overruled(trainer: FlaskClient, anna: Booking) -> None:
    hour.tell(anna, EventKind.JOINED, 0)
    assert trainer.post(place(anna, "mark"), data={"status": "attended"}).status_code == 303
    asked = trainer.post(place(anna, "mark"), data={"status": "no_show"}, headers=SCRIPT)
    assert (asked.status_code, asked.json) == (
        422,
        {"said": "Please write why: the room reported something else."},
    )
    form = trainer.post(place(anna, "mark"), data={"status": "no_show"})
    assert form.status_code == 422
    assert '<option selected value="no_show">' in form.text
    assert status(anna) is Status.ATTENDED
    told = {"status": "no_show", "reason": "It was her sister"}
    assert trainer.post(place(anna, "mark"), data=told, headers=SCRIPT).status_code == 200
    assert status(anna) is Status.NO_SHOW


def test_a_note_is_sealed_kept_once_shown_on_this_class_only_and_removed(
    trainer: FlaskClient, anna: Booking, session: Session
) -> None:
    note = {"note": " Dizzy,\n her son <b>Tom</b> rang ", "key": KEY + "4"}
    for _ in range(2):
        assert trainer.post(place(anna, "note"), data=note, headers=SCRIPT).status_code == 200
    row = db.session.scalars(sa.select(Note)).one()
    assert row.text == "Dizzy, her son <b>Tom</b> rang"
    assert row.text_sealed is not None
    assert b"Dizzy" not in row.text_sealed
    assert "Dizzy, her son &lt;b&gt;Tom&lt;/b&gt; rang" in trainer.get(lines(session)).text
    assert "Dizzy" not in str([(e.detail, e.reason) for e in db.session.scalars(sa.select(Entry))])
    next_week = make.booking(
        session=make.session(trainer_id=session.trainer_id, starts_at=NOON + timedelta(days=7)),
        participant=anna.participant,
    )
    assert "Dizzy" not in trainer.get(lines(next_week.session)).text
    removal = place(anna, f"notes/{row.id}/remove")
    for _ in range(2):
        assert trainer.post(removal).status_code == 303
    db.session.refresh(row)
    assert (row.text, row.removed_at is not None) == ("", True)
    assert "Dizzy" not in trainer.get(lines(session)).text
    actions = [entry.action for entry in db.session.scalars(sa.select(Entry).order_by(Entry.at))]
    assert sorted(actions) == ["attendance.note", "attendance.remove_note"]


@pytest.mark.parametrize("typed", ["", " \u202e\x00 ", "x" * 301], ids=["none", "blank", "long"])
def test_a_note_that_cannot_be_kept_is_asked_again_and_stays_typed(
    trainer: FlaskClient, anna: Booking, typed: str
) -> None:
    assert (
        trainer.post(place(anna, "note"), data={"note": typed}, headers=SCRIPT).status_code == 422
    )
    page = trainer.post(place(anna, "note"), data={"note": typed})
    assert page.status_code == 422
    assert "Please" in page.text
    assert typed.strip("\x00 ") in page.text
    assert db.session.query(Note).count() == 0


def test_notes_are_deleted_after_thirty_days(app: Flask) -> None:
    make.note(at=NOON - timedelta(days=31))
    new = make.note(at=NOON - timedelta(days=29)).id
    assert notes.forget(now=NOON) == 1
    assert list(db.session.scalars(sa.select(Note.id))) == [new]


def test_a_note_about_somebody_else_is_not_found_under_this_one(
    trainer: FlaskClient, anna: Booking, session: Session
) -> None:
    theirs = make.note(booking=make.booking(session=session))
    assert trainer.post(place(anna, f"notes/{theirs.id}/remove")).status_code == 404
    assert trainer.post(place(anna, f"notes/{uuid4()}/remove")).status_code == 404
    assert trainer.post(place(theirs_of(theirs), f"notes/{theirs.id}/remove")).status_code == 303


def theirs_of(note: Note) -> Booking:
    return db.session.get_one(Booking, note.booking_id)


def test_her_number_is_shown_by_pressing_and_that_is_written_down(
    trainer: FlaskClient, anna: Booking, session: Session
) -> None:
    assert "030 222 3333" not in trainer.get(f"/staff/classes/{session.id}/").text
    page = trainer.post(place(anna, "ring")).text
    assert 'href="tel:0302223333"' in page
    entry = db.session.scalars(sa.select(Entry)).one()
    assert (entry.action, entry.subject_id, entry.actor_id) == (
        "attendance.read_telephone",
        anna.id,
        session.trainer_id,
    )
    assert trainer.get(place(anna, "ring")).status_code == 405


def test_without_a_number_the_card_is_named(trainer: FlaskClient, session: Session) -> None:
    her = make.participant(contact=make.contact(phone=""))
    page = trainer.post(place(make.booking(session=session, participant=her), "ring")).text
    assert "stands on the emergency card" in page


def test_another_sites_trainer_can_do_nothing_of_it(
    trainer: FlaskClient, anna: Booking, session: Session, browse_as: BrowseAs
) -> None:
    stranger = browse_as(make.staff(Role.TRAINER, at=make.site("melbourne")))
    data = {"status": "excused", "note": "x"}
    assert stranger.get(lines(session)).status_code == 404
    for tail in ("mark", "note", "ring"):
        assert stranger.post(place(anna, tail), data=data).status_code == 404
    assert [db.session.query(model).count() for model in (Mark, Note, Entry)] == [0, 0, 0]
    assert trainer.get(lines(session)).status_code == 200
    for tail in ("mark", "note", "ring"):
        assert trainer.post(place(anna, tail), data=data).status_code in (200, 303)


def test_neither_the_page_nor_its_part_tells_arm_complaint_answers_or_a_full_name(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    pages: dict[str, list[str]] = {}
    for arm, complaint, score in (("exercise", "distress", 3), ("waitlist", "neuropathy", 0)):
        hour_of_arm = make.session(starts_at=NOON, trainer_id=session.trainer_id)
        who = make.participant(contact=make.contact(name="Anna Vos"), complaint=complaint, arm=arm)
        make.booking(session=hour_of_arm, participant=who)
        form = make.assessment(participant=who, forms=("neuropathy-nrs",))
        make.answer(form, "numb_hands", score)
        clock.moment = NOON + timedelta(minutes=6)
        db.session.commit()
        for address in (f"/staff/classes/{hour_of_arm.id}/", lines(hour_of_arm)):
            page = trainer.get(address).text
            assert "Anna V." in page, "she is there"
            for word in ("Vos", arm, complaint, who.study_number, "numb", "score"):
                assert word not in page
            alike = re.sub(f'value="[^"]*"|data-stamp="\\w+"|{UUID_TEXT}', "", page)
            pages.setdefault(address.rsplit("/", 1)[1], []).append(alike)
    for one, other in pages.values():
        assert one == other, "nothing on it differs between the arms"
