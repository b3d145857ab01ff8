"""Rooms that providers opened, and what providers report from them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import Model


class EventKind(StrEnum):
    """What a provider reports of one connection."""

    JOINED = "joined"
    LEFT = "left"


class MeetingRoom(Model):
    """The online room of one class."""

    __tablename__ = "meeting_room"

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), unique=True)
    provider: Mapped[str] = mapped_column(sa.String(20))
    external_id: Mapped[str] = mapped_column(sa.String(120), unique=True)
    join_url: Mapped[str] = mapped_column(sa.String(1000))
    opened_at: Mapped[datetime]

    session: Mapped[Session] = relationship()


class MeetingEvent(Model):
    """One report of a provider: kept as it came, counted once.

    `connection` is the provider's id of one visit on one device; `happened_at` is the
    provider's time, `received_at` ours. `key` makes a repeated report one row.
    `is_imputed` marks a leaving that nobody reported (the page simply went silent).
    """

    __tablename__ = "meeting_event"
    __table_args__ = (sa.Index("ix_meeting_event_booking", "booking_id", "happened_at"),)

    key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    provider: Mapped[str] = mapped_column(sa.String(20))
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"))
    kind: Mapped[EventKind]
    connection: Mapped[str] = mapped_column(sa.String(80))
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    is_imputed: Mapped[bool] = mapped_column(default=False)

    booking: Mapped[Booking] = relationship()


class Pulse(Model):
    """One visit in the room that we serve ourselves, and its last sign of life.

    `seen_at` is until when we take her to be there: the last heartbeat, or, for a page
    without script, the end of the class. `is_over` is true while the visit is closed; a
    page that was only reloaded comes back with its next heartbeat, one that was left by
    the button (`has_left`) does not.
    """

    __tablename__ = "pulse"
    __table_args__ = (sa.Index("ix_pulse_silent", "is_over", "seen_at"),)

    connection: Mapped[str] = mapped_column(sa.String(80), unique=True)
    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), index=True)
    seen_at: Mapped[datetime]
    is_over: Mapped[bool] = mapped_column(default=False)
    has_left: Mapped[bool] = mapped_column(default=False)
