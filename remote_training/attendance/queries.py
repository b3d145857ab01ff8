"""The roster of a class: who is expected, here, gone, missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from remote_training.accounts.models import Account
from remote_training.attendance import intervals
from remote_training.attendance.models import Attendance, Status
from remote_training.bookings import queries as bookings
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.contacts.models import short_name as short_name
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.meetings import queries as meetings
from remote_training.meetings.queries import ClassReports
from remote_training.participants.models import Participant
from remote_training.studies.current import study

CALL_AFTER = timedelta(minutes=5)
KNOWN_WHY = frozenset({Status.EXCUSED, Status.TECHNICAL})


class Now(StrEnum):
    """Where somebody is, as far as the room tells; away: a trainer knows why she is not."""

    EXPECTED = "expected"
    HERE = "here"
    LEFT = "left"
    MISSING = "missing"
    AWAY = "away"


@dataclass(frozen=True)
class Verdict:
    """What the reports say: how long, which status (None: not known), and since when here."""

    presence: intervals.Presence
    status: Status | None
    here_since: datetime | None


@dataclass(frozen=True)
class Line:
    """One person of a roster: for one page, never kept.

    Attributes
    ----------
    name
        First name and the first letter of the last.
    since
        Since when she is here, or gone.
    minutes
        Within the class, so far.
    status, machine_status
        What counts, and what the machine says; None while it is not known.
    needs_call
        The class began five minutes ago, goes on, and she has not been seen.
    has_told
        Whether she said today where she is.
    """

    booking_id: UUID
    name: str
    now: Now
    since: datetime | None
    minutes: float
    status: Status | None
    machine_status: Status | None
    reason: str | None
    needs_call: bool
    has_told: bool

    @property
    def is_overruled(self) -> bool:
        """Whether a trainer said something else than the machine."""
        return self.status is not None and self.status != self.machine_status


@dataclass(frozen=True)
class Count:
    """How many of a roster are where."""

    expected: int
    here: int
    left: int
    missing: int


def of_booking(booking_id: UUID) -> Attendance | None:
    """The attendance of one booking, if anything is known."""
    found = sa.select(Attendance).where(Attendance.booking_id == booking_id)
    return db.session.scalars(found).one_or_none()


def of_bookings(booking_ids: Collection[UUID]) -> dict[UUID, Attendance]:
    """What is known of these bookings, by booking."""
    found = sa.select(Attendance).where(Attendance.booking_id.in_(booking_ids))
    return {row.booking_id: row for row in db.session.scalars(found)}


def roster(session: Session, *, now: datetime) -> Sequence[Line]:
    """Everybody who holds a place: who needs a call first, then the missing, then by name."""
    booked = bookings.roster(session)
    ids = [booking.id for booking in booked]
    reports = meetings.reports([session.id], now=now)[session.id]
    known, told = of_bookings(ids), whereabouts.told(ids)
    lines = [
        _line(
            booking,
            verdict(session, reports, booking.id, now=now),
            known.get(booking.id),
            has_told=booking.id in told,
            now=now,
        )
        for booking in booked
    ]
    return sorted(lines, key=_call_first)


def verdict(session: Session, reports: ClassReports, booking_id: UUID, *, now: datetime) -> Verdict:
    """What the reports of a class say of one booking.

    While nobody has decided who an unknown person was, it may have been any who was not seen.
    """
    own, rules = reports.get(booking_id, []), study().rules
    found = intervals.presence(own, starts_at=session.starts_at, ends_at=session.ends_at, now=now)
    status = intervals.status(
        found,
        starts_at=session.starts_at,
        is_over=now >= session.ends_at,
        was_anybody_seen=reports.was_anybody_seen and not reports.has_unknown,
        was_reported=bool(own),
        late_after_minutes=rules.late_after_minutes,
        attended_from_minutes=rules.attended_from_minutes,
    )
    here_since = intervals.here_since(own)
    return Verdict(found, None if session.is_called_off else status, here_since)


def verdict_of(booking: Booking, *, now: datetime) -> Verdict:
    """What the reports say of one booking."""
    session = booking.session
    return verdict(
        session, meetings.reports([session.id], now=now)[session.id], booking.id, now=now
    )


def count(lines: Sequence[Line]) -> Count:
    """How many are expected at all, here, gone again, missing."""
    where = [line.now for line in lines]
    return Count(len(lines), where.count(Now.HERE), where.count(Now.LEFT), where.count(Now.MISSING))


def place(booking_id: UUID, session: Session) -> Booking:
    """The live booking of this id in a class, with the person, or `NotFound`."""
    found = (
        sa.select(Booking)
        .join(Booking.session)
        .where(
            Booking.id == booking_id,
            Booking.session_id == session.id,
            Booking.cancelled_at.is_(None),
        )
        .options(
            contains_eager(Booking.session),
            joinedload(Booking.participant).joinedload(Participant.contact),
        )
    )
    booking = db.session.scalars(found).one_or_none()
    if booking is None:
        raise NotFound(say("Nobody with this place is in the class."))
    return booking


def recent(site_ids: Collection[UUID], *, since: datetime, now: datetime) -> Sequence[Session]:
    """Classes at these sites that ended after `since`, newest first."""
    found = (
        sa.select(Session)
        .where(Session.site_id.in_(site_ids), Session.ends_at > since, Session.ends_at <= now)
        .options(joinedload(Session.trainer).joinedload(Account.contact), joinedload(Session.site))
        .order_by(Session.starts_at.desc(), Session.id)
    )
    return db.session.scalars(found).all()


def _call_first(line: Line) -> tuple[object, ...]:
    is_missing = line.now is Now.MISSING
    return (not line.needs_call, not is_missing, line.name.casefold(), line.booking_id)


def _line(
    booking: Booking, found: Verdict, known: Attendance | None, *, has_told: bool, now: datetime
) -> Line:
    said = known.status if known else None
    where, since = _where(found, booking.session, now)
    if said in KNOWN_WHY and where in (Now.EXPECTED, Now.MISSING):
        where = Now.AWAY
    return Line(
        booking_id=booking.id,
        name=short_name(booking.participant.contact.name),
        now=where,
        since=since,
        minutes=found.presence.minutes,
        status=said or found.status,
        machine_status=found.status,
        reason=known.reason if known and said else None,
        needs_call=where is Now.MISSING and said is None and _is_time_to_call(booking, now),
        has_told=has_told,
    )


def _is_time_to_call(booking: Booking, now: datetime) -> bool:
    session = booking.session
    return not session.is_called_off and session.starts_at + CALL_AFTER <= now < session.ends_at


def _where(found: Verdict, session: Session, now: datetime) -> tuple[Now, datetime | None]:
    """Here, gone, missing or expected; and since when."""
    if found.here_since is not None and now < session.ends_at:
        return Now.HERE, found.here_since
    if found.presence.first_joined_at is not None:
        return Now.LEFT, found.presence.last_left_at
    return (Now.MISSING if now >= session.starts_at else Now.EXPECTED), None
