"""How a provider is called: whether it answers, with which token, how fast and how often."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.contacts.models import Sealed
from remote_training.core.db import Model
from remote_training.outside.meetings import Cause


class ProviderHealth(Model):
    """Whether a provider answers: since when not, and why."""

    __tablename__ = "provider_health"

    provider: Mapped[str] = mapped_column(sa.String(20), unique=True)
    answered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    cause: Mapped[Cause | None]


class ProviderToken(Model):
    """The token of a provider that all processes share, sealed; one of them at a time renews it."""

    __tablename__ = "provider_token"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    token_sealed: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]

    token = Sealed()


class CallPace(Model):
    """When the next call of a kind may leave, for all processes together."""

    __tablename__ = "call_pace"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    next_at: Mapped[datetime]


class CallBudget(Model):
    """How many calls about something were made on one day (UTC), counted before they are made."""

    __tablename__ = "call_budget"
    __table_args__ = (sa.UniqueConstraint("subject", "on_date"),)

    subject: Mapped[str] = mapped_column(sa.String(160))
    on_date: Mapped[date] = mapped_column(index=True)
    used: Mapped[int] = mapped_column(default=0)
