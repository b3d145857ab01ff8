"""What invented people do: book, cancel, come, come late, stay away, answer, put off."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from remote_training.assessments import queries as questions
from remote_training.assessments import service as assessments
from remote_training.assessments.models import Assessment, Device
from remote_training.assessments.sitting import sitting
from remote_training.attendance import service as attendance
from remote_training.attendance.models import Status
from remote_training.bookings import queries as places
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.demo.stage import Stage
from remote_training.meetings import service as meetings
from remote_training.meetings.models import EventKind
from remote_training.participants.models import Participant

COMES, LATE, TROUBLE, EXCUSED = 0.78, 0.86, 0.90, 0.94  # shares; the rest stays away
DEVICES = (Device.PHONE, Device.PHONE, Device.TABLET, Device.COMPUTER)
PUTS_OFF, STOPS_HALFWAY, KEEPS_BACK = 0.3, 0.12, 0.05


def morning(stage: Stage) -> None:
    """One morning of everybody: places booked for the days ahead, questions answered."""
    for participant_id in stage.people:
        participant = db.session.get_one(Participant, participant_id)
        _book_ahead(stage, participant)
        _answer_what_is_open(stage, participant)


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
    for booking in _by_number(session):
        drawn = stage.draw.random()
        if drawn < LATE:
            late = stage.draw.randint(-8, 3) if drawn < COMES else stage.draw.randint(12, 25)
            _stay(stage, booking, session.starts_at + timedelta(minutes=late), session.ends_at)
    attendance.settle(now=stage.now)
    for booking in _by_number(session):
        drawn = stage.draw.random()
        if TROUBLE > drawn > LATE and stage.draw.random() < 0.5:
            _say(stage, booking, Status.TECHNICAL, "No sound on her tablet; rang me.")
        elif EXCUSED > drawn > TROUBLE:
            _say(stage, booking, Status.EXCUSED, "Told us beforehand.")


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
    attendance.recompute(booking, now=stage.now)


def _say(stage: Stage, booking: Booking, status: Status, reason: str) -> None:
    trainer = booking.session.trainer_id
    attendance.set_status(booking, status, reason=reason, now=stage.now, by=trainer)


def _book_ahead(stage: Stage, participant: Participant) -> None:
    """Book what begins within four days, mostly; give a place back now and then."""
    for offer in places.offered(participant, now=stage.now):
        session = offer.session
        if session.starts_at - stage.now > timedelta(days=4) or offer.booking is not None:
            continue
        if offer.places_left and stage.draw.random() < 0.75:
            _book(stage, participant, session)
    for booking in places.upcoming(participant, now=stage.now):
        if booking.session.starts_at > stage.now and stage.draw.random() < 0.04:
            bookings.cancel(booking, now=stage.now, by=participant.account_id)


def _book(stage: Stage, participant: Participant, session: Session) -> None:
    try:
        with db.session.begin_nested():
            bookings.book(participant, session, now=stage.now, by=participant.account_id)
    except Refused:
        return


def _answer_what_is_open(stage: Stage, participant: Participant) -> None:
    today = stage.now.astimezone(ZoneInfo(participant.zone)).date()
    for assessment in questions.open_for(participant, now=stage.now):
        if assessment.due_on <= today and stage.draw.random() > PUTS_OFF:
            _answer(stage, assessment)


def _answer(stage: Stage, assessment: Assessment) -> None:
    """Answer a sitting; some stop on the way, some keep an answer back."""
    asked = sitting(assessment).questions
    stops = stage.draw.random() < STOPS_HALFWAY
    level, device = stage.draw.random() * 0.7, stage.draw.choice(DEVICES)
    for question in asked[: 3 if stops else len(asked)]:
        values = sorted(question.item.answers.values())
        drawn = level + stage.draw.uniform(-0.2, 0.2)
        given = values[round(min(1.0, max(0.0, drawn)) * (len(values) - 1))]
        kept_back = stage.draw.random() < KEEPS_BACK
        assessments.save(
            assessment,
            question.form,
            question.item.code,
            None if kept_back else given,
            now=stage.now,
            device=device,
        )
    if not stops:
        assessments.finish(assessment, now=stage.now)
