"""What happens to invented people in and round classes, and what their coordinator does about it.

Nothing is drawn from the seed: the same classes have the same events, whatever else is invented.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from remote_training.accounts.models import Account
from remote_training.bookings import queries as places
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.demo.stage import Stage
from remote_training.safety import event_queries as events
from remote_training.safety import event_service as service
from remote_training.safety.event_models import (
    Action,
    AdverseEvent,
    Care,
    Outcome,
    Phase,
    Related,
)
from remote_training.safety.event_rules import Told

EVERY = 5  # of so many classes of a site that somebody booked, one has an event
MINOR = (("muscle_joint_pain", 1), ("fatigue_worse", 1), ("dizziness", 2), ("fall", 2))


def after_class(stage: Stage, session: Session, booked: list[Booking]) -> None:
    """In some classes something minor happens; older events are filled in and closed."""
    if not booked:
        return
    stage.held[session.site_id] = held = stage.held.get(session.site_id, 0) + 1
    if held % EVERY:
        return
    trainer = db.session.get_one(Account, session.trainer_id)
    term, grade = MINOR[held // EVERY % len(MINOR)]
    her = booked[held % len(booked)].participant
    event_id, _ = service.record(
        her, term, grade, session=session, key=uuid4(), by=trainer, now=stage.now
    )
    event = db.session.get_one(AdverseEvent, event_id)
    coordinator = db.session.get_one(Account, stage.by(her.site))
    if held // EVERY % 3 != 2:  # of every third one details are still missing
        _fill_in(stage, event, session, trainer)
        _look_after(stage, event, Care.CLOSED, coordinator)
    else:
        _look_after(stage, event, Care.SEEN, coordinator)


def just_now(stage: Stage, session_id: UUID) -> None:
    """Something that nobody has looked at yet: before the class that begins in a few minutes."""
    session = db.session.get_one(Session, session_id)
    booked = places.roster(session)
    if not booked:
        return
    her = min((booking.participant for booking in booked), key=lambda one: one.study_number)
    trainer = db.session.get_one(Account, session.trainer_id)
    service.record(her, "dizziness", 1, session=session, key=uuid4(), by=trainer, now=stage.now)


def _fill_in(stage: Stage, event: AdverseEvent, session: Session, by: Account) -> None:
    stands = events.newest(event.id)
    told = replace(
        Told.of(stands),
        phase=Phase.DURING,
        onset_at=session.starts_at + timedelta(minutes=25),
        is_serious=False,
        related=Related.PROBABLE,
        actions=(Action.CHANGED,),
        outcome=Outcome.RECOVERED,
        outcome_on=session.on_date,
    )
    service.amend(event, told, number=stands.number, why="", key=uuid4(), by=by, now=stage.now)


def _look_after(stage: Stage, event: AdverseEvent, care: Care, by: Account) -> None:
    number = events.newest(event.id).number
    service.look_after(event, care, "", number=number, key=uuid4(), by=by, now=stage.now)
