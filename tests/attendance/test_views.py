"""The door of a class and the room behind it, in a browser of the test client."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from remote_training.accounts import guard, visits
from remote_training.accounts.models import Scope
from remote_training.attendance import queries, service
from remote_training.attendance.models import Attendance, Status
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.contacts.models import Whereabouts
from remote_training.core.db import db
from remote_training.meetings.models import MeetingEvent, MeetingRoom, Pulse
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON, FakeClock

BrowseAs = Callable[[Participant], FlaskClient]
PLACE = "Canary Street 7, Utrecht"
TOLD = {"place": PLACE, "whom": "other", "call_name": "Bea Canary", "call_phone": "030 765 4321"}
RECORDED = (MeetingEvent, MeetingRoom, Pulse, Attendance, Whereabouts)


@pytest.fixture
def session(app: Flask) -> Session:
    return make.session(starts_at=NOON + timedelta(minutes=5))


@pytest.fixture
def booking(session: Session) -> Booking:
    return make.booking(session=session)


@pytest.fixture
def hers(browse_as: BrowseAs, booking: Booking) -> FlaskClient:
    return browse_as(booking.participant)


def url(booking: Booking, tail: str = "") -> str:
    return f"/class/{booking.id}/{tail}"


def hidden(page: TestResponse, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text)
    assert found is not None
    return found.group(1)


def join(client: FlaskClient, booking: Booking, **more: str) -> TestResponse:
    """Fill in the door as the page stands, and press the button."""
    visit = hidden(client.get(url(booking)), "visit")
    return client.post(url(booking), data={"visit": visit, "js": "0", **TOLD, **more})


def rows() -> dict[str, int]:
    """How many rows there are of everything that presence leaves behind."""
    db.session.rollback()
    return {
        model.__tablename__: db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
        for model in RECORDED
    }


def test_she_joins_reconnects_on_a_second_device_and_leaves(
    hers: FlaskClient, browse_as: BrowseAs, booking: Booking, clock: FakeClock
) -> None:
    phone = join(hers, booking, js="1")
    assert phone.status_code == 303
    room = hers.get(phone.location)
    assert room.status_code == 200
    assert "You are in the class" in room.text
    on_phone = hidden(room, "visit")
    for _ in range(20):  # the phone shows the class for ten minutes, then goes silent
        clock.forward(seconds=30)
        assert hers.post(url(booking, "beat"), data={"visit": on_phone}).status_code == 204
    laptop = browse_as(booking.participant)
    clock.forward(minutes=10)
    second = laptop.get(join(laptop, booking, js="1").location)
    on_laptop = hidden(second, "visit")
    assert on_laptop != on_phone
    for _ in range(60):
        clock.forward(seconds=30)
        assert laptop.post(url(booking, "beat"), data={"visit": on_laptop}).status_code == 204
    left = laptop.post(url(booking, "leave"), data={"visit": on_laptop})
    assert left.status_code == 303
    assert "You have left the class" in laptop.get(left.location).text
    clock.forward(minutes=30)
    service.settle(now=clock())
    row = queries.of_booking(booking.id)
    assert row is not None
    assert row.machine_status is Status.ATTENDED
    assert row.machine_minutes == 5 + 30, "five before the silence, thirty on the laptop"


def test_looking_changes_nothing_and_joining_does(hers: FlaskClient, booking: Booking) -> None:
    before = rows()
    for _ in range(10):
        assert hers.get(url(booking)).status_code == 200
        assert hers.head(url(booking)).status_code == 200
        assert hers.get(url(booking, f"room?visit={uuid4().hex}")).status_code == 303
        assert hers.get(url(booking, "leave")).status_code == 405
        assert hers.get(url(booking, "beat")).status_code == 405
    assert rows() == before
    room = join(hers, booking)
    after = rows()
    assert after != before
    hers.get(room.location)
    hers.get(url(booking))
    assert rows() == after


def test_a_double_click_on_join_is_one_visit(hers: FlaskClient, booking: Booking) -> None:
    visit = hidden(hers.get(url(booking)), "visit")
    answers = [hers.post(url(booking), data={"visit": visit, **TOLD}) for _ in range(2)]
    assert [answer.location for answer in answers] == [answers[0].location] * 2
    assert rows()["meeting_event"] == 1


def test_without_script_leaving_counts_and_staying_counts_to_the_end(
    hers: FlaskClient, booking: Booking, clock: FakeClock, session: Session
) -> None:
    room = hers.get(join(hers, booking).location)
    clock.forward(minutes=25)
    hers.post(url(booking, "leave"), data={"visit": hidden(room, "visit")})
    row = queries.of_booking(booking.id)
    assert row is not None
    assert (row.machine_minutes, row.is_imputed) == (20, False)
    join(hers, booking)
    clock.moment = session.ends_at + timedelta(minutes=2)
    service.settle(now=clock())
    db.session.refresh(row)
    assert (row.machine_minutes, row.is_imputed) == (60, True)


def test_where_she_is_is_never_shown_back_but_on_the_card(
    hers: FlaskClient, booking: Booking, session: Session, browse_as: Callable[..., FlaskClient]
) -> None:
    room = join(hers, booking)
    pages = [hers.get(room.location), hers.get(url(booking)), hers.get(url(booking, "?left=1"))]
    for page in pages:
        assert page.status_code == 200
        for canary in ("Canary", "765 4321"):
            assert canary not in page.text
    assert "You have told us where you are today" in pages[1].text
    trainer = browse_as(session.trainer)
    card = trainer.post(f"/staff/classes/{session.id}/people/{booking.id}/card")
    assert PLACE in card.text
    assert "Bea Canary" in card.text
    assert "030 765 4321" in card.text


def test_who_comes_back_need_not_tell_again_but_may(hers: FlaskClient, booking: Booking) -> None:
    join(hers, booking)
    again = join(hers, booking, place="", call_name="", call_phone="")
    assert again.status_code == 303
    told = whereabouts.of(booking.id)
    assert told is not None
    assert told.place == PLACE
    join(hers, booking, place="Kade 2", whom="other")
    db.session.expire_all()
    assert told.place == "Kade 2"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"place": " "}, "Please write where you are"),
        ({"place": "x" * 201}, "Please shorten this to 200 letters"),
        ({"call_name": "?"}, "Please write a name"),
        ({"call_phone": ""}, "Please write the telephone number"),
        ({"call_phone": "ring me"}, "with its digits only"),
    ],
    ids=["no place", "long place", "no name", "no number", "not a number"],
)
def test_what_cannot_be_taken_is_asked_again_and_nothing_is_recorded(
    hers: FlaskClient, booking: Booking, typed: dict[str, str], sentence: str
) -> None:
    before = rows()
    answer = join(hers, booking, **typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Bea Canary"' in answer.text or "call_name" in typed, "what was typed is kept"
    assert rows() == before
    assert join(hers, booking).status_code == 303


def test_the_person_of_the_file_is_enough_where_there_is_one(
    browse_as: BrowseAs, session: Session
) -> None:
    contact = make.contact(emergency_name="Carl", emergency_phone="030 111 2222")
    booking = make.booking(session=session, participant=make.participant(contact=contact))
    client = browse_as(booking.participant)
    unclear = join(client, booking, whom="file")
    assert unclear.status_code == 422
    assert "You wrote somebody down" in unclear.text
    assert 'value="Bea Canary"' in unclear.text
    answer = join(client, booking, whom="file", call_name="", call_phone="")
    assert answer.status_code == 303
    assert "Carl" not in client.get(url(booking)).text
    only_a_number = join(client, booking, place="", call_name="")
    assert only_a_number.status_code == 422
    assert "Please write where you are" in only_a_number.text


STATES = [
    pytest.param(-20, {}, "The doors open at 12:50", 409, id="early"),
    pytest.param(-10, {}, "Where are you today", 303, id="open"),
    pytest.param(30, {}, "you are welcome until 14:05", 303, id="late"),
    pytest.param(61, {}, "This class is over", 409, id="over"),
    pytest.param(0, {"called_off_at": NOON}, "does not take place", 409, id="called off"),
]


@pytest.mark.parametrize(("at", "changes", "sentence", "status"), STATES)
def test_the_door_says_how_the_class_stands(
    hers: FlaskClient,
    booking: Booking,
    session: Session,
    clock: FakeClock,
    at: float,
    changes: dict[str, Any],
    sentence: str,
    status: int,
) -> None:
    for name, value in changes.items():
        setattr(session, name, value)
    db.session.commit()
    clock.moment = session.starts_at + timedelta(minutes=at)
    page = hers.get(url(booking))
    assert page.status_code == 200
    assert sentence in page.text
    answer = hers.post(url(booking), data={"visit": uuid4().hex, **TOLD})
    assert answer.status_code == status
    assert rows()["meeting_event"] == (1 if status == 303 else 0)


def test_a_place_given_back_says_so_and_offers_to_book(hers: FlaskClient, booking: Booking) -> None:
    booking.cancelled_at = NOON
    db.session.commit()
    page = hers.get(url(booking))
    assert "You gave this place back" in page.text
    assert 'href="/classes/"' in page.text
    assert hers.post(url(booking), data=TOLD).status_code == 409


def test_the_early_page_looks_again_by_itself_without_script(
    hers: FlaskClient, booking: Booking, clock: FakeClock
) -> None:
    clock.forward(minutes=-30)
    assert '<noscript><meta http-equiv="refresh"' in hers.get(url(booking)).text
    clock.forward(minutes=30)
    assert "http-equiv" not in hers.get(url(booking)).text, "what is typed would be lost"


def test_another_persons_class_is_not_found(
    hers: FlaskClient, browse_as: BrowseAs, booking: Booking, session: Session
) -> None:
    other = browse_as(make.booking(session=session).participant)
    visit = hidden(hers.get(join(hers, booking).location), "visit")
    for client, found in ((other, 404), (hers, 200)):
        assert client.get(url(booking)).status_code == found
    assert other.get(url(booking, f"room?visit={visit}")).status_code == 404
    for tail in ("", "beat", "leave"):
        assert other.post(url(booking, tail), data={"visit": visit, **TOLD}).status_code == 404
    assert hers.post(url(booking, "beat"), data={"visit": visit}).status_code == 204


def test_somebody_elses_visit_opens_no_room_and_takes_no_heartbeat(
    hers: FlaskClient, browse_as: BrowseAs, booking: Booking, session: Session
) -> None:
    own = make.booking(session=session)
    other = browse_as(own.participant)
    visit = hidden(hers.get(join(hers, booking).location), "visit")
    assert other.get(url(own, f"room?visit={visit}")).status_code == 303
    assert other.post(url(own, "beat"), data={"visit": visit}).status_code == 409
    assert hers.post(url(booking, "beat"), data={"visit": visit}).status_code == 204


def test_a_link_to_one_class_opens_that_class_only(
    app: Flask, booking: Booking, clock: FakeClock
) -> None:
    other = make.booking(participant=booking.participant)
    account = booking.participant.account
    visit, token = visits.begin(account, lasts=visits.PARTICIPANT_HOURS, now=clock())
    visits.permit(visit, Scope.JOIN, subject_id=booking.id)
    db.session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie[guard.VISITOR_COOKIE] = token
    assert client.get(url(booking)).status_code == 200
    assert client.get(url(other)).status_code in (302, 401)
    nobody = app.test_client()
    assert nobody.get(url(booking)).status_code in (302, 401)


def test_the_room_is_left_when_the_class_is_over(
    hers: FlaskClient, booking: Booking, session: Session, clock: FakeClock
) -> None:
    room = join(hers, booking, js="1").location
    visit = hidden(hers.get(room), "visit")
    clock.moment = session.ends_at
    assert hers.post(url(booking, "beat"), data={"visit": visit}).status_code == 410
    assert hers.get(room).status_code == 303


def test_after_leaving_the_old_room_page_leads_back_to_the_door(
    hers: FlaskClient, booking: Booking
) -> None:
    room = join(hers, booking, js="1").location
    visit = hidden(hers.get(room), "visit")
    hers.post(url(booking, "leave"), data={"visit": visit})
    assert hers.get(room).status_code == 303
    assert hers.post(url(booking, "beat"), data={"visit": visit}).status_code == 410


def test_a_page_that_was_reloaded_is_still_the_room(hers: FlaskClient, booking: Booking) -> None:
    room = join(hers, booking, js="1").location
    visit = hidden(hers.get(room), "visit")
    hers.post(url(booking, "leave"), data={"visit": visit, "by": "page"})
    assert hers.get(room).status_code == 200
    assert hers.post(url(booking, "beat"), data={"visit": visit}).status_code == 204


def test_only_first_names_are_in_the_room(hers: FlaskClient, booking: Booking) -> None:
    page = hers.get(join(hers, booking).location).text
    trainer = booking.session.trainer.contact
    assert f"with {trainer.first_name} " in page
    assert trainer.name not in page
    assert booking.participant.contact.email not in page


def test_who_named_nobody_is_asked_for_somebody(hers: FlaskClient, booking: Booking) -> None:
    page = hers.get(f"/class/{booking.id}/").text
    assert "The person whom I named to the study" not in page
    assert "Name of this person" in page


def test_who_named_somebody_may_choose_that_person(app: Flask, browse_as: Any) -> None:
    named = make.contact(emergency_name="Bea Canary", emergency_phone="030 000 2222")
    ada = make.participant(contact=named)
    booking = make.booking(participant=ada, session=make.session(starts_at=NOON))
    page = browse_as(ada).get(f"/class/{booking.id}/").text
    assert "The person whom I named to the study" in page
