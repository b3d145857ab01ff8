"""Whom the visits of one class mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.meetings import naming
from remote_training.meetings.models import (
    OF_THE_ROOM,
    MeetingEvent,
    MeetingRoom,
    UnmatchedPresence,
)
from remote_training.meetings.told import Told


@dataclass(frozen=True)
class Whom:
    """Whom one report means: a booking, somebody unknown, nobody; both where it was decided."""

    booking_id: UUID | None = None
    stranger_id: UUID | None = None


class Visits:
    """The visits in one room that some reports are about, and whom they mean.

    A visit means who is named by any report of it, in whichever order they come; a trainer's
    means nobody. Where none names her, it is somebody unknown: the same one for all visits that
    the provider says are of one person.
    """

    def __init__(self, room: MeetingRoom, told: Sequence[Told]) -> None:
        self._room = room
        of_people = [one for one in told if not is_of_nobody(one)]
        self._named = _of_hosts(told) | self._by_name(of_people)
        self._before = self._as_before({one.connection for one in of_people} - self._named.keys())
        self._strangers = self._by_visit(
            [one for one in of_people if one.connection not in self._named]
        )

    @property
    def has_unknown(self) -> bool:
        """Whether anybody unknown is among them."""
        return bool(self._strangers)

    def whom(self, told: Told) -> Whom:
        """Whom one of the reports means."""
        if is_of_nobody(told):
            return Whom()
        if told.connection in self._named:
            return Whom(self._named[told.connection])
        stranger = self._strangers.get(told.connection)
        if stranger is None:
            return Whom(self._before[told.connection].booking_id)
        _see(stranger, told)
        return Whom(stranger.booking_id, stranger.id)

    def join_up(self, undecided: Collection[UUID]) -> set[UUID]:
        """Let what was kept of a visit before it was named count for whom it means; for whom.

        `undecided` are those of the class; what a trainer has decided stays.
        """
        row, event, joined_up = UnmatchedPresence, MeetingEvent, set[UUID]()
        if not undecided:
            return set()
        for connection, booking_id in self._named.items():
            own = sa.update(event).where(
                event.connection == connection, event.stranger_id.in_(undecided)
            )
            named = own.values(booking_id=booking_id, stranger_id=None)
            if db.session.execute(named).rowcount and booking_id:  # type: ignore[attr-defined]
                joined_up.add(booking_id)
        has_some = sa.exists().where(event.stranger_id == row.id)
        db.session.execute(sa.delete(row).where(row.id.in_(undecided), ~has_some))
        return joined_up

    def _by_name(self, told: Sequence[Told]) -> dict[str, UUID | None]:
        known = naming.people_of(self._room, (one.person for one in told))
        return {one.connection: known[one.person] for one in told if one.person in known}

    def _as_before(self, connections: Collection[str]) -> dict[str, Whom]:
        """Whom earlier reports of the same visits meant: who was named goes first."""
        event = MeetingEvent
        known = (
            sa.select(event.connection, event.booking_id, event.stranger_id)
            .where(event.session_id == self._room.session_id)
            .where(event.connection.in_(connections))
        )
        rows = db.session.execute(known).all() if connections else []
        found: dict[str, Whom] = {}
        for row in sorted(rows, key=lambda row: row.stranger_id is not None):
            found.setdefault(row.connection, Whom(row.booking_id, row.stranger_id))
        return found

    def _by_visit(self, told: Sequence[Told]) -> dict[str, UnmatchedPresence]:
        """Who is unknown, by visit: as before, or as the provider says who belongs together."""
        row, before = UnmatchedPresence, self._before
        ids = {whom.stranger_id for whom in before.values() if whom.stranger_id is not None}
        wanted = {one.stranger for one in told if one.connection not in before}
        there = sa.select(row).where(
            row.session_id == self._room.session_id,
            sa.or_(row.id.in_(ids), row.who.in_(wanted)),
        )
        rows = db.session.scalars(there).all() if ids or wanted else []
        by_id, by_who = {one.id: one for one in rows}, {one.who: one for one in rows}
        found: dict[str, UnmatchedPresence] = {}
        for one in sorted(told, key=lambda one: (not one.person, not one.who, one.at)):
            whom = before.get(one.connection)
            if whom is None:
                known = by_who.get(one.stranger) or self._new(one)
                found.setdefault(one.connection, known)
                by_who.setdefault(known.who, known)
            elif whom.stranger_id is not None:
                found[one.connection] = by_id[whom.stranger_id]
        used = {id(one) for one in found.values()}
        db.session.add_all(one for one in by_who.values() if id(one) in used)
        return found

    def _new(self, told: Told) -> UnmatchedPresence:
        return UnmatchedPresence(
            id=uuid4(),
            session_id=self._room.session_id,
            provider=self._room.provider,
            who=told.stranger,
            first_seen_at=told.at,
            last_seen_at=told.at,
        )


def undecided(session_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Of whom nobody has decided who they are, by class."""
    row, found = UnmatchedPresence, dict[UUID, list[UUID]]()
    waiting = (
        sa.select(row.session_id, row.id)
        .where(row.session_id.in_(session_ids), row.decision.is_(None))
        .order_by(row.first_seen_at, row.id)
    )
    for session_id, stranger_id in db.session.execute(waiting):
        found.setdefault(session_id, []).append(stranger_id)
    return found


def is_of_nobody(told: Told) -> bool:
    """Whether a report is of the room itself, or of a trainer: it counts for nobody."""
    return told.kind in OF_THE_ROOM or told.is_host or naming.is_host(told.person)


def _of_hosts(told: Sequence[Told]) -> dict[str, UUID | None]:
    return {one.connection: None for one in told if one.connection and is_of_nobody(one)}


def _see(stranger: UnmatchedPresence, told: Told) -> None:
    stranger.first_seen_at = min(stranger.first_seen_at, told.at)
    stranger.last_seen_at = max(stranger.last_seen_at, told.at)
    if told.name and not stranger.name:
        stranger.name = told.name
