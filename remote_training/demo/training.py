"""What invented trainers write down after a class: mostly as planned, at times less."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from remote_training.attendance import queries as attendance
from remote_training.attendance import training, training_queries, training_service
from remote_training.attendance.training import RATINGS, Amount, Done, Entry, Item, Why
from remote_training.attendance.training_queries import WAS_THERE
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.demo.stage import Stage
from remote_training.studies.current import study
from remote_training.studies.exercises import EFFORTS

LATER = timedelta(days=3)  # the last classes still wait for theirs, over a weekend too
REDUCED, STOPPED, ASKED, NOTED = 0.12, 0.04, 0.6, 0.5


def enter(stage: Stage, session: Session, booked: Sequence[Booking]) -> None:
    """Write down one class, by way of the service that trainers use."""
    if stage.end - session.ends_at < LATER:
        return
    known = attendance.of_bookings([booking.id for booking in booked])
    here = [one for one in booked if one.id in known and known[one.id].counts_as in WAS_THERE]
    if not here:
        return
    draw = Random(f"{stage.seed} {session.starts_at} {session.module}")  # noqa: S311
    plan = training_queries.usual_plan(session)
    items = training.items(study().library.plan(plan), study().library)
    asked = draw.random() < ASKED
    training_service.enter(
        session,
        {booking.id: _entry(draw, booking, items, asked=asked) for booking in here},
        plan,
        seen=0,
        now=stage.now,
        by=session.trainer_id,
    )


def _entry(draw: Random, booking: Booking, items: Sequence[Item], *, asked: bool) -> Entry:
    """One person: an effort of 2 to 7; at times a complaint, less of one exercise, a note."""
    less = draw.random() < REDUCED
    stopped = draw.random() < STOPPED
    return Entry(
        effort=EFFORTS[draw.randint(3, 8)],
        ratings={name: max(0, draw.randint(-3, 2)) for name in RATINGS} if asked else {},
        note=_note(booking) if less and draw.random() < NOTED else "",
        stopped_early=stopped,
        why=draw.choice(list(Why)) if less or stopped else None,
        done=_less(draw, items) if less and items else {},
    )


def _note(booking: Booking) -> str:
    return f"{booking.participant.contact.first_name} asked for something lighter."


def _less(draw: Random, items: Sequence[Item]) -> dict[str, Done]:
    item = draw.choice(items)
    planned = item.planned
    if draw.random() < 0.3:
        return {item.exercise: Done(Amount(), is_left_out=True)}
    if planned.minutes is not None:
        return {item.exercise: Done(Amount(minutes=max(1.0, planned.minutes - 2)))}
    fewer = Amount(
        planned.sets, max(1, (planned.repetitions or 1) - 3), None, planned.load_kg, planned.band
    )
    return {item.exercise: Done(fewer)}
