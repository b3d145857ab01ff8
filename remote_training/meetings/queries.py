"""Who is in which room, as far as has been reported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings.differences import Difference
from remote_training.meetings.models import (
    IN_PART,
    OF_THE_ROOM,
    EventKind,
    MeetingEvent,
    MeetingPerson,
    MeetingRoom,
    Pulse,
    RoomUpkeep,
    Source,
    UnmatchedPresence,
)
from remote_training.meetings.provider_models import ProviderHealth
from remote_training.outside.meetings import MeetingProvider

SILENT = timedelta(seconds=60)
DOWN = timedelta(seconds=30)
AHEAD = timedelta(minutes=1)  # so far may the clock of a provider be before ours


@dataclass(frozen=True)
class Report:
    """What is known of one connection at one moment, or (started, ended) of the whole room."""

    kind: EventKind
    connection: str
    at: datetime
    is_imputed: bool = False
    source: Source = Source.PAGE
    run: str = ""
    is_lost: bool = False

    @property
    def part(self) -> str:
        """The breakout room in which it was; empty for the room itself."""
        return self.connection.partition(IN_PART)[2]


class ClassReports(dict[UUID, list[Report]]):
    """All reports from one class, by booking, in order of time.

    `was_anybody_seen` also where it was a trainer, or nobody of ours; `has_unknown` says that
    somebody came of whom nobody has decided yet who she is; `was_reported_afterwards` that the
    provider gave a report about all of it.
    """

    was_anybody_seen = False
    has_unknown = False
    was_reported_afterwards = False


Reports = dict[UUID, ClassReports]


def room(session_id: UUID) -> MeetingRoom | None:
    """The room of a class, if it was opened."""
    found = sa.select(MeetingRoom).where(
        MeetingRoom.session_id == session_id, MeetingRoom.replaced_at.is_(None)
    )
    return db.session.scalars(found).one_or_none()


def rooms(session_id: UUID) -> Sequence[MeetingRoom]:
    """The room of a class, and those that it had before, in order of time."""
    found = sa.select(MeetingRoom).where(MeetingRoom.session_id == session_id)
    return db.session.scalars(found.order_by(MeetingRoom.opened_at, MeetingRoom.id)).all()


def room_named(provider: str, external_id: str) -> MeetingRoom | None:
    """The room of a provider's id, also one of before."""
    found = sa.select(MeetingRoom).where(
        MeetingRoom.provider == provider, MeetingRoom.external_id == external_id
    )
    return db.session.scalars(found).one_or_none()


def lost(session_id: UUID) -> list[datetime]:
    """When rooms of a class that somebody deleted at the provider were made anew."""
    return [room.replaced_at for room in rooms(session_id) if room.was_lost and room.replaced_at]


def sessions_of(provider: str, external_ids: Collection[str]) -> dict[str, UUID]:
    """The classes that have these rooms of a provider; rooms of others are not there."""
    found = sa.select(MeetingRoom.external_id, MeetingRoom.session_id).where(
        MeetingRoom.provider == provider, MeetingRoom.external_id.in_(external_ids)
    )
    return {row.external_id: row.session_id for row in db.session.execute(found)}


def person(room_id: UUID, booking_id: UUID) -> MeetingPerson | None:
    """How the provider knows one booking in one room that is kept ahead."""
    found = sa.select(MeetingPerson).where(
        MeetingPerson.room_id == room_id, MeetingPerson.booking_id == booking_id
    )
    return db.session.scalars(found).one_or_none()


def person_named(provider: str, room_external_id: str, external_id: str) -> MeetingPerson | None:
    """Whom an event or a report of a provider means; None where it is nobody of ours."""
    found = (
        sa.select(MeetingPerson)
        .join(MeetingPerson.room)
        .where(
            MeetingRoom.provider == provider,
            MeetingRoom.external_id == room_external_id,
            MeetingPerson.external_id == external_id,
        )
    )
    return db.session.scalars(found).one_or_none()


def upkeep(session_id: UUID) -> RoomUpkeep | None:
    """How far the room of a class is; None where nobody has looked at it yet."""
    found = sa.select(RoomUpkeep).where(RoomUpkeep.session_id == session_id)
    return db.session.scalars(found).one_or_none()


def instead(session_id: UUID) -> str | None:
    """The address of another room that staff typed for a class."""
    known = upkeep(session_id)
    return (known.instead or None) if known is not None else None


def health(provider: str) -> ProviderHealth | None:
    """How a provider answered last."""
    found = sa.select(ProviderHealth).where(ProviderHealth.provider == provider)
    return db.session.scalars(found).one_or_none()


def is_failing(provider: str, *, now: datetime) -> bool:
    """Whether a provider has not answered for half a minute or longer."""
    known = health(provider)
    since = known.failing_since if known is not None else None
    return since is not None and since <= now - DOWN


def is_open(session_id: UUID, provider: MeetingProvider) -> bool:
    """Whether a class has a room at this provider, or needs none before somebody comes."""
    if not provider.keeps_rooms_ahead:
        return True
    known = room(session_id)
    return known is not None and known.provider == provider.name and not is_gone(session_id)


