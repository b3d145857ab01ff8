"""The numbers behind the pictures on the page about the data: pooled over the arms, rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean, median, quantiles, stdev
from uuid import UUID

import sqlalchemy as sa

from remote_training.assessments.models import Assessment
from remote_training.assessments.queries import days_between
from remote_training.assessments.states import OPEN, State
from remote_training.attendance.models import Attendance, Status
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db, snapshot
from remote_training.exports import sheets
from remote_training.exports.extent import Extent, extent
from remote_training.exports.measures import Measure
from remote_training.exports.rounding import FEWEST_SHOWN, rounded
from remote_training.exports.sittings import sittings
from remote_training.exports.spelling import text
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.load import Study

MOST_DRAWN = 20_000  # sittings whose scores are worked out while somebody waits
WAS_THERE = (Status.ATTENDED, Status.LATE)


@dataclass(frozen=True)
class Completeness:
    """One time-point: how many sittings have opened, and what became of them."""

    timepoint: str
    week: int
    asked: int | None
    sent: int | None
    still_open: int | None
    closed: int | None
    withdrawn: int | None


@dataclass(frozen=True)
class Spread:
    """The scores of one time-point: median and quartiles, or mean and one SD either way."""

    timepoint: str
    week: int
    n: int | None
    middle: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Week:
    """One week of the programme, counted from where each began it: places held, and how it went."""

    week: int
    people: int | None
    held: int | None
    there: int | None
    late: int | None
    excused: int | None
    technical: int | None
    away: int | None
    unknown: int | None


def reach(site_ids: Sequence[UUID], study: Study, *, shows_arm: bool, now: datetime) -> Extent:
    """What the pictures are about; the blinded get the time-points that all arms have."""
    return extent(db.session.connection(), site_ids, study=study, shows_arm=shows_arm, now=now)


def questions_asked(of: Extent) -> int:
    """How many rows `answers_long` has: one number, worked out by the database."""
    each = (
        sa.select(sheets.how_many_are_shown(of).label("shown"))
        .select_from(Assessment)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(of.people, of.sittings)
        .subquery()
    )
    return db.session.scalar(sa.select(sa.func.coalesce(sa.func.sum(each.c.shown), 0))) or 0


def completeness(of: Extent) -> Sequence[Completeness]:
    """What became of each time-point, by week."""
    found = (
        sa.select(Assessment.timepoint, Assessment.week, of.state.label("state"), sa.func.count())
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(of.people, of.sittings)
        .group_by(Assessment.timepoint, Assessment.week, sa.text("state"))
        .order_by(Assessment.week, Assessment.timepoint)
    )
    counts: dict[tuple[str, int], dict[State, int]] = {}
    for timepoint, week, state, number in db.session.execute(found):
        counts.setdefault((timepoint, week), {})[State(state)] = number
    return [_completeness(*place, states) for place, states in counts.items()]


def _completeness(timepoint: str, week: int, states: dict[State, int]) -> Completeness:
    def of(*which: State) -> int | None:
        return rounded(sum(states.get(state, 0) for state in which))

    return Completeness(
        timepoint,
        week,
        asked=of(*(state for state in State if state is not State.NOT_DUE)),
        sent=of(State.COMPLETE),
        still_open=of(*OPEN),
        closed=of(State.CLOSED),
        withdrawn=of(State.WITHDRAWN),
    )


def is_too_much(of: Extent) -> bool:
    """Whether there are more sittings than can be scored while somebody waits."""
    found = (
        sa.select(sa.func.count())
        .select_from(Assessment)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(of.people, of.sittings, Assessment.started_at.is_not(None))
    )
    return (db.session.scalar(found) or 0) > MOST_DRAWN


def spreads(of: Extent, measure: Measure, *, by_mean: bool) -> Sequence[Spread]:
    """The values of one measure at each time-point, by week; nothing where there is no sitting."""
    begun = Assessment.started_at.is_not(None)
    own = replace(
        of,
        sittings=sa.and_(of.sittings, begun),
        forms=sa.and_(of.forms, measure.forms()),
    )
    values: dict[tuple[int, str], list[float]] = {}
    with snapshot(db.engine) as connection:
        for sitting in sittings(connection, own):
            _number, timepoint, week = sitting.key
            found = values.setdefault((week, timepoint), [])
            value = measure.of(sitting)
            if value is not None:
                found.append(value)
    return [_spread(*place, values[place], by_mean=by_mean) for place in sorted(values)]


def _spread(week: int, timepoint: str, values: Sequence[float], *, by_mean: bool) -> Spread:
    n = len(values)
    if n < FEWEST_SHOWN:
        return Spread(timepoint, week, None)
    if by_mean:
        middle, sd = fmean(values), stdev(values)
        return Spread(timepoint, week, rounded(n), middle, middle - sd, middle + sd)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(timepoint, week, rounded(n), median(values), low, high)


def attendance(of: Extent, study: Study) -> Sequence[Week]:
    """The classes that are over, by week of each woman's own programme.

    Only for somebody who may see the arm: who trains in which week tells it.
    """
    starts = sa.case(
        {arm.code: arm.trains_from_week * 7 for arm in study.arms}, value=Allocation.arm
    )
    day = days_between(Session.on_date, Participant.baseline_on) - starts
    week = (day // 7 + 1).label("week")
    status = sa.func.coalesce(text(Attendance.status), text(Attendance.machine_status))
    found = (
        sa.select(
            week,
            sa.func.count(Participant.id.distinct()),
            sa.func.count(),
            *(_how_many(status == one.value) for one in Status),
        )
        .select_from(Booking)
        .join(Participant, Participant.id == Booking.participant_id)
        .join(Allocation, Allocation.participant_id == Participant.id)
        .join(Session, Session.id == Booking.session_id)
        .outerjoin(Attendance, Attendance.booking_id == Booking.id)
        .where(
            of.people,
            Booking.cancelled_at.is_(None),
            Session.called_off_at.is_(None),
            Session.ends_at <= of.now,
            day >= 0,
        )
        .group_by(sa.text("week"))
        .order_by(sa.text("week"))
    )
    return [_week(*row) for row in db.session.execute(found)]


def _week(week: int, people: int, held: int, *each: int) -> Week:
    by_status = dict(zip(Status, each, strict=True))
    there = sum(by_status[status] for status in WAS_THERE)
    return Week(
        week,
        people=rounded(people),
        held=rounded(held),
        there=rounded(there),
        late=rounded(by_status[Status.LATE]),
        excused=rounded(by_status[Status.EXCUSED]),
        technical=rounded(by_status[Status.TECHNICAL]),
        away=rounded(by_status[Status.NO_SHOW]),
        unknown=rounded(held - sum(each)),
    )


def _how_many(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))
