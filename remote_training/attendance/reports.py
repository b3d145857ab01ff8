"""The provider's report about a class: asked for again and again, and what it changes.

A provider is never asked while a transaction is open: a class is taken by a lease, asked
about, and what came is worked in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog

from remote_training.attendance import service
from remote_training.attendance.models import Change, ReportCheck
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import queries as meetings_queries
from remote_training.meetings import service as meetings
from remote_training.meetings.models import EventKind, MeetingRoom, Source
from remote_training.meetings.told import Told
from remote_training.outside.meetings import (
    KeptRooms,
    MeetingFault,
    MeetingGone,
    MeetingUnavailable,
    Presence,
    keeps_rooms_ahead,
)

PLAN = (timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=24))
AGAIN = timedelta(hours=1)  # after the last planned time, where the provider gave nothing
GIVEN_UP = timedelta(days=7)
LEASE = timedelta(minutes=5)
AT_ONCE = 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What asking came to: classes asked about, those that gave nothing, attendances changed."""

    asked: int = 0
    failed: int = 0
    changed: int = 0


def ask_due(now: datetime) -> Outcome:
    """Ask for the reports that are due, at most five; commits by itself."""
    with unit_of_work():
        _plan(now)
    with unit_of_work():
        due = _claim(_due(now), now)
    return _ask_all(due, now)


def ask_all(*, since: datetime, now: datetime) -> Outcome:
    """Ask for the reports of all classes that ended after `since`, whatever was planned."""
    with unit_of_work():
        _plan(now, since=since)
    with unit_of_work():
        due = _claim(_ended(since, now), now)
    return _ask_all(due, now)


def check(session_id: UUID) -> ReportCheck | None:
    """How far asking for the report of a class is; None where there is none to ask for."""
    found = sa.select(ReportCheck).where(ReportCheck.session_id == session_id)
    return db.session.scalars(found).one_or_none()


def told_by(provider: str, external_id: str, rows: Sequence[Presence]) -> list[Told]:
    """The rows of a report, as comings and goings."""
    return [
        Told(
            provider=provider,
            external_id=external_id,
            run=row.run,
            kind=kind,
            at=at,
            source=Source.REPORT,
            visit=row.connection,
            person=row.person,
            name=row.name,
        )
        for row in rows
        if row.connection and row.joined_at <= row.left_at
        for kind, at in ((EventKind.JOINED, row.joined_at), (EventKind.LEFT, row.left_at))
    ]


def _plan(now: datetime, since: datetime | None = None) -> None:
    """Begin to ask about classes that are over and were in a room that somebody else keeps."""
    found = (
        sa.select(Session.id, Session.ends_at, MeetingRoom.provider)
        .join(MeetingRoom, MeetingRoom.session_id == Session.id)
        .where(
            Session.ends_at > (since or now - GIVEN_UP),
            Session.ends_at <= now,
            ~sa.exists().where(ReportCheck.session_id == Session.id),
        )
        .order_by(Session.ends_at, Session.id)
    )
    ended = {
        session_id: ends_at
        for session_id, ends_at, provider in db.session.execute(found).all()
        if _asked(provider) is not None
    }
    for session_id, ends_at in ended.items():
        _add_once(ReportCheck(session_id=session_id, next_at=ends_at + PLAN[0]))


def _add_once(row: ReportCheck) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except sa.exc.IntegrityError:  # another worker was first
        return


def _asked(provider: str) -> KeptRooms | None:
    """A provider that gives reports; None for another, or one that is no longer set up."""
    try:
        found = meetings.provider_named(provider)
    except KeyError:
        return None
    return found if keeps_rooms_ahead(found) else None


def _due(now: datetime) -> sa.Select[ReportCheck]:
    return (
        sa.select(ReportCheck)
        .where(ReportCheck.next_at <= now)
        .order_by(ReportCheck.next_at, ReportCheck.id)
        .limit(AT_ONCE)
    )


def _ended(since: datetime, now: datetime) -> sa.Select[ReportCheck]:
    return (
        sa.select(ReportCheck)
        .join(Session, Session.id == ReportCheck.session_id)
        .where(Session.ends_at > since, Session.ends_at <= now)
        .order_by(Session.ends_at, ReportCheck.id)
    )


def _claim(wanted: sa.Select[ReportCheck], now: datetime) -> list[UUID]:
    """The classes that this worker asks about now."""
    is_free = sa.or_(ReportCheck.lease_until.is_(None), ReportCheck.lease_until <= now)
    free = wanted.where(is_free).with_for_update(skip_locked=True, of=ReportCheck)
    rows = db.session.scalars(free).all()
    for row in rows:
        row.lease_until = now + LEASE
    return [row.session_id for row in rows]


def _ask_all(session_ids: Sequence[UUID], now: datetime) -> Outcome:
    found = [_ask(session_id, now) for session_id in session_ids]
    with unit_of_work():
        changed = sa.select(sa.func.count(Change.id)).where(
            Change.at == now, Change.cause == Source.REPORT
        )
        count = db.session.scalar(changed) or 0
    return Outcome(len(found), found.count(False), count)


def _ask(session_id: UUID, now: datetime) -> bool:
    """Ask about one class; whether the provider gave its report.

    About every room that it had: of one that is there no more the provider may know nothing.
    """
    rooms = [
        (room.provider, room.external_id, room.replaced_at is not None)
        for room in meetings_queries.rooms(session_id)
    ]
    db.session.rollback()  # nothing is open while somebody else is asked
    fault: MeetingFault | None = None
    told: dict[str, list[Told]] = {}
    count = 0
    for name, external_id, is_replaced in rooms:
        provider = _asked(name)
        try:
            rows = provider.presences(external_id) if provider is not None else ()
            told.setdefault(name, []).extend(told_by(name, external_id, rows))
            count += len(rows)
        except MeetingFault as error:
            if not (is_replaced and isinstance(error, MeetingGone)):
                fault = error
                log.warning("no report of a class", kind=name, fault=error.cause)
    with unit_of_work():
        for name, own in told.items():
            service.hear_all(name, own, cause=Source.REPORT, is_whole=True, now=now)
        _note(session_id, fault, count, now)
    return fault is None


def _note(session_id: UUID, fault: MeetingFault | None, rows: int, now: datetime) -> None:
    row = check(session_id)
    session = db.session.get(Session, session_id)
    assert row is not None and session is not None
    planned = [session.ends_at + after for after in PLAN]
    row.asked = sum(at <= now for at in planned)
    row.lease_until = None
    row.next_at = next((at for at in planned if at > now), None)
    row.cause = None if fault is None else str(fault.cause)
    if fault is None:
        row.answered_at, row.rows = now, rows
    elif row.next_at is None and now < session.ends_at + GIVEN_UP:
        retry_at = fault.retry_at if isinstance(fault, MeetingUnavailable) else None
        row.next_at = max(now + AGAIN, retry_at or now)
