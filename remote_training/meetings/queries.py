"""Who is in which room, as far as has been reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.meetings.models import EventKind, MeetingEvent, MeetingRoom, Pulse

SILENT = timedelta(seconds=60)


@dataclass(frozen=True)
class Report:
    """What is known of one connection at one moment."""

    kind: EventKind
    connection: str
    at: datetime
    is_imputed: bool = False


Reports = dict[UUID, dict[UUID, list[Report]]]


def room(session_id: UUID) -> MeetingRoom | None:
    """The room of a class, if it was opened."""
    found = sa.select(MeetingRoom).where(MeetingRoom.session_id == session_id)
    return db.session.scalars(found).one_or_none()


def event(key: str) -> MeetingEvent | None:
    """The report of this key, if it came before."""
    return db.session.scalars(sa.select(MeetingEvent).where(MeetingEvent.key == key)).one_or_none()


def visit(connection: str) -> Pulse | None:
    """One visit in the room that we serve ourselves."""
    return db.session.scalars(sa.select(Pulse).where(Pulse.connection == connection)).one_or_none()


def reports(session_ids: Sequence[UUID], *, now: datetime) -> Reports:
    """All reports from the rooms of some classes: by class, then by booking, in order of time.

    A visit that has been silent for a minute counts as left at its last sign of life,
    whether or not `service.close_silent` has come by: the answer does not depend on it.
    """
    event = MeetingEvent
    events = (
        sa.select(event.session_id, event.booking_id, event.kind, event.connection)
        .add_columns(event.happened_at, event.is_imputed)
        .where(event.session_id.in_(session_ids))
        .order_by(event.happened_at, event.id)
    )
    silent = (
        sa.select(Pulse.session_id, Pulse.booking_id, Pulse.connection, Pulse.seen_at)
        .where(Pulse.session_id.in_(session_ids), Pulse.is_over.is_(False))
        .where(Pulse.seen_at <= now - SILENT)
        .order_by(Pulse.seen_at, Pulse.id)
    )
    found: Reports = {session_id: {} for session_id in session_ids}
    for session_id, booking_id, kind, connection, at, is_imputed in db.session.execute(events):
        own = found[session_id].setdefault(booking_id, [])
        own.append(Report(kind, connection, at, is_imputed))
    for session_id, booking_id, connection, seen_at in db.session.execute(silent):
        own = found[session_id].setdefault(booking_id, [])
        own.append(Report(EventKind.LEFT, connection, seen_at, is_imputed=True))
    return found
