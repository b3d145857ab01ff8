"""Working on what was kept: text to reports, reports to attendance.

Messages are worked on in the order in which they came, many in one transaction. Where one of
them breaks it, each gets its own; after the third time it is put aside, and the rest go on.
"""

from __future__ import annotations

import re
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
from remote_training.meetings import plans
from remote_training.meetings import queries as meetings
from remote_training.meetings.models import Source
from remote_training.meetings.told import Told

AT_ONCE = 100  # in one transaction: on SQLite what comes in meanwhile waits for its end
TRIES = 3
TOO_OLD = timedelta(days=1)

NAME = re.compile(
    r"(?:event|event_name|eventType|id)(?:\"|%22) ?(?:: ?|%3A)(?:\"|%22)"
    r"((?:meeting|muc|user|PARTICIPANT|ROOM)[A-Za-z_.-]{1,60})(?:\"|%22)"
)
Reader = Callable[[str], Sequence[Told]]
READERS: dict[tuple[str, str], Reader] = {
    ("zoom", "events"): zoom_events.read,
    ("bigbluebutton", "events"): bbb_events.read,
    ("bigbluebutton", "analytics"): bbb_events.read_analytics,
    ("bigbluebutton", "ended"): bbb_events.read_ended,
    ("jitsi", "events"): jitsi_events.read,
}
CHANGED: dict[tuple[str, str], Callable[[str], str]] = {
    ("zoom", "events"): zoom_events.changed,
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
    changed = {event.id: _changed(event) for event in waiting}
    for provider in sorted({event.provider for event in waiting}):
        own = [event for event in waiting if event.provider == provider]
        told = [one for event in own if event.state is State.NEW for one in read[event.id]]
        if told:
            attendance.hear_all(provider, told, cause=Source.WEBHOOK, now=now)
        rooms = {
            event.id: {one.external_id for one in read[event.id]} | changed[event.id]
            for event in own
        }
        sessions = meetings.sessions_of(provider, set().union(*rooms.values()))
        touched = set().union(*(changed[event.id] for event in own))
        plans.look_now([sessions[room] for room in sorted(touched & sessions.keys())])
        for event in own:
            _finish(event, rooms[event.id], sessions, now)


def _read(event: HookEvent) -> Sequence[Told]:
    """What a message says; one that cannot be read, or is too old, is marked so."""
    way = (event.provider, event.kind)
    try:
        body = event.body
        told = READERS[way](body)
        told_at = TOLD_AT[way](body) if way in TOLD_AT else None
    except (Unusable, CannotOpen) as error:
        event.state = State.UNUSABLE
        log.warning(
            "a message cannot be read",
            message_id=str(event.id),
            kind="/".join((*way, _name(error, event))),
            fault=type(error).__name__,
        )
        return []
    moments = [at for at in (told_at, event.signed_at) if at is not None]
    if moments and event.received_at - min(moments) > TOO_OLD:
        event.state = State.STALE
    return told


def _changed(event: HookEvent) -> set[str]:
    """The room that somebody changed at the provider, if that is what a message says."""
    way = (event.provider, event.kind)
    found = CHANGED[way](event.body) if way in CHANGED and event.state is State.NEW else ""
    return {found} if found else set()


def _name(error: Exception, event: HookEvent) -> str:
    """The provider's name of what happened, if it is one that we know the like of."""
    found = NAME.search(event.body) if isinstance(error, Unusable) else None
    return found[1] if found else ""


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
