"""The attendance of one booking: what the machine found, what a trainer says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.bookings.models import Booking
from remote_training.contacts.models import Sealed
from remote_training.core.db import Model


class Status(StrEnum):
    """How a class went for one person."""

    ATTENDED = "attended"
    LATE = "late"
    EXCUSED = "excused"
    TECHNICAL = "technical"
    NO_SHOW = "no_show"


class Attendance(Model):
    """One person's attendance of one class.

    `machine_status` and `machine_minutes` come from the provider's events and are kept
    whatever a trainer says; `status` with `reason`, `set_by_id`, `set_at` is the
    trainer's word and counts where it is given. `is_imputed` says that some of the
    minutes end at a leaving that nobody reported, or that some are missing because nobody
    reported a coming in. `machine_status` is empty while it is
    not known: before the class is over, and where nobody at all was seen in the room.
    """

    __tablename__ = "attendance"

    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), unique=True)
    machine_status: Mapped[Status | None]
    machine_minutes: Mapped[float] = mapped_column(default=0.0)
    first_joined_at: Mapped[datetime | None]
    last_left_at: Mapped[datetime | None]
    is_imputed: Mapped[bool] = mapped_column(default=False)
    computed_at: Mapped[datetime | None]
    status: Mapped[Status | None]
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    set_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("account.id"))
    set_at: Mapped[datetime | None]

    booking: Mapped[Booking] = relationship()

    @property
    def counts_as(self) -> Status | None:
        """The trainer's word, or else the machine's."""
        return self.status or self.machine_status


class Change(Model):
    """What the machine says of a class that was settled before, and said until then.

    `cause` is a source of reports (`webhook`, `report`), or `decision` of a trainer about
    somebody who was not known.
    """

    __tablename__ = "attendance_change"

    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    at: Mapped[datetime]
    cause: Mapped[str] = mapped_column(sa.String(20))
    minutes_before: Mapped[float]
    minutes_after: Mapped[float]
    status_before: Mapped[Status | None]
    status_after: Mapped[Status | None]


class ReportCheck(Model):
    """How often the provider's report about a class was asked for, and when it is again.

    Attributes
    ----------
    asked
        How many of the planned times are over.
    next_at
        When it is asked for again; None after the last time.
    lease_until
        One worker is at it until then.
    answered_at, rows
        When the provider last had a report, and how many visits stood in it.
    cause
        Why it gave none the last time.
    """

    __tablename__ = "report_check"
    __table_args__ = (sa.Index("ix_report_check_next_at", "next_at"),)

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), unique=True)
    asked: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(default=0)
    cause: Mapped[str | None] = mapped_column(sa.String(40))


class Settlement(Model):
    """A class that is over, and when the attendance of its bookings was worked out."""

    __tablename__ = "settlement"

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), unique=True)
    settled_at: Mapped[datetime]


class Mark(Model):
    """One press of a trainer that gave somebody a status, or (empty) took it back: kept as given.

    `key` is of the press: one that is sent again, after a bad network, is the same row.
    """

    __tablename__ = "attendance_mark"

    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    status: Mapped[Status | None]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    at: Mapped[datetime]


class Note(Model):
    """What a trainer wants to remember of somebody in one class, in her own words.

    It is sealed, stands on the trainer's page of this class only, is in no export, and is
    deleted after 30 days. One that was removed keeps its row until then, without its text.
    """

    __tablename__ = "class_note"

    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    text_sealed: Mapped[bytes | None]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    removed_at: Mapped[datetime | None]

    text = Sealed()
