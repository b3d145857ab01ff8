"""Keeping what providers report, and finding out whom they mean.

What is kept does not depend on the order in which it comes, nor on how often: a report that
names nobody is counted with the others of the same visit as soon as one of them names
somebody. Who is never named waits for a trainer's decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from remote_training.core.db import db
from remote_training.meetings import visits
from remote_training.meetings.models import (
    OF_THE_ROOM,
    MeetingEvent,
    MeetingRoom,
    Source,
    UnmatchedPresence,
)
from remote_training.meetings.queries import AHEAD, Report
from remote_training.meetings.told import Told
from remote_training.meetings.visits import Visits, Whom, is_of_nobody

ROWS: Any = MeetingEvent.__table__
NAMED_FOR = timedelta(days=30)


def take(
    provider: str, told: Collection[Told], *, now: datetime, is_whole: bool = False
) -> dict[UUID, set[UUID]]:
    """Keep some reports of one provider, once; whose minutes may have changed, by class.

    `is_whole` says that these are all there are of each visit, as in a report that was asked
    for: what it said of the same visits before is replaced. Rooms are locked in order, so that
    of two workers one waits.
    """
    by_room: dict[str, list[Told]] = {}
    for one in told:
        by_room.setdefault(one.external_id, []).append(one)
    taken = [_Taken(room, by_room[room.external_id], now) for room in _locked(provider, by_room)]
    db.session.flush()  # who is unknown comes before what is told of her
    _add([row for own in taken for row in own.rows])
    undecided = visits.undecided([own.room.session_id for own in taken])
    for own in taken:
        if is_whole:
            _replace(own.room, own.rows, now)
        own.join_up(undecided.get(own.room.session_id, ()))
    return {own.room.session_id: own.touched for own in taken}


def assign(stranger: UnmatchedPresence, booking_id: UUID | None) -> set[UUID]:
    """Let all that one unknown person did count for a booking, or for nobody; whose it touches."""
    before = stranger.booking_id
    stranger.booking_id = booking_id
    own = sa.update(MeetingEvent).where(MeetingEvent.stranger_id == stranger.id)
    db.session.execute(own.values(booking_id=booking_id))
    return {one for one in (before, booking_id) if one is not None}


def told_of(stranger: UnmatchedPresence, *, now: datetime) -> list[Report]:
    """All that one unknown person did so far, and what was told of the whole room."""
    found = sa.select(MeetingEvent).where(
        MeetingEvent.session_id == stranger.session_id,
        MeetingEvent.replaced_at.is_(None),
        MeetingEvent.happened_at <= now + AHEAD,
        sa.or_(MeetingEvent.stranger_id == stranger.id, MeetingEvent.kind.in_(OF_THE_ROOM)),
    )
    return [
        Report(one.kind, one.connection, one.happened_at, one.is_imputed, one.source, one.run)
        for one in db.session.scalars(found)
    ]


def forget_names(*, now: datetime) -> None:
    """Drop what unknown people called themselves, 30 days after the last was seen of them."""
    old = sa.update(UnmatchedPresence).where(
        UnmatchedPresence.last_seen_at < now - NAMED_FOR,
        UnmatchedPresence.name_sealed.is_not(None),
    )
    db.session.execute(old.values(name_sealed=None))


def _locked(provider: str, external_ids: Collection[str]) -> Sequence[MeetingRoom]:
    found = (
        sa.select(MeetingRoom)
        .where(MeetingRoom.provider == provider, MeetingRoom.external_id.in_(external_ids))
        .order_by(MeetingRoom.id)
        .with_for_update()
    )
    return db.session.scalars(found).all()


class _Taken:
    """What was told of one room: the rows to keep, and whose minutes may have changed."""

    def __init__(self, room: MeetingRoom, told: Sequence[Told], now: datetime) -> None:
        self.room, self._visits = room, Visits(room, told)
        self.rows = [_row(room, one, self._visits.whom(one), now) for one in told]
        self.touched = {row["booking_id"] for row in self.rows if row["booking_id"] is not None}
        self._is_of_all = self._visits.has_unknown or any(is_of_nobody(one) for one in told)

    def join_up(self, undecided: Collection[UUID]) -> None:
        """Once all of it is kept: what is now known of those who were unknown, `undecided`."""
        self.touched |= self._visits.join_up(undecided)
        if self._is_of_all:
            self.touched |= _seen(self.room)


def _row(room: MeetingRoom, told: Told, whom: Whom, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "key": told.key,
        "provider": room.provider,
        "source": told.source,
        "session_id": room.session_id,
        "booking_id": whom.booking_id,
        "stranger_id": whom.stranger_id,
        "kind": told.kind,
        "connection": told.connection,
        "run": told.run,
        "happened_at": told.at,
        "received_at": now,
        "is_imputed": told.is_imputed,
        "is_lost": told.is_lost,
    }


def _add(rows: Sequence[dict[str, Any]]) -> None:
    is_sqlite = db.engine.dialect.name == "sqlite"
    insert: Any = sqlite.insert(ROWS) if is_sqlite else postgresql.insert(ROWS)
    if rows:
        db.session.execute(insert.on_conflict_do_nothing(index_elements=["key"]), list(rows))


def _replace(room: MeetingRoom, rows: Iterable[dict[str, Any]], now: datetime) -> None:
    """Mark what an earlier report said of the same visits and this one does not say."""
    keys = {row["key"] for row in rows}
    visits = {row["connection"] for row in rows}
    before = sa.select(MeetingEvent).where(
        MeetingEvent.session_id == room.session_id,
        MeetingEvent.source == Source.REPORT,
        MeetingEvent.connection.in_(visits),
    )
    for event in db.session.scalars(before):
        if event.key in keys:
            event.replaced_at = None
        elif event.replaced_at is None:
            event.replaced_at = now


def _seen(room: MeetingRoom) -> set[UUID]:
    found = sa.select(MeetingEvent.booking_id).where(
        MeetingEvent.session_id == room.session_id, MeetingEvent.booking_id.is_not(None)
    )
    return {one for one in db.session.scalars(found.distinct()) if one is not None}
