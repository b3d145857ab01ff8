"""The trainer's pages: lists, console, status, link, emergency card."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts.models import Account, Role
from remote_training.attendance import queries, roster, service
from remote_training.attendance.models import Attendance, Status
from remote_training.attendance.roster import Now
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.contacts.models import Whereabouts, short_name
from remote_training.core.db import db
from remote_training.meetings.models import MeetingEvent, MeetingRoom
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON, FakeClock

BrowseAs = Callable[[Account], FlaskClient]
VISIT = "a" * 32


@pytest.fixture
def session(app: Flask) -> Session:
    return make.session(starts_at=NOON)


@pytest.fixture
def trainer(session: Session, browse_as: BrowseAs) -> FlaskClient:
    return browse_as(session.trainer)


def booked(session: Session, name: str) -> Booking:
    return make.booking(
        session=session, participant=make.participant(contact=make.contact(name=name))
    )


def console(session: Session) -> str:
    return f"/staff/classes/{session.id}/"


def person(booking: Booking, tail: str = "") -> str:
    return f"/staff/classes/{booking.session_id}/people/{booking.id}/{tail}"


def tiles(page: str) -> dict[str, int]:
    """The numbers above the list, by their word."""
    found = re.findall(r"<li><b>(\d+)</b> (\w+)</li>", page)
    return {word: int(number) for number, word in found}


def names(page: str) -> list[str]:
    """The names of the list, in order."""
    return [unescape(name) for name in re.findall(r'<th role="rowheader"[^>]*>([^<]*)</th>', page)]


def pill(page: str, name: str) -> str:
    """What the list says of one person's whereabouts in the class."""
    row = page.split(f">{name}</th>")[1].split("</tr>")[0]
    found = re.search(r'class="pill[^"]*">([^<]*)<', row)
    assert found is not None
    return found.group(1).strip()


def entries(action: str) -> int:
    found = sa.select(sa.func.count(Entry.id)).where(Entry.action == action)
    return db.session.scalar(found) or 0


def come(booking: Booking, at: float, visit: str = VISIT) -> None:
    now = NOON + timedelta(minutes=at)
    service.come_in(booking, visit, beats=False, now=now)
    db.session.commit()


