"""One row for each message: written with the fact it tells, sent later."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.core.db import Model


class State(StrEnum):
    """What became of a message.

    `sending` means that it may be on the wire; a row left in it by a crash is
    `uncertain`, or sent again, as the policy of its kind says.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    EXPIRED = "expired"
    VOID = "void"


class Message(Model):
    """One message owed to one contact.

    No address, name or text is kept here: `facts` holds ids and codes, and the letter is
    composed at the moment of sending. `dedupe_key` makes a planned message unique.
    `lease_until` is until when nobody else takes it: it is in a worker's hand, or, pending, in
    the pause after a try that failed.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_waiting", "state", "due_at"),
        sa.Index("ix_message_leased", "state", "lease_until"),
    )

    kind: Mapped[str] = mapped_column(sa.String(40))
    contact_id: Mapped[UUID] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    facts: Mapped[dict[str, Any]]
    state: Mapped[State] = mapped_column(default=State.PENDING)
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_after: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(sa.String(80))
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(sa.String(200))
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(120), unique=True)

    @property
    def is_urgent(self) -> bool:
        """Whether it goes before all that waits: it is due as of before it was queued."""
        return self.due_at < self.queued_at


class QueueStop(Model):
    """The whole queue stands still, since when and why (a refused login); ended by hand."""

    __tablename__ = "queue_stop"

    stopped_at: Mapped[datetime]
    fault: Mapped[str] = mapped_column(sa.String(200))
    resumed_at: Mapped[datetime | None]


class Heartbeat(Model):
    """When a worker was last seen at work; `worker` is a machine and a process."""

    __tablename__ = "heartbeat"

    worker: Mapped[str] = mapped_column(sa.String(80), unique=True)
    seen_at: Mapped[datetime]
