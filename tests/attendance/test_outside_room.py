"""A room of another provider: our page carries the way in, the provider reports who came."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings.models import MeetingEvent
from remote_training.outside.meetings import MeetingUnavailable, Room, WantedPerson, WantedRoom
from tests import make
from tests.fakes import NOON, FakeClock


class FakeProvider:
    """A provider with a web page of its own."""

    name = "offline"
    is_our_page = False
    keeps_rooms_ahead = False
    is_away = False
    opened = 0

    def open_room(self, wanted: WantedRoom) -> Room:
        if self.is_away:
            raise MeetingUnavailable
        self.opened += 1
        return Room(external_id=wanted.key)

    def join_url(self, room: Room, person: WantedPerson) -> str:
        name = person.first_name
        return f"https://rooms.example.org/{room.external_id}?who={person.key}&name={name}"

    def host_url(self, room: Room, person: WantedPerson) -> str:
        return f"https://rooms.example.org/host/{room.external_id}?name={person.first_name}"


@pytest.fixture
def provider(app: Flask) -> Iterator[FakeProvider]:
    meetings = app.extensions["outside"].meetings
    kept, meetings["offline"] = meetings["offline"], FakeProvider()
    yield meetings["offline"]
    meetings["offline"] = kept


@pytest.fixture
def booking(app: Flask) -> Booking:
    return make.booking(session=make.session(starts_at=NOON))


def test_our_page_carries_the_providers_way_in(
    provider: FakeProvider, booking: Booking, browse_as: Callable[..., FlaskClient]
) -> None:
    client = browse_as(booking.participant)
    contact = booking.participant.contact
    told = {"place": "Kade 2", "whom": "other", "call_name": "Bea", "call_phone": "030 765 4321"}
    for early in ("room", "way"):
        away = client.get(f"/class/{booking.id}/{early}", follow_redirects=True)
        assert away.request.path == f"/class/{booking.id}/", "she has not joined yet"
    joined = client.post(f"/class/{booking.id}/", data=told)
    assert joined.status_code == 303
    assert joined.location.startswith(f"/class/{booking.id}/room")
    page = client.get(joined.location)
    assert f"/class/{booking.id}/way" in page.text
    assert "rooms.example.org" not in page.text, "it is asked for at the press"
    way = client.get(f"/class/{booking.id}/way")
    assert way.status_code == 303
    assert way.location.endswith(f"?who={booking.id}&name={contact.first_name}")
    assert provider.opened == 2, "nobody was in it, and it may have been taken away"
    provider.is_away = True
    away = client.get(f"/class/{booking.id}/way")
    assert away.location == f"/class/{booking.id}/room"
    assert contact.name not in page.text
    assert db.session.scalar(sa.select(sa.func.count(MeetingEvent.id))) == 0, "it will report"


def test_a_provider_that_is_away_is_told_in_words(
    provider: FakeProvider, booking: Booking, browse_as: Callable[..., FlaskClient]
) -> None:
    client = browse_as(booking.participant)
    told = {"place": "Kade 2", "whom": "other", "call_name": "Bea", "call_phone": "030 765 4321"}
    provider.is_away = True
    answer = client.post(f"/class/{booking.id}/", data=told)
    waits = client.get(answer.location)
    assert "Your room is being opened" in waits.text
    assert "Try again" in waits.text
    assert "rooms.example.org" not in waits.text
    provider.is_away = False
    again = client.post(f"/class/{booking.id}/", data={"visit": "", "js": "0"})
    assert f"{booking.id}/way" in client.get(again.location).text, "told once is told"


def test_the_trainer_is_told_of_a_provider_that_opens_no_room_also_where_there_is_no_other(
    provider: FakeProvider, booking: Booking, clock: FakeClock,
    browse_as: Callable[..., FlaskClient],
) -> None:  # fmt: skip
    client, trainer = browse_as(booking.participant), browse_as(booking.session.trainer)
    console = f"/staff/classes/{booking.session_id}/"
    told = {"place": "Kade 2", "whom": "other", "call_name": "Bea", "call_phone": "030 765 4321"}
    provider.is_away = True
    client.post(f"/class/{booking.id}/", data=told)
    assert "does not answer" not in trainer.get(console).text, "it may be a moment"
    clock.forward(seconds=31)
    answer = client.post(f"/class/{booking.id}/", data={"visit": "", "js": "0"})
    waits = client.get(answer.location).text
    assert "That is not your fault" in waits
    assert booking.participant.site.phone in waits
    assert "Please ring them, or name another room" in trainer.get(console).text
    provider.is_away = False
    client.post(f"/class/{booking.id}/", data={"visit": "", "js": "0"})
    assert "Please ring them" not in trainer.get(console).text


def test_the_trainer_gets_her_way_in_at_the_press_and_not_before(
    provider: FakeProvider, booking: Booking, browse_as: Callable[..., FlaskClient]
) -> None:
    client = browse_as(booking.session.trainer)
    page = f"/staff/classes/{booking.session_id}/room"
    assert "rooms.example.org" not in client.get(page).text
    assert f"rooms.example.org/host/{booking.session_id}" in client.post(page).text
    provider.is_away = True
    away = client.post(page)
    assert "does not let us in just now" in away.text
    assert "rooms.example.org" not in away.text
