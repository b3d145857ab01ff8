"""The outbox: queue, claim, begin, finish, sweep.

A row is claimed under a lease. `owner` and `tries` fence: what a worker writes after its
lease has gone to another matches no row. Times are those of the caller's clock alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remote_training.core.db import db
from remote_training.messages import queries
from remote_training.messages.models import Message, QueueStop, State

LEASE = timedelta(minutes=5)
MOST_COMPOSING_TRIES = 3
AT_ONCE = 500
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=60)


def queue(
    kind: str,
    *,
    to: UUID,
    facts: dict[str, Any],
    not_after: datetime,
    now: datetime,
    dedupe_key: str | None = None,
) -> Message | None:
    """Put a message in the outbox; it leaves only if the caller's work is committed.

    `to` names a contact in the vault: no address is kept here. `facts` hold ids and
    codes as text. With a `dedupe_key` that is already there nothing is queued, and
    None is returned.
    """
    if dedupe_key is not None and queries.is_queued(dedupe_key):
        return None
    message = Message(
        kind=kind,
        contact_id=to,
        facts=facts,
        queued_at=now,
        due_at=now,
        not_after=not_after,
        dedupe_key=dedupe_key,
    )
    if dedupe_key is None:
        db.session.add(message)
        return message
    try:
        with db.session.begin_nested():
            db.session.add(message)
    except IntegrityError:
        return None
    return message


def unqueued(keys: Collection[str]) -> list[str]:
    """Those of the keys under which nothing was queued yet, in their order: one query."""
    known: set[str | None] = set()
    every = list(keys)
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        found = sa.select(Message.dedupe_key).where(Message.dedupe_key.in_(some))
        known.update(db.session.scalars(found))
    return [key for key in every if key not in known]


def claim(worker: str, *, limit: int, now: datetime) -> Sequence[Message]:
    """Lease the messages that are due longest; nobody else gets them until the lease ends.

    Nothing is claimed while the queue stands still.
    """
    if queries.stop() is not None:
        return []
    due = (
        sa.select(Message.id)
        .where(Message.state == State.PENDING, Message.due_at <= now, Message.not_after > now)
        .order_by(Message.due_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = (
        sa.update(Message)
        .where(Message.id.in_(due), Message.state == State.PENDING)
        .values(state=State.CLAIMED, owner=worker, lease_until=now + LEASE, tries=Message.tries + 1)
        .returning(Message)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    claimed = db.session.scalars(lease).all()
    return sorted(claimed, key=lambda message: (message.due_at, message.id))


def begin_sending(message: Message, *, owner: str, now: datetime) -> bool:
    """Mark that the message may be on the wire from now on; False where the lease has gone."""
    fence = (Message.state == State.CLAIMED, Message.lease_until > now)
    return _write(message, owner, *fence, state=State.SENDING)


def finish(
    message: Message,
    state: State,
    *,
    owner: str,
    now: datetime,
    fault: str | None = None,
) -> bool:
    """Write what became of it; False, and nothing written, where the row is no longer ours."""
    fence = Message.state.in_((State.CLAIMED, State.SENDING))
    return _write(
        message, owner, fence, state=state, finished_at=now, fault=fault, lease_until=None
    )


def put_back(
    message: Message, *, owner: str, now: datetime, fault: str | None = None, wait: bool = True
) -> bool:
    """Try it again later, after a pause that doubles (1 to 60 minutes, with jitter)."""
    due_at = now + backoff(message) if wait else now
    fence = Message.state.in_((State.CLAIMED, State.SENDING))
    return _write(
        message, owner, fence, state=State.PENDING, due_at=due_at, fault=fault, lease_until=None
    )


def backoff(message: Message) -> timedelta:
    """The pause before the next try; the jitter comes from the row's id."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(max(message.tries, 1) - 1, 10)
    jitter = 0.75 + 0.5 * (message.id.int % 1000) / 1000
    return min(doubled, LONGEST_WAIT) * jitter


def sweep(*, again: frozenset[str], now: datetime) -> dict[str, int]:
    """Settle what time has decided; returns how many rows came into which state.

    A lease that has ended: claimed rows go back; rows that may have been on the wire go back
    where their kind is in `again`, and are uncertain otherwise. Past `not_after`: expired.
    """
    lost = Message.lease_until <= now
    on_wire = (Message.state == State.SENDING, lost)
    settled = {
        "returned": _settle(Message.state == State.CLAIMED, lost, state=State.PENDING),
        "repeated": _settle(*on_wire, Message.kind.in_(again), state=State.PENDING),
        "uncertain": _settle(
            *on_wire,
            Message.kind.not_in(again),
            state=State.UNCERTAIN,
            finished_at=now,
            fault="the worker ended while it was being sent",
        ),
        "expired": _settle(
            Message.state == State.PENDING,
            Message.not_after <= now,
            state=State.EXPIRED,
            finished_at=now,
        ),
    }
    return {name: count for name, count in settled.items() if count}


def stop_queue(fault: str, *, now: datetime) -> None:
    """Let the whole queue stand still until a person says go on; stopping twice changes nothing."""
    if queries.stop() is None:
        db.session.add(QueueStop(stopped_at=now, fault=fault))


def resume_queue(*, now: datetime) -> bool:
    """Let the queue go on; False where it was not standing still."""
    stop = queries.stop()
    if stop is None:
        return False
    stop.resumed_at = now
    return True


def send_again(message: Message, *, not_after: datetime, now: datetime) -> Message:
    """Queue a message of which nobody knows, or that failed, once more, as a new row."""
    again = Message(
        kind=message.kind,
        contact_id=message.contact_id,
        facts=message.facts,
        queued_at=now,
        due_at=now,
        not_after=not_after,
    )
    db.session.add(again)
    return again


def _write(message: Message, owner: str, *fence: Any, **values: Any) -> bool:
    ours = (Message.id == message.id, Message.owner == owner, Message.tries == message.tries)
    write = sa.update(Message).where(*ours, *fence).values(**values)
    done = db.session.execute(write.execution_options(synchronize_session=False))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _settle(*where: Any, **values: Any) -> int:
    write = sa.update(Message).where(*where).values(**values)
    done = db.session.execute(write.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]
