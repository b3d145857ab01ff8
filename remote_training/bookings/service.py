"""Booking, moving and giving back a place; a place that is freed goes to who waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remote_training.audit import service as audit
from remote_training.bookings import places, queries, rules, waiting_list
from remote_training.bookings.errors import (
    AlreadyBooked,
    GivenBack,
    HasBegun,
    OtherKind,
)
from remote_training.bookings.models import Booking
from remote_training.classes import queries as classes_queries
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.participants.models import Participant

CONFIRMED = "booking_confirmed"
GAVE_IT_BACK = say("You gave this place back. You can book another class.")


def book(
    participant: Participant,
    session: Session,
    *,
    now: datetime,
    by: UUID | None,
    mail: str = CONFIRMED,
) -> Booking:
    """Give the participant a place, and queue the mail of this kind that says so.

    Raises
    ------
    NotTakingPart, NotCleared, NotBegun, ProgrammeOver, OtherProgramme, BookingClosed,
    AlreadyBooked, Overlap, NoRest, WeekFull, SessionFull
        Asked in this order; where one speaks, nothing is written for her.
    """
    places.one_at_a_time(participant)
    return _book(participant, session, now, by, mail)


def book_once(
    participant: Participant, session: Session, *, now: datetime, by: UUID | None
) -> Booking:
    """As `book`; where she holds a place in this class already, that one is given.

    So a second press, or a page loaded again, ends where the first one did.
    """
    places.one_at_a_time(participant)
    return _book_once(participant, session, now, by)


def book_hers(account_id: UUID, session_id: UUID, *, now: datetime) -> Booking:
    """As `book_once`, by the participant who signs in with this account; or `NotFound`."""
    her = places.locked(account_id)
    return _book_once(her, classes_queries.hour(session_id), now, account_id)


def _book_once(
    participant: Participant, session: Session, now: datetime, by: UUID | None
) -> Booking:
    try:
        return _book(participant, session, now, by, CONFIRMED)
    except AlreadyBooked:
        held = queries.live(participant, session)
        if held is None:
            raise
        return held


def _book(her: Participant, session: Session, now: datetime, by: UUID | None, mail: str) -> Booking:
    """Book for somebody whose row is locked."""
    places.check(her, session, now)
    waiting_list.take(her, session, now=now)
    booking = places.add(her, session, now)
    places.tell(mail, booking, not_after=session.starts_at, now=now)
    audit.note("bookings.book", "booking", booking.id, by=by, now=now, participant=str(her.id))
    return booking


def book_all(
    participant_id: UUID, session_ids: Sequence[UUID], *, now: datetime, by: UUID | None
) -> list[UUID]:
    """Book many classes, each in a transaction of its own; returns the ids of the new bookings.

    One that is refused leaves the others as they are, and those that she holds are left alone:
    asking again books nothing twice. Of one class she gets the mail that every booking has; of
    several a short one for her calendar each, and one that lists them all.
    """
    mail = CONFIRMED if len(session_ids) == 1 else "booking_in_calendar"
    booked: list[Booking] = []
    for session_id in session_ids:
        with suppress(Refused), unit_of_work():
            her = db.session.get_one(Participant, participant_id)
            hour = classes_queries.session(session_id)
            booked.append(book(her, hour, now=now, by=by, mail=mail))
    if booked and len(session_ids) > 1:
        with unit_of_work():
            _tell_of_all(booked, now=now)
    return [booking.id for booking in booked]


def move(booking: Booking, session: Session, *, now: datetime, by: UUID | None) -> Booking:
    """Give a place back and take one in another class of the same kind, or do neither.

    Returns the new booking, which has an entry of its own in her calendar; where she holds
    a place there already, because the button was pressed twice, that one.

    Raises
    ------
    GivenBack, HasBegun, OtherKind, BookingClosed
        For the class that she leaves, in this order; the last where it was called off.
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
        raise GivenBack(GAVE_IT_BACK)
    left = booking.session
    if now >= left.starts_at:
        raise HasBegun(say("This class has already begun: your place can no longer be moved."))
    if session.module != left.module:
        raise OtherKind(say("A place can be moved to a class of the same kind only."))
    places.check(booking.participant, session, now, leaves=left.id)
    for hour in sorted((left, session), key=lambda hour: hour.id):  # one order for all who move
        places.lock(hour)
    rules.check_is_open(left, True)  # it may have been called off on another screen
    waiting_list.take(booking.participant, session, now=now)
    if not places.give_back(booking, now):  # at another screen, while we waited for the class
        raise GivenBack(GAVE_IT_BACK)
    moved = places.add(booking.participant, session, now)
    waiting_list.fill(left, now=now)
    places.tell("booking_moved", booking, not_after=left.ends_at, now=now, moved_to=str(moved.id))
    places.tell(CONFIRMED, moved, not_after=session.starts_at, now=now)
    audit.note(
        "bookings.move", "booking", moved.id, by=by, now=now,
        participant=str(moved.participant_id), left=str(booking.id),
    )  # fmt: skip
    return moved


def cancel(booking: Booking, *, now: datetime, by: UUID | None, is_leaving: bool = False) -> None:
    """Give the place back, and queue the word that it is. Cancelling twice changes nothing.

    In a class that was called off there is no place to give back: nothing changes. Who
    `is_leaving` the trial gives nothing back late.
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
    if not places.give_back(booking, now, may_be_late=not is_leaving):
        return
    waiting_list.fill(session, now=now)
    places.tell("booking_cancelled", booking, not_after=session.ends_at, now=now)
    audit.note("bookings.cancel", "booking", booking.id, by=by, now=now)


def call_off(
    session: Session, *, now: datetime, by: UUID | None, reason: str, is_with_later: bool = False
) -> Sequence[Booking]:
    """Call off a class and tell everybody who holds a place; returns their bookings.

    The bookings keep their rows as they were: the trial counts classes that were called
    off apart from places given back. Calling off twice tells nobody twice.
    """
    if not classes.call_off(session, now=now, by=by, reason=reason, is_with_later=is_with_later):
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


def _tell_of_all(booked: Sequence[Booking], *, now: datetime) -> None:
    her = booked[0].participant
    outbox.queue(
        "programme_booked",
        to=her.contact_id,
        facts={"participant_id": str(her.id), "booking_ids": [str(one.id) for one in booked]},
        not_after=max(one.session.starts_at for one in booked),
        now=now,
    )
