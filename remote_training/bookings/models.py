"""A place in a class, held or given back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.classes.models import Session
from remote_training.core.db import Model
from remote_training.participants.models import Participant

PLACE = ("participant_id", "session_id")
LIVE = sa.text("cancelled_at IS NULL")


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

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"))
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