def is_gone(session_id: UUID) -> bool:
    """Whether the room of a class was deleted at the provider, as far as is known."""
    known = upkeep(session_id)
    return known is not None and Difference.GONE in known.differs


def event(key: str) -> MeetingEvent | None:
    """The report of this key, if it came before."""
    return db.session.scalars(sa.select(MeetingEvent).where(MeetingEvent.key == key)).one_or_none()


def visit(connection: str) -> Pulse | None:
    """One visit in the room that we serve ourselves."""
    return db.session.scalars(sa.select(Pulse).where(Pulse.connection == connection)).one_or_none()


def reports(
    session_ids: Sequence[UUID], *, now: datetime, only: Collection[UUID] | None = None
) -> Reports:
    """All reports from the rooms of some classes: by class, then by booking, in order of time.

    What is told of a whole room stands with each booking that anything was told of. A visit
    that has been silent for a minute counts as left at its last sign of life, whether or not
    `pulses.close_silent` has come by: the answer does not depend on it. What is told of a time
    that has not come yet says nothing until it comes.

    With `only`, bookings of these classes, just what is told of them and of the whole room: a
    few statements by index, however much is known of others. Whether anybody else was seen, or
    is unknown, is not answered then.
    """
    found: Reports = {session_id: ClassReports() for session_id in session_ids}
    of_rooms: dict[UUID, list[Report]] = {}
    for row in _rows(session_ids, only, now):
        report = Report(
            row.kind,
            row.connection,
            row.happened_at,
            row.is_imputed,
            row.source,
            row.run,
            row.is_lost,
        )
        own = found[row.session_id]
        if row.kind in OF_THE_ROOM:
            of_rooms.setdefault(row.session_id, []).append(report)
            continue
        own.was_anybody_seen = own.was_anybody_seen or row.kind is EventKind.JOINED
        own.has_unknown = own.has_unknown or _is_unknown(row)
        own.was_reported_afterwards |= row.source is Source.REPORT
        if row.booking_id is not None:
            own.setdefault(row.booking_id, []).append(report)
    for session_id, booking_id, connection, seen_at in db.session.execute(
        _silent(session_ids, now)
    ):
        mine = found[session_id].setdefault(booking_id, [])
        mine.append(Report(EventKind.LEFT, connection, seen_at, is_imputed=True))
    for session_id, told in of_rooms.items():
        for mine in found[session_id].values():
            mine.extend(told)
    return found


def _rows(
    session_ids: Sequence[UUID], only: Collection[UUID] | None, now: datetime
) -> Iterator[sa.Row[Any]]:
    event, is_past = MeetingEvent, MeetingEvent.happened_at <= now + AHEAD
    in_these = event.session_id.in_(session_ids)
    if only is None:
        yield from db.session.execute(_events(in_these, is_past))
        return
    of_the_room = (event.connection == "", event.kind.in_(OF_THE_ROOM))
    yield from db.session.execute(_events(event.booking_id.in_(only), is_past))
    yield from db.session.execute(_events(in_these, is_past, *of_the_room))


def _events(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    event, stranger = MeetingEvent, UnmatchedPresence
    return (
        sa.select(event.session_id, event.booking_id, event.stranger_id, event.kind)
        .add_columns(event.connection, event.happened_at, event.is_imputed)
        .add_columns(event.source, event.run, event.is_lost, stranger.decision)
        .outerjoin(stranger, stranger.id == event.stranger_id)
        .where(*which, event.replaced_at.is_(None))
        .order_by(event.happened_at, event.id)
    )


def _silent(session_ids: Sequence[UUID], now: datetime) -> sa.Select[UUID, UUID, str, datetime]:
    return (
        sa.select(Pulse.session_id, Pulse.booking_id, Pulse.connection, Pulse.seen_at)
        .where(Pulse.session_id.in_(session_ids), Pulse.is_over.is_(False))
        .where(Pulse.seen_at <= now - SILENT)
        .order_by(Pulse.seen_at, Pulse.id)
    )


def _is_unknown(row: Any) -> bool:
    return row.stranger_id is not None and row.decision is None and row.kind is EventKind.JOINED


def told_of(booking: Booking) -> Sequence[MeetingEvent]:
    """Every report that counts for one booking, and those of its whole room, in order of time."""
    event = MeetingEvent
    found = (
        sa.select(event)
        .where(
            event.session_id == booking.session_id,
            event.replaced_at.is_(None),
            sa.or_(event.booking_id == booking.id, event.kind.in_(OF_THE_ROOM)),
        )
        .order_by(event.happened_at, event.id)
    )
    return db.session.scalars(found).all()


def unmatched(session_id: UUID) -> Sequence[UnmatchedPresence]:
    """Who came into a class without being known, undecided ones first, then by time."""
    row = UnmatchedPresence
    found = (
        sa.select(row)
        .where(row.session_id == session_id)
        .order_by(row.decision.is_not(None), row.first_seen_at, row.id)
    )
    return db.session.scalars(found).all()


def undecided(session_id: UUID) -> int:
    """Of how many in a class nobody has decided yet who they are."""
    row = UnmatchedPresence
    found = sa.select(sa.func.count(row.id)).where(
        row.session_id == session_id, row.decision.is_(None)
    )
    return db.session.scalar(found) or 0
