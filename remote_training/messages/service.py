"""The outbox: queue, claim, begin, finish, sweep.

A row is claimed under a lease. `owner` and `tries` fence: what a worker writes after its
lease has gone to another matches no row. Times are those of the caller's clock alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remote_training.core.db import db, insert, write
from remote_training.messages import queries, statements
from remote_training.messages.models import Heartbeat, Message, QueueStop, State
from remote_training.messages.statements import IN_HAND, ROWS, claims

LEASE = timedelta(minutes=5)
MOST_COMPOSING_TRIES = 3
AT_ONCE = 500
LONGEST_FAULT, LONGEST_WORKER = 200, 80
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=60)
LAST_CALL = timedelta(seconds=30)  # before a message is too late
AHEAD = timedelta(days=1)  # what is urgent goes before everything that waits for less


@dataclass(frozen=True)
class Planned:
    """A message as a planner wants it; `key` is unique for ever.

    What `is_urgent` counts as due since a day ago: it goes before all that waits.
    """

    kind: str
    to: UUID
    facts: Mapping[str, str]
    not_after: datetime
    key: str
    is_urgent: bool = False

    def row(self, now: datetime) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "id": uuid4(),
            "kind": self.kind,
            "contact_id": self.to,
            "facts": dict(self.facts),
            "state": State.PENDING,
            "queued_at": now,
            "due_at": now - AHEAD if self.is_urgent else now,
            "not_after": self.not_after,
            "tries": 0,
            "dedupe_key": self.key,
        }


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
        write(message)
        return message
    try:
        with db.session.begin_nested():
            db.session.add(message)
    except IntegrityError:
        return None
    return message


def queue_all(planned: Sequence[Planned], *, now: datetime) -> int:
    """Put many in the outbox at once, each key only once for ever; returns how many are new.

    One statement of one shape, however many; also where two do it at the same moment.
    """
    new = 0
    added = insert(ROWS).on_conflict_do_nothing(index_elements=["dedupe_key"])
    added = added.execution_options(preserve_rowcount=True)
    for start in range(0, len(planned), AT_ONCE):
        rows = [one.row(now) for one in planned[start : start + AT_ONCE]]
        done = db.session.execute(added, rows)
        new += max(0, int(done.rowcount))  # type: ignore[attr-defined]
    return new


def claim(owner: str, *, limit: int, now: datetime, lease: timedelta = LEASE) -> Sequence[Message]:
    """Lease the messages that are due longest; nobody else gets them until the lease ends.

    `owner` names this claim, and no other one. Nothing is claimed while the queue stands still.
    """
    given = {"owner_": owner, "now_": now, "until_": now + lease, "limit_": limit}
    claimed = db.session.scalars(statements.CLAIM, given).all()
    return sorted(claimed, key=lambda message: (message.due_at, message.id))


def begin_sending(
    messages: Sequence[Message], *, owner: str, now: datetime, lease: timedelta = LEASE
) -> list[Message]:
    """Mark that these may be on the wire from now on, and lease them anew.

    Returns those that go, in their order: not one whose lease has ended, that is no longer
    ours, or that came too late; none while the queue stands still.
    """
    given = {"claims_": claims(messages), "owner_": owner, "now_": now, "until_": now + lease}
    goes = set(db.session.scalars(statements.BEGIN, given))
    return [message for message in messages if message.id in goes]


def finish(
    messages: Sequence[Message],
    state: State,
    *,
    owner: str,
    now: datetime,
    fault: str | None = None,
) -> int:
    """Write what became of them; returns how many rows were still ours: the others stay."""
    given = {"claims_": claims(messages), "owner_": owner, "now_": now}
    given |= {"state_": state, "fault_": _short(fault)}
    done = db.session.execute(statements.FINISH, given)
    return int(done.rowcount)  # type: ignore[attr-defined]


def put_back(message: Message, *, owner: str, now: datetime, fault: str | None = None) -> bool:
    """Try it again later, after a pause that doubles (1 to 60 minutes, with jitter).

    What is urgent goes before all that waits then, too.
    """
    later: dict[str, Any] = {"state": State.PENDING, "fault": _short(fault)}
    later |= _rests(message, next_try(message, now))
    return _settle(*_ours([message], owner), IN_HAND, **later) == 1


def give_back(messages: Sequence[Message], *, owner: str) -> int:
    """Give back what was not tried: it did not go out, for certain, and no try is counted."""
    free: dict[str, Any] = {"state": State.PENDING, "lease_until": None}
    return _settle(*_ours(messages, owner), IN_HAND, tries=ROWS.c.tries - 1, **free)


def give_back_until(message: Message, *, owner: str, due_at: datetime) -> bool:
    """As `give_back`; it waits until then."""
    free = {"state": State.PENDING} | _rests(message, due_at)
    return _settle(*_ours([message], owner), IN_HAND, tries=ROWS.c.tries - 1, **free) == 1


def next_try(message: Message, now: datetime) -> datetime:
    """When it is tried again: after the pause, but once more shortly before it is too late."""
    last_call = message.not_after - LAST_CALL
    planned = now + backoff(message)
    return last_call if now < last_call < planned else planned


def backoff(message: Message) -> timedelta:
    """The pause before the next try: doubled each time; the jitter comes from the row's id."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(max(message.tries, 1) - 1, 10)
    jitter = 0.75 + 0.5 * (message.id.int % 1000) / 1000
    return min(doubled, LONGEST_WAIT) * jitter


