"""A room of another provider: our page carries the way in, the provider reports who came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings.models import MeetingEvent
from remote_training.outside.meetings import MeetingUnavailable, Room
from tests import make
from tests.fakes import NOON


class FakeProvider:
    """A provider with a web page of its own."""

    name = "offline"
    is_our_page = False
    is_away = False

    def open_room(self, *, session_id: UUID, topic: str, starts_at: datetime, minutes: int) -> Room:
        if self.is_away:
            raise MeetingUnavailable("away")
        return Room(external_id=str(session_id), join_url="https://rooms.example.org/host")

    def join_url(self, room: Room, *, person_key: str, first_name: str) -> str:
        return f"https://rooms.example.org/{room.external_id}?who={person_key}&name={first_name}"


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
    assert answer.status_code == 503
    assert "Please try again in a minute" in answer.text
    provider.is_away = False
    assert client.post(f"/class/{booking.id}/", data=told).status_code == 303
