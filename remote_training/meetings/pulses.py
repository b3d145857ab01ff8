"""Visits in the room that we serve ourselves, told by the signs of life of its page."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.meetings import queries, service
from remote_training.meetings.errors import WrongRoom
from remote_training.meetings.models import EventKind, Pulse

# A browser in the background may let a heartbeat wait for a minute; a page that comes
# back within this time was there all along.
PATIENCE = timedelta(minutes=2)
AT_ONCE = 500
OURS = "offline"


def come_in(booking: Booking, connection: str, *, beats: bool, now: datetime) -> bool:
    """Begin a visit in the room that we serve ourselves; whether it is a new one.

    `beats` says that the page has a script that gives signs of life. Without it she is
    taken to stay to the end of the class, unless she leaves by the button.
    Raises `WrongRoom` for a connection of somebody else.
    """
    pulse = _visit(connection)
    if pulse is not None:
        _belongs(pulse, booking)
        return False
    pulse = Pulse(
        connection=connection,
        booking_id=booking.id,
        session_id=booking.session_id,
        seen_at=now if beats else booking.session.ends_at,
    )
    db.session.add(pulse)
    _report(pulse, EventKind.JOINED, at=now, now=now)
    return True


def beat(booking: Booking, connection: str, *, now: datetime) -> bool:
    """Take a sign of life; whether the visit goes on.

    It does not after she left by the button, after the end of the class, nor where the
    visit was never begun. After a silence she is back from now on; after a short one she
    was never away. Raises `WrongRoom` for a connection of somebody else.
    """
    pulse = _visit(connection)
    if pulse is None:
        return False
    _belongs(pulse, booking)
    if pulse.has_left:
        return False
    is_on = booking.session.doors_are_open(now)
    if is_on:
        _stay(pulse, now=now)
    elif not pulse.is_over:
        _close(pulse, at=min(now, booking.session.ends_at), now=now)
    return is_on


def leave(booking: Booking, connection: str, *, by_button: bool, now: datetime) -> None:
    """End a visit; twice changes nothing. Raises `WrongRoom` for a connection of somebody else.

    Without `by_button` the page went away by itself (closed, reloaded) and may come back.
    """
    pulse = _visit(connection)
    if pulse is None:
        return
    _belongs(pulse, booking)
    pulse.has_left = pulse.has_left or by_button
    if not pulse.is_over:
        _close(pulse, at=now, now=now)


def close_silent(*, now: datetime) -> int:
    """Close visits without a sign of life for a minute, at the last one; returns how many.

    At most 500 at once, longest silent first.
    """
    found = (
        sa.select(Pulse)
        .where(Pulse.is_over.is_(False), Pulse.seen_at <= now - queries.SILENT)
        .order_by(Pulse.seen_at, Pulse.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    silent = db.session.scalars(found).all()
    for pulse in silent:
        pulse.is_over = True
        _report(pulse, EventKind.LEFT, at=pulse.seen_at, now=now, is_imputed=True)
    return len(silent)


def _visit(connection: str) -> Pulse | None:
    found = sa.select(Pulse).where(Pulse.connection == connection).with_for_update()
    fresh = found.execution_options(populate_existing=True)
    return db.session.scalars(fresh).one_or_none()


def _stay(pulse: Pulse, *, now: datetime) -> None:
    """Move the last sign of life to now, and report what the silence before it meant."""
    was_short = now - pulse.seen_at <= PATIENCE
    if not pulse.is_over and not was_short:
        _report(pulse, EventKind.LEFT, at=pulse.seen_at, now=now, is_imputed=True)
        pulse.is_over = True
    if pulse.is_over:
        back_at = pulse.seen_at if was_short else now
        _report(pulse, EventKind.JOINED, at=back_at, now=now, is_imputed=was_short)
    pulse.is_over, pulse.seen_at = False, now


def _close(pulse: Pulse, *, at: datetime, now: datetime) -> None:
    """Close a visit at a moment, or at its last sign of life where that is long ago."""
    is_sure = at - pulse.seen_at <= PATIENCE
    left_at = at if is_sure else pulse.seen_at
    _report(pulse, EventKind.LEFT, at=left_at, now=now, is_imputed=not is_sure)
    pulse.is_over, pulse.seen_at = True, left_at


def _belongs(pulse: Pulse, booking: Booking) -> None:
    if pulse.booking_id != booking.id:
        raise WrongRoom(say("This page belongs to another class. Please join again."))


def _report(
    pulse: Pulse, kind: EventKind, *, at: datetime, now: datetime, is_imputed: bool = False
) -> None:
    service.receive(
        provider=OURS,
        session_id=pulse.session_id,
        booking_id=pulse.booking_id,
        kind=kind,
        connection=pulse.connection,
        happened_at=at,
        key=f"{pulse.connection}/{kind}/{at.isoformat()}",
        now=now,
        is_imputed=is_imputed,
    )
