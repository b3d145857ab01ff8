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
from tests.fakes import NOON


class FakeProvider:
    """A provider with a web page of its own."""

    name = "offline"
    is_our_page = False
    keeps_rooms_ahead = False
    is_away = False

    def open_room(self, wanted: WantedRoom) -> Room:
        if self.is_away:
            raise MeetingUnavailable
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
    assert client.get(f"/class/{booking.id}/room").status_code == 303, "she has not joined yet"
    joined = client.post(f"/class/{booking.id}/", data=told)
    assert joined.status_code == 303
    assert joined.location.startswith(f"/class/{booking.id}/room")
    page = client.get(joined.location)
    assert f"who={booking.id}&amp;name={contact.first_name}" in page.text
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
    assert f"who={booking.id}" in client.get(again.location).text, "told once is told"


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
