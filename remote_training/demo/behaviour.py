"""What invented people do about classes: book, cancel, come, come late, stay away, leave."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from remote_training.attendance import service as attendance
from remote_training.attendance.models import Status
from remote_training.bookings import fit, overview
from remote_training.bookings import queries as places
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.bookings.overview import Slot
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.demo import incidents, training
from remote_training.demo.stage import Life, Stage
from remote_training.meetings import service as meetings
from remote_training.meetings.models import EventKind
from remote_training.participants.models import Participant
from remote_training.studies.current import study
from remote_training.withdrawals import service as withdrawals

COMES, LATE, TROUBLE, EXCUSED = 0.78, 0.86, 0.90, 0.94  # shares; the rest stays away
LOOKS_ON = (2, 6)  # Wednesdays and Sundays she looks at what can be booked
AHEAD = timedelta(days=5)
BOOKS, CANCELS = 0.75, 0.04
LAST_WEEK, EVERY_OTHER = timedelta(days=8), 2  # they wait for the class that begins in ten minutes


def morning(stage: Stage) -> None:
    """One morning of everybody: some leave the trial, some book places for the days ahead."""
    today = stage.now.date()
    looks = stage.now.weekday() in LOOKS_ON
    is_last_week = stage.now > stage.end - LAST_WEEK
    for n, life in enumerate(stage.people):
        if life.leaves_on is not None and life.leaves_on <= today:
            if life.leaves_on == today:
                _leave(stage, db.session.get_one(Participant, life.participant_id))
        elif (
            looks
            and (not is_last_week or n % EVERY_OTHER)
            and life.trains
            and life.trains[0] - AHEAD <= today < life.trains[1]
        ):
            _look_at_classes(stage, life, life.trains[1])


def try_to_book(stage: Stage, participant_id: UUID, session_id: UUID) -> bool:
    """Book a class if the rules allow it; whether they did."""
    try:
        with unit_of_work():
            participant = db.session.get_one(Participant, participant_id)
            session = db.session.get_one(Session, session_id)
            bookings.book(participant, session, now=stage.now, by=participant.account_id)
    except Refused:
        return False
    return True


def after_class(stage: Stage, session_id: UUID) -> None:
    """What was seen of one class: who came, for how long, and what the trainer says of it."""
    session = db.session.get_one(Session, session_id)
    booked = _by_number(session)
    for booking in booked:
        drawn = stage.draw.random()
        if drawn < LATE:
            late = stage.draw.randint(-8, 3) if drawn < COMES else stage.draw.randint(12, 25)
            _stay(stage, booking, session.starts_at + timedelta(minutes=late), session.ends_at)
    for booking in booked:
        attendance.recompute(booking, now=stage.now)  # the worker may have settled it before
        drawn = stage.draw.random()
        if TROUBLE > drawn > LATE and stage.draw.random() < 0.5:
            _say(stage, booking, Status.TECHNICAL, "No sound on her tablet; rang me.")
        elif EXCUSED > drawn > TROUBLE:
            _say(stage, booking, Status.EXCUSED, "Told us beforehand.")
    training.enter(stage, session, booked)
    incidents.after_class(stage, session, booked)


def _by_number(session: Session) -> list[Booking]:
    """The bookings of a class in an order that a seed decides, not the ids."""
    return sorted(places.roster(session), key=lambda booking: booking.participant.study_number)


def _stay(stage: Stage, booking: Booking, came: datetime, until: datetime) -> None:
    """One visit to the room, or two where the line broke."""
    left = until + timedelta(minutes=stage.draw.randint(-2, 1))
    broke = came + timedelta(minutes=stage.draw.randint(20, 30))
    visits = [(came, left)]
    if stage.draw.random() < 0.12:
        visits = [(came, broke), (broke + timedelta(minutes=2), left)]
    for n, (joined, gone) in enumerate(visits):
        connection = f"{booking.id}-{n}"
        for kind, at in ((EventKind.JOINED, joined), (EventKind.LEFT, gone)):
            meetings.receive(
                provider="offline",
                session_id=booking.session_id,
                booking_id=booking.id,
                kind=kind,
                connection=connection,
                happened_at=at,
                key=f"{connection}-{kind}",
                now=stage.now,
            )


def _say(stage: Stage, booking: Booking, status: Status, reason: str) -> None:
    trainer = booking.session.trainer_id
    attendance.set_status(booking, status, reason=reason, now=stage.now, by=trainer)


def _look_at_classes(stage: Stage, life: Life, until: date) -> None:
    """Book what begins soon, mostly: one class of each kind a day; give a place back at times."""
    participant = db.session.get_one(Participant, life.participant_id)
    held = places.held(participant, now=stage.now)
    kinds = {_kind(booking.session.module, booking.session.starts_at) for booking in held}
    for slot in overview.bookable(participant, fit.held(held), now=stage.now):
        kind = _kind(slot.module, slot.starts_at)
        is_soon = slot.starts_at - stage.now <= AHEAD and slot.starts_at.date() < until
        if is_soon and kind not in kinds and slot.places_left and stage.draw.random() < BOOKS:
            kinds |= {kind} if _book(stage, participant, slot) else set()
    for booking in held:
        if booking.session.starts_at > stage.now and stage.draw.random() < CANCELS:
            bookings.cancel(booking, now=stage.now, by=participant.account_id)


def _kind(module: str, starts_at: datetime) -> tuple[str, date | tuple[int, int]]:
    """A class for one complaint once a week, one for everybody once a day."""
    if study().module(module).is_specific:
        return module, starts_at.isocalendar()[:2]
    return module, starts_at.date()


def _book(stage: Stage, participant: Participant, slot: Slot) -> bool:
    session = db.session.get_one(Session, slot.session_id)
    try:
        with db.session.begin_nested():
            bookings.book(participant, session, now=stage.now, by=participant.account_id)
    except Refused:
        return False
    return True


def _leave(stage: Stage, participant: Participant) -> None:
    """She leaves the trial: her places are given back, her links end, nothing more is asked."""
    by, today = stage.by(participant.site), stage.now.date()
    withdrawals.leave(participant, on=today, reason=None, now=stage.now, by=by)
