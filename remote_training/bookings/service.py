"""Booking, moving and giving back a place; a place that is freed goes to who waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remote_training.audit import service as audit
from remote_training.bookings import places, queries, waiting_list
from remote_training.bookings.errors import (
    AlreadyBooked,
    GivenBack,
    HasBegun,
    OtherKind,
)
from remote_training.bookings.models import Booking
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.participants.models import Participant


def book(participant: Participant, session: Session, *, now: datetime, by: UUID | None) -> Booking:
    """Give the participant a place, and queue the confirmation.

    Raises
    ------
    NotTakingPart, NotCleared, NotBegun, ProgrammeOver, OtherProgramme, BookingClosed,
    AlreadyBooked, Overlap, NoRest, WeekFull, SessionFull
        Asked in this order; where one speaks, nothing is written.
    """
    places.one_at_a_time(participant)
    places.check(participant, session, now)
    places.take(session)
    booking = places.add(participant, session, now)
    waiting_list.settle(participant, session, now=now)
    places.tell("booking_confirmed", booking, not_after=session.starts_at, now=now)
    audit.note(
        "bookings.book", "booking", booking.id, by=by, now=now, participant=str(participant.id)
    )
    return booking


def book_once(
    participant: Participant, session: Session, *, now: datetime, by: UUID | None
) -> Booking:
    """As `book`; where she holds a place in this class already, that one is given.

    So a second press, or a page loaded again, ends where the first one did.
    """
    try:
        return book(participant, session, now=now, by=by)
    except AlreadyBooked:
        held = queries.live(participant, session)
        if held is None:
            raise
        return held


def move(booking: Booking, session: Session, *, now: datetime, by: UUID | None) -> Booking:
    """Give a place back and take one in another class of the same kind, or do neither.

    Returns the new booking, which has an entry of its own in her calendar; where she holds
    a place there already, because the button was pressed twice, that one.

    Raises
    ------
    GivenBack, HasBegun, OtherKind
        For the class that she leaves, in this order.
    NotTakingPart, ..., SessionFull
        As `book`, as if she did not hold the place that she leaves.
    """
    places.one_at_a_time(booking.participant)
    db.session.refresh(booking, ["cancelled_at"])
    if session.id == booking.session_id and booking.is_live:
        return booking
    if not booking.is_live:
        if held := queries.live(booking.participant, session):
            return held
        raise GivenBack(say("You gave this place back. You can book another class."))
    left = booking.session
    if now >= left.starts_at:
        raise HasBegun(say("This class has already begun: your place can no longer be moved."))
    if session.module != left.module:
        raise OtherKind(say("A place can be moved to a class of the same kind only."))
    places.check(booking.participant, session, now, leaves=left.id)
    for hour in sorted((left, session), key=lambda hour: hour.id):  # one order for all who move
        places.lock(hour)
    places.take(session)
    places.give_back(booking, now)
    moved = places.add(booking.participant, session, now)
    waiting_list.settle(booking.participant, session, now=now)
    waiting_list.fill(left, now=now)
    places.tell("booking_cancelled", booking, not_after=left.ends_at, now=now)
    places.tell("booking_confirmed", moved, not_after=session.starts_at, now=now)
    audit.note(
        "bookings.move", "booking", moved.id, by=by, now=now,
        participant=str(moved.participant_id), left=str(booking.id),
    )  # fmt: skip
    return moved


def cancel(booking: Booking, *, now: datetime, by: UUID | None) -> None:
    """Give the place back, and queue the word that it is. Cancelling twice changes nothing.

    In a class that was called off there is no place to give back: nothing changes.
    Raises `HasBegun` once the class has begun.
    """
    session = booking.session
    places.lock(session)
    if not booking.is_live or session.is_called_off:
        return
    if now >= session.starts_at:
        raise HasBegun(
            say("This class has already begun: it can no longer be cancelled. Please ring us."),
            to_staff=say("This class has already begun: it can no longer be cancelled."),
        )
    if not places.give_back(booking, now):
        return
    waiting_list.fill(session, now=now)
    places.tell("booking_cancelled", booking, not_after=session.ends_at, now=now)
    audit.note("bookings.cancel", "booking", booking.id, by=by, now=now)


def call_off(session: Session, *, now: datetime, by: UUID | None, reason: str) -> Sequence[Booking]:
    """Call off a class and tell everybody who holds a place; returns their bookings.

    The bookings keep their rows as they were: the trial counts classes that were called
    off apart from places given back. Calling off twice tells nobody twice.
    """
    if not classes.call_off(session, now=now, by=by, reason=reason):
        return []
    waiting_list.close(session, now=now)
    told = queries.roster(session)
    changed = sa.update(Booking).where(Booking.id.in_([booking.id for booking in told]))
    db.session.execute(
        changed.values(sequence=Booking.sequence + 1).execution_options(synchronize_session=False)
    )
    for booking in told:
        db.session.expire(booking, ["sequence"])
        places.tell("class_called_off", booking, not_after=session.ends_at, now=now)
    return told
