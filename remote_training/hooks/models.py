"""What a provider sent us, as it came."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.contacts.models import Sealed
from remote_training.core.db import Model

HAS_TEXT = sa.text("body_sealed IS NOT NULL")


class State(StrEnum):
    """What became of it.

    stale
        Older than a day when it came: kept, and not applied.
    not_ours
        About a room that belongs to no class here. Its text is not kept.
    unusable
        Signed, and nothing that we can read.
    broken
        Three times something went wrong with it.
    """

    NEW = "new"
    APPLIED = "applied"
    STALE = "stale"
    NOT_OURS = "not_ours"
    UNUSABLE = "unusable"
    BROKEN = "broken"


class HookEvent(Model):
    """One signed message of a provider, once, however often it is sent.

    Attributes
    ----------
    kind
        Which of a provider's ways it came: `events`, `analytics`, `ended`.
    digest
        The hash of provider, kind and text: a repeated one is the same row.
    signed_at
        When the provider says that it signed, where it does.
    body
        The bytes, as latin-1, sealed: names and addresses stand in them. Emptied after 90 days.
    session_id
        The class that it is about, once that is known.
    """

    __tablename__ = "hook_event"
    __table_args__ = (
        sa.Index("ix_hook_event_state", "state", "received_at"),
        sa.Index(
            "ix_hook_event_text", "received_at", sqlite_where=HAS_TEXT, postgresql_where=HAS_TEXT
        ),
    )

    provider: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(20))
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    received_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    body_sealed: Mapped[bytes | None]
    state: Mapped[State] = mapped_column(default=State.NEW)
    tries: Mapped[int] = mapped_column(default=0)
    worked_at: Mapped[datetime | None]
    session_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("session.id"), index=True)

    body = Sealed()
