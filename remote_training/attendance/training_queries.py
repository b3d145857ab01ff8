"""What was trained, as it stands: the sheet of a class, and which classes wait for theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.attendance import roster, training
from remote_training.attendance.models import Attendance, Status
from remote_training.attendance.training import RATINGS, Amount, Done, Entry, How, Item
from remote_training.attendance.training_models import ClassTraining, ExerciseDone, Trained
from remote_training.bookings import rules
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.current import study
from remote_training.studies.exercises import ClassPlan, Load

ANEW = {"populate_existing": True}  # read before a lock, and once more after it
WAS_THERE = frozenset({Status.ATTENDED, Status.LATE})


@dataclass(frozen=True)
class Line:
    """One person of a sheet: for one page, never kept.

    Attributes
    ----------
    is_there
        She was there; False where nobody knows, or where only a row from before says so.
    entry
        What was entered; an empty one where nothing was.
    """

    booking_id: UUID
    name: str
    is_there: bool
    is_entered: bool
    entry: Entry


@dataclass(frozen=True)
class Sheet:
    """The training of one class.

    Attributes
    ----------
    lines
        Who was there, or may have been, by name.
    absent
        The names of those who were not.
    plan
        The code of the plan that was entered, or of the one that is usual for this class.
    items
        Its exercises, as they were planned when it was entered.
    revision
        How often it was saved; 0 while it was not entered.
    saved_by
        Who saved it last.
    """

    lines: Sequence[Line]
    absent: Sequence[str]
    plan: str | None
    items: Sequence[Item]
    revision: int
    saved_at: datetime | None
    saved_by: str


def sheet(session: Session, *, now: datetime, also: Collection[UUID] = ()) -> Sheet:
    """The sheet of a class; in a fixed number of statements, however many are in it.

    `also` are bookings that are on it although she was not there: what is typed stays.
    """
    booked = sorted(roster.of(session, now=now), key=_by_name)
    rows = trained([line.booking_id for line in booked])
    done = exercises([row.id for row in rows.values()])
    saved = of_session(session.id)
    plan = saved.plan if saved is not None else usual_plan(session)
    on_it = {*rows, *also}
    here = [one for one in booked if one.status in {None, *WAS_THERE} or one.booking_id in on_it]
    return Sheet(
        lines=[_line(line, rows.get(line.booking_id), done) for line in here],
        absent=[line.name for line in booked if line not in here],
        plan=plan,
        items=items(plan, rows.values(), done),
        revision=saved.revision if saved is not None else 0,
        saved_at=saved.saved_at if saved is not None else None,
        saved_by=_name(saved.saved_by_id) if saved is not None else "",
    )


def of_session(session_id: UUID) -> ClassTraining | None:
    """That the training of a class was entered; None where it was not."""
    found = sa.select(ClassTraining).where(ClassTraining.session_id == session_id)
    return db.session.scalars(found, execution_options=ANEW).one_or_none()


def trained(booking_ids: Collection[UUID]) -> dict[UUID, Trained]:
    """What was entered for these bookings, by booking."""
    found = sa.select(Trained).where(Trained.booking_id.in_(booking_ids)).order_by(Trained.id)
    return {row.booking_id: row for row in db.session.scalars(found, execution_options=ANEW)}


def exercises(trained_ids: Collection[UUID]) -> dict[UUID, list[ExerciseDone]]:
    """The exercises of some people, each in the order of the plan."""
    found = (
        sa.select(ExerciseDone)
        .where(ExerciseDone.trained_id.in_(trained_ids))
        .order_by(ExerciseDone.trained_id, ExerciseDone.position)
    )
    by_person: dict[UUID, list[ExerciseDone]] = {}
    for row in db.session.scalars(found):
        by_person.setdefault(row.trained_id, []).append(row)
    return by_person


def items(
    plan: str | None, rows: Collection[Trained], done: Mapping[UUID, Sequence[ExerciseDone]]
) -> list[Item]:
    """The exercises of a plan: as they were planned where somebody has it, else by the library."""
    for row in rows:
        if plan is not None and row.plan == plan and done.get(row.id):
            return [_item(one) for one in done[row.id]]
    return training.items(study().library.plan(plan), study().library)


def usual_plan(session: Session) -> str | None:
    """The plan of its module for the week of the programme in which most of its people are.

    Of two weeks with as many the earlier one; the first where no week is known.
    """
    found = (
        sa.select(Participant.baseline_on, Allocation.arm)
        .join(Booking, Booking.participant_id == Participant.id)
        .join(Allocation, Allocation.participant_id == Participant.id)
        .where(Booking.session_id == session.id, Booking.cancelled_at.is_(None))
    )
    firsts = [rules.first_day(*row) for row in db.session.execute(found)]
    weeks = Counter((session.on_date - first).days // 7 + 1 for first in firsts if first)
    week = min(weeks, key=lambda one: (-weeks[one], one)) if weeks else 1
    plan = study().library.plan_for(session.module, week)
    return plan.code if plan is not None else None


def plans(module: str) -> Sequence[ClassPlan]:
    """All plans of the library, those of a module first."""
    return sorted(study().library.plans, key=lambda plan: plan.module != module)


def waiting(sessions: Collection[Session], *, now: datetime) -> set[UUID]:
    """Those of some classes that are over, in which somebody was or may have been, and whose
    training is not entered.
    """
    over = {one.id for one in sessions if one.ends_at <= now and not one.is_called_off}
    status = sa.func.coalesce(Attendance.status, Attendance.machine_status)
    found = (
        sa.select(Booking.session_id)
        .outerjoin(Attendance, Attendance.booking_id == Booking.id)
        .where(
            Booking.session_id.in_(over),
            Booking.cancelled_at.is_(None),
            sa.or_(status.is_(None), status.in_(WAS_THERE)),
            ~sa.exists().where(ClassTraining.session_id == Booking.session_id),
        )
        .distinct()
    )
    return set(db.session.scalars(found)) if over else set()


def entry(row: Trained, done: Sequence[ExerciseDone]) -> Entry:
    """What a person's rows say, as it was entered."""
    ratings = {name: getattr(row, name) for name in RATINGS}
    told = {one.exercise: (_done(one), _item(one)) for one in done}
    return Entry(
        effort=row.effort,
        ratings={name: value for name, value in ratings.items() if value is not None},
        note=row.note,
        stopped_early=row.stopped_early,
        why=row.why,
        done={code: one for code, (one, item) in told.items() if one != Done(item.planned)},
    )


def _line(line: roster.Line, row: Trained | None, done: Mapping[UUID, list[ExerciseDone]]) -> Line:
    return Line(
        booking_id=line.booking_id,
        name=line.name,
        is_there=line.status in WAS_THERE,
        is_entered=row is not None,
        entry=Entry() if row is None else entry(row, done.get(row.id, [])),
    )


def _item(row: ExerciseDone) -> Item:
    known = study().library.exercise(row.exercise)
    planned = Amount(
        row.planned_sets,
        row.planned_repetitions,
        row.planned_minutes,
        row.planned_load_kg,
        row.planned_band,
    )
    return Item(row.exercise, row.kind, planned, known.load if known else Load.NONE)


def _done(row: ExerciseDone) -> Done:
    amount = Amount(
        row.done_sets, row.done_repetitions, row.done_minutes, row.done_load_kg, row.done_band
    )
    if row.how is How.LEFT_OUT:
        return Done(Amount(), is_left_out=True)
    return Done(amount, is_easier=row.is_easier)


def _by_name(line: roster.Line) -> tuple[str, UUID]:
    return line.name.casefold(), line.booking_id


def _name(account_id: UUID) -> str:
    return db.session.get_one(Account, account_id).contact.name
