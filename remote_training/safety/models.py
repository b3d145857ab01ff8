"""What was done about an alert: one row for each step, kept for good."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.accounts.models import Account
from remote_training.alerts.models import Alert
from remote_training.contacts.models import Sealed
from remote_training.core.db import Model


class Step(StrEnum):
    """What a coordinator did. Not reached leaves the alert open: somebody tries again."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    PASSED_ON = "passed_on"
    EMERGENCY = "emergency"
    OTHER = "other"


class Handling(Model):
    """One step. `note` is free text about a person: sealed, and never in an export.

    `key` stands in the form, so that a second press writes no second row.
    """

    __tablename__ = "handling"

    alert_id: Mapped[UUID] = mapped_column(sa.ForeignKey("alert.id"), index=True)
    step: Mapped[Step]
    note_sealed: Mapped[bytes | None]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    handled_at: Mapped[datetime]
    key: Mapped[UUID] = mapped_column(unique=True)

    alert: Mapped[Alert] = relationship()
    by: Mapped[Account] = relationship()

    note = Sealed()
