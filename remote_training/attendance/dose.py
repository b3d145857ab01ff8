"""How much of the programme somebody had: pure functions from places to the trials' own numbers.

The denominator is what the protocol plans, whatever was offered or booked: a class that the
study called off stays planned, and is counted apart. Unknown is not absent.

Source: protocol 1.3; Nilsen 2018, doi 10.1249/MSS.0000000000001545; Fairman 2020.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from remote_training.attendance.outcomes import MISSED, Outcome
from remote_training.attendance.training import Volume
from remote_training.attendance.work import Record, Work

WEEK = timedelta(weeks=1)
INTERRUPTION = 3  # so many missed in a row, and more


@dataclass(frozen=True)
class Place:
    """One place that she held when the class began, or gave back late.

    Attributes
    ----------
    on_date
        The day of the class in its own zone: it decides the week of her programme.
    minutes
        Of presence within the class.
    is_late
        Whether she came late.
    ended_early
        Whether she left well before the end; None where nobody knows when she left.
    record
        What was trained; None where it was not entered.
    is_timed
        Whether the room tells how long she was there; False where only a trainer's word says it.
    """

    on_date: date
    starts_at: datetime
    module: str
    outcome: Outcome
    minutes: float
    is_late: bool = False
    ended_early: bool | None = None
    record: Record | None = None
    is_timed: bool = True

    @property
    def counts(self) -> bool:
        """Whether she attended."""
        return self.outcome is Outcome.ATTENDED


@dataclass(frozen=True)
class Plan:
    """What the protocol plans for one person.

    Attributes
    ----------
    first_on
        The first day of her programme.
    weeks
        How many weeks it lasts.
    a_week
        Classes of each of her modules in a week.
    class_minutes
        How long a planned class lasts.
    volumes
        What all classes of a week come to, week by week; empty where plans do not say it.
    """

    first_on: date
    weeks: int
    a_week: Mapping[str, int]
    class_minutes: int
    volumes: Sequence[Volume] = ()

    @property
    def planned_a_week(self) -> int:
        """Classes in a week, of all modules."""
        return sum(self.a_week.values())

    def week_of(self, on: date) -> int:
        """The week of a day: 1 for the first; outside the programme under 1 or over `weeks`."""
        return (on - self.first_on) // WEEK + 1

    def is_over(self, number: int, today: date) -> bool:
        """Whether a week is over on a day."""
        return today >= self.first_on + number * WEEK


@dataclass(frozen=True)
class Week:
    """One week of somebody's programme, as counts of classes.

    Attributes
    ----------
    planned
        By the protocol: the denominator of attendance.
    offered
        Of those planned, for how many a class of that kind took place at her site.
    booked
        Places she held, or gave back late; each has one of the outcomes.
    not_offered
        Planned classes that she could not have had, once the week is over: none was held.
    unbooked
        The other planned classes for which she held no place, then: they are missed.
    missed
        Unbooked, and booked with an outcome that is missed (`MISSED`); never more than the
        planned classes that she did not attend: what was made up for in the same week is not.
    ended_early, untimed
        Of those attended: left well before the end; nobody knows how long she was there.
    minutes
        Of presence in classes that she attended, as far as it is known.
    work
        What was trained in them.
    """

    number: int
    planned: int
    offered: int
    booked: int
    outcomes: Mapping[Outcome, int]
    late: int
    ended_early: int
    untimed: int
    not_offered: int
    unbooked: int
    missed: int
    minutes: float
    is_over: bool
    work: Work

    def of(self, outcome: Outcome) -> int:
        """How many places had this outcome."""
        return self.outcomes.get(outcome, 0)


@dataclass(frozen=True)
class Course:
    """Somebody's whole programme so far, week by week, and what it comes to.

    Attributes
    ----------
    planned
        In the whole programme.
    planned_so_far
        In the weeks that are over.
    interruptions
        How often three classes or more were missed in a row.
    longest_missed
        The longest such row, also a shorter one.
    stopped_after_week
        The last week in which she attended, where she missed some after it and attended none
        until the programme was over; 0 where she attended none at all; None where she did not stop.
    """

    weeks: Sequence[Week]
    planned: int
    planned_so_far: int
    planned_minutes: int
    attended: int
    minutes: float
    interruptions: int
    longest_missed: int
    stopped_after_week: int | None

    @property
    def work(self) -> Work:
        """What was trained in the whole programme so far, of what is planned for all of it."""
        return sum((week.work for week in self.weeks), Work(planned=Volume()))

    @property
    def attendance_percent(self) -> float | None:
        """Attended of those planned so far; None before the first week is over."""
        over = sum(week.of(Outcome.ATTENDED) for week in self.weeks if week.is_over)
        return 100.0 * over / self.planned_so_far if self.planned_so_far else None

    @property
    def relative_dose_percent(self) -> float | None:
        """Minutes attended of the minutes planned in the whole programme (0 and more).

        None where of any class that she attended nobody knows how long.
        """
        if not self.planned_minutes or any(week.untimed for week in self.weeks):
            return None
        return 100.0 * self.minutes / self.planned_minutes


def course(
    plan: Plan, places: Iterable[Place], offered: Mapping[tuple[int, str], int], *, today: date
) -> Course:
    """Count a programme up to a day.

    `offered` are the classes that took place or will, by week and module. The order of the
    places does not matter; those outside the programme's weeks count nowhere.
    """
    in_order = sorted(places, key=lambda place: (place.starts_at, place.module, place.outcome))
    inside = [place for place in in_order if 1 <= plan.week_of(place.on_date) <= plan.weeks]
    held = {n: list(own) for n, own in groupby(inside, key=lambda p: plan.week_of(p.on_date))}
    weeks = [
        _week(plan, number, held.get(number, []), offered, today)
        for number in range(1, plan.weeks + 1)
    ]
    runs = _runs(held, weeks)
    over = [week for week in weeks if week.is_over]
    return Course(
        weeks=weeks,
        planned=plan.planned_a_week * plan.weeks,
        planned_so_far=sum(week.planned for week in over),
        planned_minutes=plan.planned_a_week * plan.weeks * plan.class_minutes,
        attended=sum(week.of(Outcome.ATTENDED) for week in weeks),
        minutes=sum(week.minutes for week in weeks),
        interruptions=sum(run >= INTERRUPTION for run in runs),
        longest_missed=max(runs, default=0),
        stopped_after_week=_stopped(weeks),
    )


def _week(
    plan: Plan,
    number: int,
    places: Sequence[Place],
    offered: Mapping[tuple[int, str], int],
    today: date,
) -> Week:
    outcomes = Counter(place.outcome for place in places)
    is_over, planned = plan.is_over(number, today), plan.planned_a_week
    held = sum(min(n, offered.get((number, code), 0)) for code, n in plan.a_week.items())
    could_have = max(held + outcomes[Outcome.CALLED_OFF], len(places))
    not_offered = max(0, planned - could_have) if is_over else 0
    unbooked = max(0, planned - not_offered - len(places)) if is_over else 0
    missed = unbooked + sum(n for one, n in outcomes.items() if one in MISSED)
    return Week(
        number=number,
        planned=planned,
        offered=held,
        booked=len(places),
        outcomes=outcomes,
        late=sum(place.is_late for place in places),
        ended_early=sum(place.ended_early is True for place in places if place.counts),
        untimed=sum(not place.is_timed for place in places if place.counts),
        not_offered=not_offered,
        unbooked=unbooked,
        missed=min(missed, max(0, planned - outcomes[Outcome.ATTENDED])),
        minutes=sum(place.minutes for place in places if place.counts),
        is_over=is_over,
        work=Work.of(
            [place.record for place in places if place.counts],
            plan.volumes[number - 1] if plan.volumes else None,
        ),
    )


def _runs(held: Mapping[int, Sequence[Place]], weeks: Sequence[Week]) -> list[int]:
    """How many were missed in a row, each row.

    In the order of the classes; planned ones without a place come at the end of their week.
    One that was called off, or of which nothing is known, neither counts nor ends a row.
    """
    told = [is_missed for week in weeks for is_missed in _signs(week, held.get(week.number, ()))]
    return [len(list(row)) for is_missed, row in groupby(told) if is_missed]


def _signs(week: Week, places: Sequence[Place]) -> list[bool]:
    """The classes of a week of which something is known, in order: True for a missed one.

    Where some were made up for, the first of the missed ones are left out.
    """
    known = [one.outcome for one in places if one.outcome in MISSED or one.counts]
    signs = [outcome in MISSED for outcome in known] + [True] * week.unbooked
    for _ in range(sum(signs) - week.missed):
        signs.remove(True)
    return signs


def _stopped(weeks: Sequence[Week]) -> int | None:
    attended = [week.number for week in weeks if week.of(Outcome.ATTENDED)]
    last = max(attended, default=0)
    is_unknown = any(week.of(Outcome.UNKNOWN) for week in weeks[last:])
    has_missed = any(week.missed for week in weeks[last:])
    is_over = bool(weeks) and weeks[-1].is_over
    return last if is_over and has_missed and not is_unknown else None
