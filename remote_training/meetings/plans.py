"""What is wanted of one room, and what we know of it, as plain values; and our rows about it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.bookings import queries as bookings
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core import settings
from remote_training.core.db import db, insert, write
from remote_training.meetings import due, hosts, queries, service
from remote_training.meetings.differences import MENDED_BY_WRITING, Difference
from remote_training.meetings.models import MeetingPerson, MeetingRoom, RoomUpkeep
from remote_training.outside.meetings import WantedRoom

ANEW_FROM = timedelta(hours=1)  # before the class, to its end: a room that is gone is made anew
MOST_ANEW = 3  # for one class: whoever deletes it again and again is left to the coordinator


@dataclass(frozen=True)
class Known:
    """Somebody of a room, as our row says it."""

    row_id: UUID
    booking_id: UUID
    first_name: str
    alias: str
    external_id: str | None
    is_live: bool
    is_registered: bool
    is_unsure: bool


@dataclass(frozen=True)
class Plan:
    """What is wanted of one room, and what we know of it; `wanted` is None for no room at all.

    `is_urgent`: should the room be gone, nobody is asked before it is made anew; `was_lost`:
    that has happened to it.
    """

    wanted: WantedRoom | None
    provider: str
    room_provider: str
    external_id: str | None
    host: str
    begun_host: str | None
    kept_starts_at: datetime | None
    kept_minutes: int
    kept_others: frozenset[str]
    lacks_host: bool
    is_urgent: bool
    was_lost: bool
    people: tuple[Known, ...]

    @property
    def is_misplaced(self) -> bool:
        """Whether there is a room that is not, or not there, wanted."""
        if self.external_id is None:
            return False
        wanted = self.wanted
        return wanted is None or self.room_provider != self.provider or self.host != wanted.host


def row_of(session: Session) -> RoomUpkeep:
    """How far the room of a class is; a new row where nobody looked at it yet."""
    row = queries.upkeep(session.id)
    if row is None:
        row = RoomUpkeep(id=uuid4(), session_id=session.id, begun_host="", kept_minutes=0, tries=0)
        row.kept_others, row.differs = "", frozenset()
        once = insert(cast(sa.Table, RoomUpkeep.__table__)).on_conflict_do_nothing(
            index_elements=["session_id"]
        )
        if not write(row, once.execution_options(preserve_rowcount=True)):
            row = queries.upkeep(session.id)  # another worker began with it a moment ago
            assert row is not None
    return row


def of(session_id: UUID, *, now: datetime) -> Plan:
    """The plan of the room of a class; whoever is new in it gets a row with an alias."""
    session = db.session.get_one(Session, session_id)
    room, row, lost = queries.room(session.id), row_of(session), queries.lost(session.id)
    kept = service.kept_sites()
    wanted = _wanted(session, room, kept, now)
    provider = kept.get(session.site_id) or (room.provider if room else "")
    return Plan(
        wanted=wanted,
        provider=provider,
        room_provider=room.provider if room else provider,
        external_id=room.external_id if room else None,
        host=room.host if room else "",
        begun_host=row.begun_host if row.begun_at is not None else None,
        kept_starts_at=row.kept_starts_at,
        kept_minutes=row.kept_minutes,
        kept_others=frozenset(row.kept_others.split()),
        lacks_host=hosts.is_missing(session),
        is_urgent=session.starts_at - ANEW_FROM <= now and len(lost) < MOST_ANEW,
        was_lost=bool(lost),
        people=_known(session, room) if room is not None and wanted else (),
    )


def forget_room(row: RoomUpkeep, *, now: datetime, was_lost: bool = False) -> None:
    """Let a class have no room any more; one that was kept ahead is left behind."""
    room = queries.room(row.session_id)
    if room is not None and service.kept_provider(room.provider) is not None:
        room.was_lost = was_lost
        service.leave_behind(room, now=now)
    elif room is not None:
        db.session.execute(sa.delete(MeetingPerson).where(MeetingPerson.room_id == room.id))
        db.session.delete(room)
        db.session.flush()
    row.forget_room()


def look_now(session_ids: Collection[UUID]) -> None:
    """Let the rooms of these classes be looked at in the next round; what fails waits its time."""
    own = sa.update(RoomUpkeep).where(RoomUpkeep.session_id.in_(session_ids))
    if session_ids:
        db.session.execute(own.values(checked_at=None))
        db.session.execute(own.where(RoomUpkeep.last_error.is_(None)).values(next_try_at=None))


def put_right(session: Session, *, now: datetime) -> None:
    """Let what somebody changed at the provider be overwritten at the next turn, now."""
    row = row_of(session)
    room = queries.room(session.id)
    if Difference.GONE in row.differs:
        forget_room(row, now=now)
    if row.differs & MENDED_BY_WRITING:
        row.kept_starts_at, row.kept_minutes, row.kept_others = None, 0, ""
    if Difference.PERSON_GONE in row.differs and room is not None:
        again = (
            sa.update(MeetingPerson)
            .where(MeetingPerson.room_id == room.id, MeetingPerson.ended_at.is_(None))
            .values(registered_at=None)
        )
        db.session.execute(again)
    row.tries, row.next_try_at, row.checked_at = 0, None, None


def let_in_again(booking: Booking, *, now: datetime) -> None:
    """Somebody comes to her class: was a person taken out of its room by hand, it is asked
    whether it was her, and she is let in again. Nobody is asked while a page waits.
    """
    row, room = queries.upkeep(booking.session_id), queries.room(booking.session_id)
    if row is None or room is None or Difference.PERSON_GONE not in row.differs:
        return
    her = sa.update(MeetingPerson).where(
        MeetingPerson.room_id == room.id,
        MeetingPerson.booking_id == booking.id,
        MeetingPerson.ended_at.is_(None),
    )
    db.session.execute(her.values(begun_at=now))
    look_now([booking.session_id])


def _wanted(
    session: Session, room: MeetingRoom | None, kept: dict[UUID, str], now: datetime
) -> WantedRoom | None:
    is_near = session.starts_at < now + due.AHEAD or room is not None
    is_on = not session.is_called_off and session.ends_at > now
    is_ours = session.site_id in kept and is_on and is_near
    return service.wanted(session) if is_ours else None


def _known(session: Session, room: MeetingRoom) -> tuple[Known, ...]:
    """Everybody who is or was booked; whoever is new gets a row with an alias first."""
    found = sa.select(MeetingPerson).where(MeetingPerson.room_id == room.id)
    rows = {row.booking_id: row for row in db.session.scalars(found)}
    live = {booking.id: booking for booking in bookings.roster(session)}
    for booking_id in live.keys() - rows.keys():
        row = MeetingPerson(id=uuid4(), room_id=room.id, booking_id=booking_id, alias=_new_alias())
        db.session.add(row)
        rows[booking_id] = row
    db.session.flush()
    return tuple(
        Known(
            row_id=row.id,
            booking_id=booking_id,
            first_name=_first_name(live.get(booking_id), row),
            alias=row.alias,
            external_id=row.external_id,
            is_live=booking_id in live,
            is_registered=row.may_come_in,
            is_unsure=row.begun_at is not None,
        )
        for booking_id, row in sorted(rows.items())
        if booking_id in live or row.ended_at is None
    )


def _first_name(booking: Booking | None, row: MeetingPerson) -> str:
    """What the provider is told of her; nothing is opened that is not needed."""
    if booking is None or (row.may_come_in and row.begun_at is None):
        return ""
    return booking.participant.contact.first_name


def _new_alias() -> str:
    """An address of ours that reaches nobody: it says nothing, and is used once."""
    return f"p-{secrets.token_hex(12)}@{settings.current().mail_host}"
