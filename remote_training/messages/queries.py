"""Reading the outbox."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from remote_training.core.db import UtcDateTime, db
from remote_training.messages.models import Heartbeat, Message, QueueStop, State

TOO_LONG = timedelta(minutes=15)  # a worker looks every few seconds
# what is urgent is due as of before it was queued: it has not waited for so long
_WAITS_SINCE: sa.ColumnElement[datetime] = sa.case(
    (Message.due_at < Message.queued_at, Message.queued_at), else_=Message.due_at
)


@dataclass(frozen=True)
class Status:
    """How the queue stands: messages by state, age in seconds of the oldest that is due.

    `worker_seen_at` is the last sign of life of any worker.
    """

    counts: dict[str, int]
    oldest_due_seconds: float
    stopped_at: datetime | None
    fault: str | None
    worker_seen_at: datetime | None


def is_due(row: Any, now: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Of a message (or its columns): it waits, and not in the pause after a try that failed."""
    is_rested = sa.or_(row.lease_until.is_(None), row.lease_until <= now)
    return row.state == State.PENDING, row.due_at <= now, is_rested


def is_queued(dedupe_key: str) -> bool:
    """Whether a message with this key was queued, whatever became of it."""
    found = sa.select(sa.literal(True)).where(Message.dedupe_key == dedupe_key)
    return db.session.scalar(found) is not None


def unsent(dedupe_keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """The facts of messages with these keys of which it is not known that they left, by key.

    What is in a worker's hand is among them: it may be void before it is on the wire, or be
    tried once more.
    """
    found = sa.select(Message.dedupe_key, Message.facts).where(
        Message.dedupe_key.in_(dedupe_keys),
        Message.state.in_((State.PENDING, State.CLAIMED, State.SENDING)),
    )
    return {str(key): facts for key, facts in db.session.execute(found)}


def stop() -> QueueStop | None:
    """The stop that is in force, if the queue stands still."""
    found = sa.select(QueueStop).where(QueueStop.resumed_at.is_(None))
    return db.session.scalars(found.order_by(QueueStop.stopped_at).limit(1)).first()


def is_standing() -> sa.ColumnElement[bool]:
    """True in a statement while the queue stands still."""
    return sa.exists().where(QueueStop.resumed_at.is_(None))


def stands_since(*, now: datetime) -> datetime | None:
    """Since when no mail leaves: the queue was stopped, or what is due waits too long."""
    waiting = sa.select(sa.func.min(_WAITS_SINCE)).where(
        *is_due(Message, now - TOO_LONG),
        Message.queued_at <= now - TOO_LONG,
        Message.not_after > now,
    )
    stopped = sa.select(sa.func.min(QueueStop.stopped_at)).where(QueueStop.resumed_at.is_(None))
    either = sa.func.coalesce(stopped.scalar_subquery(), waiting.scalar_subquery())
    return db.session.scalar(sa.select(sa.type_coerce(either, UtcDateTime())))


def status(*, now: datetime) -> Status:
    """How the queue stands."""
    rows = db.session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state))
    counts = {str(state): 0 for state in State} | {str(row[0]): row[1] for row in rows}
    oldest = db.session.scalar(sa.select(sa.func.min(_WAITS_SINCE)).where(*is_due(Message, now)))
    halt = stop()
    return Status(
        counts,
        (now - oldest).total_seconds() if oldest is not None else 0.0,
        halt.stopped_at if halt is not None else None,
        halt.fault if halt is not None else None,
        db.session.scalar(sa.select(sa.func.max(Heartbeat.seen_at))),
    )