def test_the_console_says_who_is_here_gone_missing_and_whom_to_ring(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    anna, bogna, carla = (booked(session, n) for n in ("Anna Vos", "Bogna Kos", "Carla de Wit"))
    clock.forward(minutes=-5)
    before = trainer.get(console(session)).text
    assert tiles(before) == {"expected": 3, "waiting": 0, "here": 0, "left": 0, "missing": 0}
    come(anna, -2)
    come(bogna, 1, "b" * 32)
    clock.forward(minutes=8)
    began = trainer.get(console(session)).text
    assert names(began) == ["Carla W.", "Anna V.", "Bogna K."], "the missing first"
    assert pill(began, "Carla W.") == "missing"
    service.leave(bogna, "b" * 32, by_button=True, now=NOON + timedelta(minutes=4))
    db.session.commit()
    clock.forward(minutes=2)
    later = trainer.get(console(session)).text
    assert tiles(later) == {"expected": 3, "waiting": 0, "here": 1, "left": 1, "missing": 1}
    assert pill(later, "Carla W.") == "missing: please ring"
    assert pill(later, "Anna V.") == "here since 12:58"
    assert pill(later, "Bogna K.") == "left 13:04"
    assert carla.participant.contact.email not in later


def test_who_was_excused_needs_no_call(session: Session) -> None:
    booking = make.booking(session=session)
    at = NOON + timedelta(minutes=6)
    assert roster.of(session, now=at)[0].needs_call
    service.set_status(booking, Status.EXCUSED, reason="ill", now=at, by=make.trainer().id)
    line = roster.of(session, now=at)[0]
    assert (line.now, line.needs_call, line.status) == (Now.AWAY, False, Status.EXCUSED)
    assert roster.count([line]).missing == 0


def test_the_console_asks_the_database_as_often_for_twelve_as_for_two(
    app: Flask, browse_as: BrowseAs, count_queries: list[str], clock: FakeClock
) -> None:
    counts = []
    for people in (2, 12):
        session = make.session(starts_at=NOON)
        for number in range(people):
            come(make.booking(session=session), 0, f"{people:016}{number:016}")
        clock.moment = NOON + timedelta(minutes=10)
        client = browse_as(session.trainer)
        count_queries.clear()
        page = client.get(console(session)).text
        counts.append(len(count_queries))
        assert tiles(page)["here"] == people
    assert counts[0] == counts[1]


def test_no_arm_no_complaint_and_no_full_name_are_on_the_console(
    trainer: FlaskClient, session: Session
) -> None:
    who = make.participant(contact=make.contact(name="Anna Vos"), complaint="distress")
    make.booking(session=session, participant=who)
    page = trainer.get(console(session)).text
    assert "Anna V." in page, "she is there"
    for word in ("Vos", "exercise", "waitlist", "distress", who.study_number):
        assert word not in page


def test_it_reloads_itself_until_the_class_is_over(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    make.booking(session=session)
    going_on = trainer.get(console(session)).text
    assert '<noscript><meta http-equiv="refresh" content="10">' in going_on
    assert 'data-every="1.5"' in going_on
    clock.forward(hours=2)
    over = trainer.get(console(session)).text
    assert "http-equiv" not in over
    assert "data-every" not in over


def test_an_override_with_a_reason_counts_and_keeps_what_the_room_said(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    absent, there = booked(session, "Anna Vos"), booked(session, "Bogna Kos")
    come(there, 0)
    clock.forward(minutes=65)
    service.settle(now=clock())
    db.session.commit()
    asked = trainer.get(person(absent))
    assert "did not come" in asked.text
    assert "stays.js" in asked.text, "without network nothing is lost"
    refused = trainer.post(person(absent), data={"status": "technical", "reason": " "})
    assert refused.status_code == 422
    assert "Please write why" in refused.text
    assert '<option selected value="technical">' in refused.text, "what was chosen is kept"
    row = queries.of_booking(absent.id)
    assert row is not None
    assert row.status is None
    kept = trainer.post(person(absent), data={"status": "technical", "reason": "no sound"})
    assert kept.status_code == 303
    db.session.refresh(row)
    assert (row.status, row.machine_status) == (Status.TECHNICAL, Status.NO_SHOW)
    page = trainer.get(kept.location).text
    assert "This is noted for Anna V." in page
    assert "set by a trainer: no sound" in unescape(page)
    assert entries("attendance.set_status") == 1
    trainer.post(person(absent), data={"status": "", "reason": ""})
    db.session.refresh(row)
    assert row.counts_as is Status.NO_SHOW


def test_during_the_class_too_a_word_against_the_room_needs_a_reason(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    absent, there = booked(session, "Anna Vos"), booked(session, "Bogna Kos")
    clock.forward(minutes=5)
    come(there, 0)

    def say(booking: Booking, status: str, reason: str = "") -> int:
        return trainer.post(person(booking), data={"status": status, "reason": reason}).status_code

    assert say(there, "excused", "\x00\u202e") == 422
    assert say(absent, "attended") == 422
    assert say(absent, "excused") == 303
    assert say(there, "attended") == 303
    assert say(absent, "attended", "by telephone") == 303
    assert say(absent, "attended", "x" * 501) == 422


def test_the_emergency_number_is_that_of_the_place(
    app: Flask, browse_as: BrowseAs, browser: FlaskClient
) -> None:
    far = make.trainer(at=make.site("melbourne"))
    hour = make.session(starts_at=NOON, trainer=far, site=make.site("melbourne"))
    for address in (console(hour), "/staff/classes/"):
        foot = browse_as(far).get(address).text.split("<footer", 1)[1]
        assert "ring 000 first" in foot
        assert "112" not in foot
    assert "112 (Utrecht) or 000 (Melbourne)" in browser.get("/").text


def test_an_unknown_status_is_asked_again(trainer: FlaskClient, session: Session) -> None:
    booking = make.booking(session=session)
    answer = trainer.post(person(booking), data={"status": "hero", "reason": "x"})
    assert answer.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count(Attendance.id))) == 0


def test_before_the_class_nobody_can_be_marked_absent(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    booking = make.booking(session=session)
    clock.forward(minutes=-1)
    refused = trainer.post(person(booking), data={"status": "no_show", "reason": "x"})
    assert refused.status_code == 409
    assert "The class has not begun" in refused.text
    assert trainer.post(person(booking), data={"status": "excused"}).status_code == 303


def test_the_link_is_sent_again_by_one_press(trainer: FlaskClient, session: Session) -> None:
    booking = booked(session, "Anna Vos")
    for _ in range(2):
        answer = trainer.post(person(booking, "link"))
        assert answer.status_code == 303
    assert "The link is on its way to Anna V." in trainer.get(answer.location).text
    queued = db.session.scalars(sa.select(Message)).one()
    assert (queued.kind, queued.facts) == ("join_link", {"booking_id": str(booking.id)})


def test_the_link_to_a_class_that_is_over_is_not_sent(
    trainer: FlaskClient, session: Session, clock: FakeClock
) -> None:
    booking = make.booking(session=session)
    assert "Send the link again" in trainer.get(console(session)).text
    clock.forward(hours=2)
    assert "Send the link again" not in trainer.get(console(session)).text
    assert trainer.post(person(booking, "link")).status_code == 409
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 0


def test_the_emergency_card_is_shown_by_pressing_and_that_is_written_down(
    trainer: FlaskClient, session: Session
) -> None:
    contact = make.contact(
        name="Anna Vos", phone="030 222 3333", emergency_name="Carl", emergency_phone="030 444 5555"
    )
    booking = make.booking(session=session, participant=make.participant(contact=contact))
    whereabouts.tell(contact.id, booking.id, place="Kade 2", now=NOON)
    db.session.commit()
    listed = trainer.get(console(session)).text
    assert trainer.get(person(booking, "card")).status_code == 405
    assert entries("attendance.read_emergency_card") == 0
    card = trainer.post(person(booking, "card"))
    for fact in ("Anna Vos", "Kade 2", "030 222 3333", "Carl", "030 444 5555"):
        assert fact in card.text
        assert fact not in listed
    assert card.headers["Cache-Control"] == "no-store"
    entry = db.session.scalars(sa.select(Entry)).one()
    assert (entry.action, entry.subject_id) == ("attendance.read_emergency_card", booking.id)
    assert entry.actor_id == session.trainer_id


def test_the_room_is_opened_by_pressing_and_lists_who_is_in_it(
    trainer: FlaskClient, session: Session
) -> None:
    booking = booked(session, "Anna Vos")
    url = f"{console(session)}room"
    assert "Open the room" in trainer.get(url).text
    assert db.session.scalar(sa.select(sa.func.count(MeetingRoom.id))) == 0
    assert trainer.post(url).status_code == 303
    assert "Nobody yet" in trainer.get(url).text
    come(booking, 0)
    page = trainer.get(url).text
    assert "In the room now: 1" in page
    assert "Anna V., since 13:00" in page


def test_the_list_shows_own_classes_apart_from_those_of_the_site(
    trainer: FlaskClient, session: Session, app: Flask
) -> None:
    tomorrow = make.session(trainer_id=session.trainer_id, module="fatigue")
    colleague = make.trainer(contact=make.contact(name="Mats Berg"))
    other = make.session(trainer_id=colleague.id, starts_at=NOON + timedelta(hours=3))
    past = make.session(trainer_id=session.trainer_id, starts_at=NOON - timedelta(days=1))
    elsewhere = make.session(site=make.site("melbourne"))
    page = trainer.get("/staff/classes/").text
    own, rest = page.split("Other classes here")
    others, over = rest.split("Classes of the last two weeks")
    assert str(session.id) in own
    assert str(tomorrow.id) in own
    assert str(other.id) in others
    assert "Mats Berg" in others
    assert str(past.id) in over
    assert str(elsewhere.id) not in page


@pytest.mark.parametrize(
    "tail", ["", "room", "people/{booking}/"], ids=["console", "room", "status"]
)
def test_another_sites_trainer_finds_nothing(
    trainer: FlaskClient, session: Session, browse_as: BrowseAs, tail: str
) -> None:
    booking = make.booking(session=session)
    url = console(session) + tail.format(booking=booking.id)
    stranger = browse_as(make.staff(Role.TRAINER, at=make.site("melbourne")))
    assert stranger.get(url).status_code == 404
    assert trainer.get(url).status_code == 200


def test_another_sites_trainer_can_do_nothing(
    trainer: FlaskClient, session: Session, browse_as: BrowseAs
) -> None:
    booking = make.booking(session=session)
    stranger = browse_as(make.staff(Role.TRAINER, at=make.site("melbourne")))
    data = {"status": "excused", "reason": "x"}
    posts = [console(session) + "room", *(person(booking, tail) for tail in ("", "link", "card"))]
    for url in posts:
        assert stranger.post(url, data=data).status_code == 404
    left = (MeetingRoom, Attendance, Message, Entry)
    assert [db.session.scalar(sa.select(sa.func.count(model.id))) for model in left] == [0] * 4
    for url in posts:
        assert trainer.post(url, data=data).status_code in (200, 303)


def test_a_place_of_another_class_is_not_found_under_this_one(
    trainer: FlaskClient, session: Session
) -> None:
    other = make.booking(session=make.session(trainer_id=session.trainer_id))
    own = make.booking(session=session)
    for booking, status in ((other, 404), (own, 200)):
        url = f"{console(session)}people/{booking.id}/card"
        assert trainer.post(url).status_code == status


def test_a_researcher_and_a_visitor_are_kept_out(
    app: Flask, session: Session, browse_as: BrowseAs
) -> None:
    researcher = browse_as(make.staff(Role.RESEARCHER, sees_arm=True))
    assert researcher.get(console(session)).status_code == 403
    assert app.test_client().get(console(session)).status_code in (302, 401)
    coordinator = browse_as(make.staff(Role.COORDINATOR))
    assert coordinator.get(console(session)).status_code == 200


def test_looking_at_all_pages_changes_nothing(trainer: FlaskClient, session: Session) -> None:
    booking = make.booking(session=session)
    for url in ("/staff/classes/", console(session), f"{console(session)}room", person(booking)):
        for _ in range(2):
            assert trainer.get(url).status_code == 200
    kept = (MeetingEvent, MeetingRoom, Attendance, Message, Entry, Whereabouts)
    assert [db.session.scalar(sa.select(sa.func.count(model.id))) for model in kept] == [0] * 6


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Anna Vos", "Anna V."),
        ("Anna van der Vos", "Anna V."),
        ("Anna", "Anna"),
        ("Åsa Öberg", "Åsa Ö."),
    ],
    ids=["two words", "a name of four", "one word", "letters of another language"],
)
def test_names_are_short(name: str, short: str) -> None:
    assert short_name(name) == short
