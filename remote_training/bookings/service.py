"""Booking and giving back a place.

The database itself refuses the place too many: the counter of the class rises only
while it is below the places (a CHECK is the last line), and a partial unique index allows
one live booking for a person and a class. Locks are always taken in the order
participant, class, booking, so that no two of these verbs wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remote_training.audit import service as audit
from remote_training.bookings import fit, queries, rules
from remote_training.bookings.errors import (
    AlreadyBooked,
    GivenBack,
    HasBegun,
    OtherKind,
    SessionFull,
)
from remote_training.bookings.models import Booking
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.core import settings
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.participants.models import Participant

# every booking runs these: composed once, so that none composes them again
HELD_ABOUT_THEN = (
    sa.select(Session.id, Session.starts_at, Session.ends_at, Session.on_date, Session.module)
    .join(Booking, Booking.session_id == Session.id)
    .where(
        Booking.participant_id == sa.bindparam("participant_id"),
        Booking.cancelled_at.is_(None),
        Session.called_off_at.is_(None),
        Session.starts_at < sa.bindparam("until"),
        Session.ends_at > sa.bindparam("since"),
    )
)
ONE_PLACE = (
    sa.update(Session)
    .where(
        Session.id == sa.bindparam("session_id"),
        Session.taken < Session.places,
        Session.called_off_at.is_(None),
    )
    .values(taken=Session.taken + 1)
    .execution_options(synchronize_session=False)
)


def book(participant: Participant, session: Session, *, now: datetime, by: UUID | None) -> Booking:
    """Give the participant a place, and queue the confirmation.

    Raises
    ------
    NotTakingPart, NotCleared, NotBegun, ProgrammeOver, OtherProgramme, BookingClosed,
    AlreadyBooked, Overlap, NoRest, WeekFull, SessionFull
        Asked in this order; where one speaks, nothing is written.
    """
    _one_at_a_time(participant)
    _check(participant, session, now)
    _take_place(session)
    booking = _add(participant, session, now)
    _tell("booking_confirmed", booking, not_after=session.starts_at, now=now)
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
    _one_at_a_time(booking.participant)
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
    _check(booking.participant, session, now, leaves=left.id)
    for hour in sorted((left, session), key=lambda hour: hour.id):  # one order for all who move
        _lock(hour)
    _take_place(session)
    _give_back(booking, now)
    moved = _add(booking.participant, session, now)
    _tell("booking_cancelled", booking, not_after=left.ends_at, now=now)
    _tell("booking_confirmed", moved, not_after=session.starts_at, now=now)
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
    _lock(session)
    if not booking.is_live or session.is_called_off:
        return
    if now >= session.starts_at:
        raise HasBegun(
            say("This class has already begun: it can no longer be cancelled. Please ring us.")
        )
    if not _give_back(booking, now):
        return
    _tell("booking_cancelled", booking, not_after=session.ends_at, now=now)
    audit.note("bookings.cancel", "booking", booking.id, by=by, now=now)


def call_off(session: Session, *, now: datetime, by: UUID | None, reason: str) -> Sequence[Booking]:
    """Call off a class and tell everybody who holds a place; returns their bookings.

    The bookings keep their rows as they were: the trial counts classes that were called
    off apart from places given back. Calling off twice tells nobody twice.
    """
    if not classes.call_off(session, now=now, by=by, reason=reason):
        return []
    told = queries.roster(session)
    changed = sa.update(Booking).where(Booking.id.in_([booking.id for booking in told]))
    db.session.execute(
        changed.values(sequence=Booking.sequence + 1).execution_options(synchronize_session=False)
    )
    for booking in told:
        db.session.expire(booking, ["sequence"])
        _tell("class_called_off", booking, not_after=session.ends_at, now=now)
    return told


def _one_at_a_time(participant: Participant) -> None:
    """Lock her row, and read again what may have changed until it could be locked."""
    newest = ["consented_on", "withdrawn_on", "cleared_on", "baseline_on", "complaint"]
    db.session.refresh(participant, newest, with_for_update={"key_share": True})


def _check(
    participant: Participant, session: Session, now: datetime, *, leaves: UUID | None = None
) -> None:
    """All that is asked before a place is taken, but for the place itself."""
    first_on = rules.check(participant, session)
    rules.check_is_open(session, session.takes_bookings(now))
    span = {"since": session.starts_at - fit.FAR, "until": session.ends_at + fit.FAR}
    rows = db.session.execute(HELD_ABOUT_THEN, {"participant_id": participant.id, **span})
    held = [fit.Hour(*row) for row in rows if row.id != leaves]
    if refusal := fit.hindrance(fit.hour_of(session), held, first_on):
        raise refusal


def _take_place(session: Session) -> None:
    taken = db.session.execute(ONE_PLACE, {"session_id": session.id})
    got_one = taken.rowcount == 1  # type: ignore[attr-defined]
    db.session.expire(session, ["taken", "called_off_at"])
    if not got_one:
        rules.check_is_open(session, True)
        raise SessionFull(
            say("This class is full. Please choose another one: somebody may cancel here as well.")
        )


def _add(participant: Participant, session: Session, now: datetime) -> Booking:
    booking = Booking(
        participant_id=participant.id,
        session_id=session.id,
        booked_at=now,
        calendar_uid=f"{uuid4().hex}@{_host()}",
    )
    booking.participant, booking.session = participant, session
    try:
        with db.session.begin_nested():
            db.session.add(booking)
    except IntegrityError as error:
        raise AlreadyBooked(say("You already have a place in this class.")) from error
    return booking


def _host() -> str:
    return settings.current().sender.rpartition("@")[2]


def _lock(session: Session) -> None:
    newest = ["called_off_at", "starts_at", "ends_at"]
    db.session.refresh(session, newest, with_for_update={"key_share": True})


def _give_back(booking: Booking, now: datetime) -> bool:
    """End a booking and free its place; True for the one call that did it."""
    session = booking.session
    ended = (
        sa.update(Booking)
        .where(Booking.id == booking.id, Booking.cancelled_at.is_(None))
        .values(
            cancelled_at=now,
            is_late=rules.is_late(now, session.starts_at),
            sequence=Booking.sequence + 1,
        )
        .execution_options(synchronize_session=False)
    )
    did_it = db.session.execute(ended).rowcount == 1  # type: ignore[attr-defined]
    db.session.expire(booking, ["cancelled_at", "is_late", "sequence"])
    if did_it:
        freed = sa.update(Session).where(Session.id == session.id).values(taken=Session.taken - 1)
        db.session.execute(freed.execution_options(synchronize_session=False))
        db.session.expire(session, ["taken"])
    return bool(did_it)


def _tell(kind: str, booking: Booking, *, not_after: datetime, now: datetime) -> None:
    outbox.queue(
        kind,
        to=booking.participant.contact_id,
        facts={"booking_id": str(booking.id)},
        not_after=not_after,
        now=now,
    )
