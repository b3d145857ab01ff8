"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.core.db import Model


class Entry(Model):
    """One thing that somebody did; never changed, never deleted.

    `detail` holds field names and codes, never a name, an address or an answer.
    `actor_id` is empty where the platform itself acted.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("ix_audit_entry_subject", "subject", "subject_id"),)

    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]]
    reason: Mapped[str | None] = mapped_column(sa.String(500))
