"""Working on what was kept: text to reports, reports to attendance.

Messages are worked on in the order in which they came, many in one transaction. Where one of
them breaks it, each gets its own; after the third time it is put aside, and the rest go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import OperationalError

from remote_training.attendance import service as attendance
from remote_training.core.crypto import CannotOpen
from remote_training.core.db import db, unit_of_work
from remote_training.hooks import bbb_events, jitsi_events, zoom_events
from remote_training.hooks.models import HookEvent, State
from remote_training.hooks.reading import Unusable
from remote_training.meetings import queries as meetings
from remote_training.meetings.models import Source
from remote_training.meetings.told import Told

AT_ONCE = 100  # in one transaction: on SQLite what comes in meanwhile waits for its end
TRIES = 3
TOO_OLD = timedelta(days=1)

Reader = Callable[[str], Sequence[Told]]
READERS: dict[tuple[str, str], Reader] = {
    ("zoom", "events"): zoom_events.read,
    ("bigbluebutton", "events"): bbb_events.read,
    ("bigbluebutton", "analytics"): bbb_events.read_analytics,
    ("bigbluebutton", "ended"): bbb_events.read_ended,
    ("jitsi", "events"): jitsi_events.read,
}
TOLD_AT: dict[tuple[str, str], Callable[[str], datetime | None]] = {
    ("zoom", "events"): zoom_events.told_at,
    ("bigbluebutton", "events"): bbb_events.told_at,
    ("jitsi", "events"): jitsi_events.told_at,
}

log = structlog.get_logger()


def is_needed() -> bool:
    """Whether a message waits: a look that writes nothing, and so waits for nobody."""
    return db.session.scalar(sa.select(sa.exists().where(HookEvent.state == State.NEW))) is True


def work(now: datetime) -> int:
    """Work on the messages that wait, at most 100, oldest first; returns how many.

    Several workers may do it at once. It commits by itself.
    """
    try:
        with unit_of_work():
            waiting = _waiting(AT_ONCE)
            _work_on(waiting, now)
            return len(waiting)
    except OperationalError:
        raise  # the database is away, or two workers met: nothing is wrong with a message
    except Exception as error:  # noqa: BLE001 - which of them it was is found out below
        log.error("a batch of messages broke off", error=error)
        return _one_by_one(now)


def _one_by_one(now: datetime) -> int:
    with unit_of_work():
        ids = [event.id for event in _waiting(AT_ONCE)]
    for event_id in ids:
        try:
            with unit_of_work():
                _work_on(_waiting(1, event_id), now)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - the others have their turn
            log.error("a message broke off", message=str(event_id), error=error)
            _count_try(event_id, now)
    return len(ids)


@unit_of_work()
def _count_try(event_id: UUID, now: datetime) -> None:
    for event in _waiting(1, event_id):
        event.tries += 1
        if event.tries >= TRIES:
            event.state, event.worked_at = State.BROKEN, now


def _waiting(limit: int, event_id: UUID | None = None) -> Sequence[HookEvent]:
    found = (
        sa.select(HookEvent)
        .where(HookEvent.state == State.NEW)
        .order_by(HookEvent.received_at, HookEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if event_id is not None:
        found = found.where(HookEvent.id == event_id)
    return db.session.scalars(found).all()


def _work_on(waiting: Sequence[HookEvent], now: datetime) -> None:
    read = {event.id: _read(event) for event in waiting}
    for provider in sorted({event.provider for event in waiting}):
        own = [event for event in waiting if event.provider == provider]
        told = [one for event in own if event.state is State.NEW for one in read[event.id]]
        if told:
            attendance.hear_all(provider, told, cause=Source.WEBHOOK, now=now)
        rooms = {one.external_id for event in own for one in read[event.id]}
        sessions = meetings.sessions_of(provider, rooms)
        for event in own:
            _finish(event, {one.external_id for one in read[event.id]}, sessions, now)


def _read(event: HookEvent) -> Sequence[Told]:
    """What a message says; one that cannot be read, or is too old, is marked so."""
    way = (event.provider, event.kind)
    try:
        body = event.body
        told = READERS[way](body)
        told_at = TOLD_AT[way](body) if way in TOLD_AT else None
    except (Unusable, CannotOpen):
        event.state = State.UNUSABLE
        return []
    moments = [at for at in (told_at, event.signed_at) if at is not None]
    if moments and event.received_at - min(moments) > TOO_OLD:
        event.state = State.STALE
    return told


def _finish(
    event: HookEvent, rooms: Collection[str], sessions: Mapping[str, UUID], now: datetime
) -> None:
    own = [sessions[room] for room in sorted(rooms) if room in sessions]
    event.worked_at, event.session_id = now, own[0] if own else None
    if not own and event.state is not State.UNUSABLE:
        event.state = State.NOT_OURS
        event.body = ""  # it is about people whom we have nothing to do with
    elif event.state is State.NEW:
        event.state = State.APPLIED
