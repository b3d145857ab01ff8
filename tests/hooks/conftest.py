"""An app that hears all three providers, and rooms of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.hooks import jobs
from remote_training.meetings.models import MeetingPerson, MeetingRoom
from tests import make
from tests.fakes import NOON
from tests.hooks import sending


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    """The app, with a secret for each provider."""
    kept = app.extensions["settings"]
    app.extensions["settings"] = kept.model_copy(
        update={
            "zoom_webhook_secret": SecretStr(sending.SECRET),
            "bbb_url": "https://rooms.example.org/bigbluebutton",
            "bbb_secret": SecretStr(sending.SECRET),
            "jitsi_url": "https://meet.example.org",
            "jitsi_app_id": "trial",
            "jitsi_secret": SecretStr(sending.SECRET),
        }
    )
    yield app
    app.extensions["settings"] = kept


@pytest.fixture
def booking(app: Flask) -> Booking:
    """A place in a class that begins now."""
    return make.booking(session=make.session(starts_at=NOON))


def room(booking: Booking, provider: str = "zoom", external_id: str = "81234567890") -> MeetingRoom:
    """The room of a class; she is registered in it as `REG`, where it is one that is kept."""
    row = MeetingRoom(
        session_id=booking.session_id, provider=provider, external_id=external_id, opened_at=NOON
    )
    db.session.add(row)
    db.session.commit()
    return row


def register(room: MeetingRoom, booking: Booking, external_id: str = "REG") -> MeetingPerson:
    """She is registered in a room."""
    row = MeetingPerson(
        room_id=room.id,
        booking_id=booking.id,
        alias=f"{external_id}@alias.example.org",
        external_id=external_id,
        registered_at=NOON,
    )
    db.session.add(row)
    db.session.commit()
    return row


def work(app: Flask, **later: Any) -> int:
    """Let the worker work on what came."""
    db.session.commit()
    return jobs.work(app.extensions["outside"].now.moment + timedelta(**later))