def sweep(*, again: frozenset[str], now: datetime) -> dict[str, int]:
    """Settle what time has decided; returns how many rows came into which state.

    A lease that has ended: claimed rows go back; rows that may have been on the wire go back
    where their kind is in `again`, and are uncertain otherwise. Past `not_after`: expired.
    """
    lost = ROWS.c.lease_until <= now
    on_wire = (ROWS.c.state == State.SENDING, lost)
    free = {"state": State.PENDING, "lease_until": None}
    settled = {
        "returned": _settle(ROWS.c.state == State.CLAIMED, lost, **free),
        "repeated": _settle(*on_wire, ROWS.c.kind.in_(again), **free),
        "uncertain": _settle(
            *on_wire,
            ROWS.c.kind.not_in(again),
            state=State.UNCERTAIN,
            finished_at=now,
            fault="the worker ended while it was being sent",
        ),
        "expired": _settle(
            ROWS.c.state == State.PENDING,
            ROWS.c.not_after <= now,
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
    goes_on = sa.update(QueueStop).where(QueueStop.resumed_at.is_(None)).values(resumed_at=now)
    return db.session.execute(goes_on).rowcount > 0  # type: ignore[attr-defined,no-any-return]


def beat(worker: str, *, now: datetime) -> None:
    """Note that a worker lives; those that were silent for a day are forgotten."""
    seen = {"worker": worker[:LONGEST_WORKER], "seen_at": now}
    sign = insert(Heartbeat).values(id=uuid4(), **seen)
    db.session.execute(sign.on_conflict_do_update(index_elements=["worker"], set_={"seen_at": now}))
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.seen_at < now - timedelta(days=1)))


def send_again(message: Message, *, not_after: datetime, now: datetime) -> Message:
    """Queue a message of which nobody knows, or that failed, once more, as a new row."""
    again = Message(
        kind=message.kind,
        contact_id=message.contact_id,
        facts=message.facts,
        queued_at=now,
        due_at=now - AHEAD if message.is_urgent else now,
        not_after=not_after,
    )
    db.session.add(again)
    return again


def _rests(message: Message, until: datetime) -> dict[str, Any]:
    """The columns that let it wait; what is urgent keeps its place in front meanwhile."""
    if message.is_urgent:
        return {"lease_until": until}
    return {"lease_until": None, "due_at": until}


def _ours(messages: Sequence[Message], owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    return sa.tuple_(ROWS.c.id, ROWS.c.tries).in_(claims(messages)), ROWS.c.owner == owner


def _short(fault: str | None) -> str | None:
    return None if fault is None else fault[:LONGEST_FAULT]


def _settle(*where: Any, **values: Any) -> int:
    """Write straight into the table: rows that the session holds are read anew before use."""
    done = db.session.execute(sa.update(ROWS).where(*where).values(**values))
    return int(done.rowcount)  # type: ignore[attr-defined]
