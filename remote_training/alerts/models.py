"""An alert: that somebody must look, of whom, since when; not what was said."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.core.db import Model
from remote_training.participants.models import Participant


class Alert(Model):
    """Raised by whoever hears something alarming; what came of it stands in `safety`.

    Attributes
    ----------
    key
        What was heard where, so that the same is raised once however often it is said.
    occasion_id
        In what it was said: a sitting. This room does not know what that is.
    said_at, raised_at
        When she said it, and when it arrived here: later, where she had no network.
    """

    __tablename__ = "alert"

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"), index=True)
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    occasion_id: Mapped[UUID] = mapped_column(index=True)
    said_at: Mapped[datetime]
    raised_at: Mapped[datetime]

    participant: Mapped[Participant] = relationship()
