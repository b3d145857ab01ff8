"""A place in a class, held or given back; who waits for one; what a calendar answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.calendars.reply import Says
from remote_training.classes.models import Session
from remote_training.core.db import Model
from remote_training.participants.models import Participant


class Ending(StrEnum):
    """How somebody's waiting ended."""

    TAKEN = "taken"
    LEFT = "left"
    EXPIRED = "expired"
    CLOSED = "closed"


PLACE = ("participant_id", "session_id")
LIVE = sa.text("cancelled_at IS NULL")
STANDS = sa.text("ended_at IS NULL")


class Booking(Model):
    """One place, held by one participant, in one class.

    A cancelled booking keeps its row: the trial counts it. Only one live booking for
    a participant and a class can exist; the database itself refuses a second.
    `is_late` marks a place that was given back later than the study asks for.
    `calendar_uid` lives as long as the booking; `sequence` grows with each change that
    her calendar must hear of.
    """

    __tablename__ = "booking"
    __table_args__ = (
        sa.Index("uq_booking_live", *PLACE, unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
    )

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), index=True)
    booked_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    is_late: Mapped[bool] = mapped_column(default=False)
    calendar_uid: Mapped[str] = mapped_column(sa.String(120), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)

    participant: Mapped[Participant] = relationship()
    session: Mapped[Session] = relationship()

    @property
    def is_live(self) -> bool:
        """True while the place is held."""
        return self.cancelled_at is None

    @property
    def told_at(self) -> datetime:
        """When she last heard of the class: as she booked it, or as it was changed."""
        return max(self.booked_at, self.session.changed_at)


class Waiting(Model):
    """One participant who waits for a place in one class.

    Who waits longest is first: `rank_at` is when she asked, or, where she has only just given
    a place in this class back, when she had booked that. While `offered_at` is set and it has
    not ended, one place of the class is kept for her until `offer_until`. The database
    allows one that has not ended for a participant and a class.
    """

    __tablename__ = "waiting"
    __table_args__ = (
        sa.Index(
            "uq_waiting_stands", *PLACE, unique=True, sqlite_where=STANDS, postgresql_where=STANDS
        ),
        sa.Index("ix_waiting_session_rank", "session_id", "rank_at"),
    )

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"))
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"))
    asked_at: Mapped[datetime]
    rank_at: Mapped[datetime]
    is_at_once: Mapped[bool]
    offered_at: Mapped[datetime | None]
    offer_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ending: Mapped[Ending | None]

    participant: Mapped[Participant] = relationship()
    session: Mapped[Session] = relationship()

    @property
    def stands(self) -> bool:
        """True while she waits, or a place is offered to her."""
        return self.ended_at is None

    @property
    def is_offered(self) -> bool:
        """True while a place is kept for her."""
        return self.stands and self.offered_at is not None


class CalendarAnswer(Model):
    """The newest answer to one invitation, or to one change of it.

    `said_at` is the moment of her calendar program, never later than `heard_at`, ours.
    """

    __tablename__ = "calendar_answer"
    __table_args__ = (sa.UniqueConstraint("booking_id", "sequence"),)

    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"))
    sequence: Mapped[int]
    says: Mapped[Says]
    said_at: Mapped[datetime]
    heard_at: Mapped[datetime]

    booking: Mapped[Booking] = relationship()
