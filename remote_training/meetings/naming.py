"""Whom a provider means: by registration or by a key of ours, never by a name."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings.models import MeetingPerson, MeetingRoom

HOST = "host-"  # how our own keys of trainers begin


def is_host(key: str) -> bool:
    """Whether a key is that of a trainer."""
    return key.startswith(HOST)


def people_of(room: MeetingRoom, keys: Iterable[str]) -> dict[str, UUID]:
    """The bookings that some keys mean in one room. Who is booked in another class is not there.

    A key is the id under which a provider registered her, or the booking itself where the
    provider takes a name of ours.
    """
    wanted = {key for key in keys if key}
    if not wanted:
        return {}
    registered = sa.select(MeetingPerson.external_id, MeetingPerson.booking_id).where(
        MeetingPerson.room_id == room.id, MeetingPerson.external_id.in_(wanted)
    )
    found = {str(key): booking_id for key, booking_id in db.session.execute(registered)}
    own = {booking_id: key for key in wanted if (booking_id := _uuid(key)) is not None}
    if own and room.provider != "zoom":
        booked = sa.select(Booking.id).where(
            Booking.session_id == room.session_id, Booking.id.in_(own)
        )
        found |= {own[booking_id]: booking_id for booking_id in db.session.scalars(booked)}
    return found


def _uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
