"""What is known of attendance: rows, what the reports say, whose place it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from remote_training.contacts.models import told_apart
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.meetings import queries as meetings
from remote_training.meetings.queries import ClassReports
from remote_training.participants.models import Participant
from remote_training.studies.current import study


@dataclass(frozen=True)
class Verdict:
    """What the reports say: how long, which status (None: not known), and since when here."""

    presence: intervals.Presence
    status: Status | None
    here_since: datetime | None


def of_booking(booking_id: UUID) -> Attendance | None:
    """The attendance of one booking, if anything is known."""
    found = sa.select(Attendance).where(Attendance.booking_id == booking_id)
    return db.session.scalars(found).one_or_none()


def of_bookings(booking_ids: Collection[UUID]) -> dict[UUID, Attendance]:
    """What is known of these bookings, by booking."""
    found = sa.select(Attendance).where(Attendance.booking_id.in_(booking_ids))
    return {row.booking_id: row for row in db.session.scalars(found)}


def verdict(
    session: Session, reports: ClassReports, booking_id: UUID, *, has_pressed: bool, now: datetime
) -> Verdict:
    """What the reports of a class say of one booking.

    While nobody has decided who an unknown person was, it may have been any who was not seen.
    Who pressed Join, and of whom nothing was told, may have been there too, until a report
    about all of the class says that she was not.
    """
    own, rules = reports.get(booking_id, []), study().rules
    may_have_come = has_pressed and not own and not reports.was_reported_afterwards
    found = intervals.presence(own, starts_at=session.starts_at, ends_at=session.ends_at, now=now)
    status = intervals.status(
        found,
        starts_at=session.starts_at,
        is_over=now >= session.ends_at,
        was_anybody_seen=reports.was_anybody_seen and not (reports.has_unknown or may_have_come),
        was_reported=bool(own),
        late_after_minutes=rules.late_after_minutes,
        attended_from_minutes=rules.attended_from_minutes,
    )
    here_since = intervals.here_since(own)
    return Verdict(found, None if session.is_called_off else status, here_since)


def verdict_of(booking: Booking, *, now: datetime) -> Verdict:
    """What the reports say of one booking."""
    session, has_pressed = booking.session, bool(whereabouts.told([booking.id]))
    reports = meetings.reports([session.id], now=now)[session.id]
    return verdict(session, reports, booking.id, has_pressed=has_pressed, now=now)


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


def names_of(booked: Iterable[Booking]) -> dict[UUID, str]:
    """What everybody on the list of a class is called, by booking."""
    return told_apart({one.id: one.participant.contact.name for one in booked})


def name_of(booking: Booking) -> str:
    """What one of them is called: as on the list of her class."""
    called = names_of(bookings.roster(booking.session))
    return called.get(booking.id) or short_name(booking.participant.contact.name)


def recent(site_ids: Collection[UUID], *, since: datetime, now: datetime) -> Sequence[Session]:
    """Classes at these sites that ended after `since`, newest first."""
    found = (
        sa.select(Session)
        .where(Session.site_id.in_(site_ids), Session.ends_at > since, Session.ends_at <= now)
        .options(joinedload(Session.trainer).joinedload(Account.contact), joinedload(Session.site))
        .order_by(Session.starts_at.desc(), Session.id)
    )
    return db.session.scalars(found).all()
