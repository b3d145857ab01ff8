"""The programmes of many people, read in few statements however many they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.attendance import dose, outcomes, work
from remote_training.attendance.dose import Course, Place, Plan
from remote_training.attendance.models import Attendance, Status
from remote_training.attendance.training import Volume
from remote_training.attendance.training_models import Trained
from remote_training.attendance.work import Record
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.load import Study

AT_A_TIME = 5000
Held = Mapping[tuple[UUID, str], Mapping[date, int]]  # by site and module: how many on which day


def courses(
    connection: sa.Connection,
    people: sa.ColumnElement[bool],
    *,
    study: Study,
    now: datetime,
    streamed: bool = True,
) -> Iterator[tuple[str, Course]]:
    """The programmes of those for whom `people` holds, each after its study number, by that.

    Whose baseline or arm is not known has none yet, and is left out; so is everybody in a
    study whose programme has no end, or whose modules have no number of classes a week. What
    is `streamed` needs a transaction.
    """
    if study.booking.programme_weeks is None:
        return
    held = _held(connection, people)
    volumes = cache(lambda complaint: work.volumes(study, planned(study, complaint)))
    options = {"yield_per": AT_A_TIME} if streamed else {}
    with connection.execute(_places(people), execution_options=options) as rows:
        for number, own in groupby(rows, key=lambda row: row.study_number):
            yield number, _course(list(own), held, study, volumes, now)


def of(participant_id: UUID, *, study: Study, now: datetime) -> Course | None:
    """The programme of one person so far; None while it is not known when it begins."""
    connection, is_her = db.session.connection(), Participant.id == participant_id
    one = courses(connection, is_her, study=study, now=now, streamed=False)
    return next((course for _, course in one), None)


def planned(study: Study, complaint: str | None) -> dict[str, int]:
    """How many classes a week of each of her modules the protocol plans."""
    return {
        module.code: module.most_per_week
        for module in study.modules
        if module.most_per_week is not None and (not module.is_specific or module.code == complaint)
    }


def _places(people: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Everybody with all her bookings; one row without a booking for who has none."""
    return (
        sa.select(
            Participant.study_number,
            Participant.site_id,
            Participant.zone,
            Participant.complaint,
            Participant.baseline_on,
            Allocation.arm,
            Booking.id.label("booking_id"),
            Booking.cancelled_at,
            Booking.is_late,
            Booking.session_id,
            Session.on_date,
            Session.starts_at,
            Session.ends_at,
            Session.module,
            Session.called_off_at,
            sa.func.coalesce(Attendance.status, Attendance.machine_status).label("status"),
            Attendance.machine_status,
            Attendance.machine_minutes,
            Attendance.is_imputed,
            Attendance.last_left_at,
            Trained.id.label("trained_id"),
            Trained.is_reduced,
            Trained.stopped_early,
            Trained.minutes_done,
            Trained.repetitions_done,
            Trained.load_done_kg,
        )
        .join(Allocation, Allocation.participant_id == Participant.id)
        .outerjoin(Booking, Booking.participant_id == Participant.id)
        .outerjoin(Session, Session.id == Booking.session_id)
        .outerjoin(Attendance, Attendance.booking_id == Booking.id)
        .outerjoin(Trained, Trained.booking_id == Booking.id)
        .where(people, Participant.baseline_on.is_not(None))
        .order_by(Participant.study_number, Session.starts_at, Booking.id)
    )


def _held(connection: sa.Connection, people: sa.ColumnElement[bool]) -> Held:
    """Classes of their sites that were not called off: how many of a module on which day."""
    sites = sa.select(Participant.site_id).where(people)
    found = (
        sa.select(Session.site_id, Session.module, Session.on_date, sa.func.count())
        .where(Session.called_off_at.is_(None), Session.site_id.in_(sites))
        .group_by(Session.site_id, Session.module, Session.on_date)
    )
    by_kind: dict[tuple[UUID, str], dict[date, int]] = {}
    for site_id, module, on_date, number in connection.execute(found):
        by_kind.setdefault((site_id, module), {})[on_date] = number
    return by_kind


def _course(
    rows: list[Any],
    held: Held,
    study: Study,
    volumes: Callable[[str | None], list[Volume]],
    now: datetime,
) -> Course:
    first = rows[0]
    plan = Plan(
        first_on=first.baseline_on + timedelta(weeks=study.arm(first.arm).trains_from_week),
        weeks=study.booking.programme_weeks or 0,
        a_week=planned(study, first.complaint),
        class_minutes=study.booking.class_minutes,
        volumes=volumes(first.complaint),
    )
    offered: Counter[tuple[int, str]] = Counter()
    for module in plan.a_week:
        for on_date, number in held.get((first.site_id, module), {}).items():
            offered[plan.week_of(on_date), module] += number
    rows = _one_a_class(rows)
    places = [place for row in rows if row.booking_id and (place := _place(row, study, now))]
    today = now.astimezone(ZoneInfo(first.zone)).date()
    return dose.course(plan, places, offered, today=today)


def _one_a_class(rows: list[Any]) -> list[Any]:
    """What counts where she held a place more than once: what she holds, or gave back late."""

    def least_first(row: Any) -> tuple[bool, bool]:
        return row.cancelled_at is None, bool(row.is_late)

    return list({row.session_id: row for row in sorted(rows, key=least_first)}.values())


def _place(row: Any, study: Study, now: datetime) -> Place | None:
    """The place of a row; None for one that was given back in time."""
    outcome = outcomes.outcome(
        row.status,
        is_live=row.cancelled_at is None,
        is_late=row.is_late,
        is_called_off=row.called_off_at is not None,
        ends_at=row.ends_at,
        now=now,
    )
    if outcome is None:
        return None
    early = row.ends_at - timedelta(minutes=study.rules.left_early_minutes)
    left_at = None if row.is_imputed else row.last_left_at
    return Place(
        on_date=row.on_date,
        starts_at=row.starts_at,
        module=row.module,
        outcome=outcome,
        minutes=row.machine_minutes or 0.0,
        is_late=row.status is Status.LATE,
        ended_early=None if left_at is None else left_at < early,
        record=_record(row),
        is_timed=row.machine_status in (Status.ATTENDED, Status.LATE),
    )


def _record(row: Any) -> Record | None:
    if row.trained_id is None:
        return None
    done = Volume(row.minutes_done, row.repetitions_done, row.load_done_kg)
    return Record(row.is_reduced, row.stopped_early, done)
