"""The rows of `dose_weeks` and `dose`: what `attendance.dose` makes of each programme."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from remote_training.attendance.dose import Course, Week
from remote_training.attendance.outcomes import Outcome
from remote_training.attendance.work import Work

Row = Sequence[Any]
Courses = Iterable[tuple[str, Course]]  # each after its study number
COUNTED = (
    Outcome.ATTENDED,
    Outcome.EXCUSED,
    Outcome.TECHNICAL,
    Outcome.NO_SHOW,
    Outcome.LATE_CANCELLED,
    Outcome.CALLED_OFF,
    Outcome.UNKNOWN,
)
DIGITS = 4


def weekly(courses: Courses) -> Iterator[Row]:
    """A row for each week of each programme."""
    for number, course in courses:
        for week in course.weeks:
            yield (
                number,
                week.number,
                int(week.is_over),
                week.planned,
                week.offered,
                week.booked,
                *(week.of(outcome) for outcome in COUNTED),
                week.not_offered,
                week.unbooked,
                week.missed,
                week.late,
                week.ended_early,
                week.untimed,
                round(week.minutes, DIGITS),
                *_work(week.work),
            )


def whole(courses: Courses) -> Iterator[Row]:
    """A row for each programme."""
    for number, course in courses:
        yield (
            number,
            course.planned,
            course.planned_so_far,
            *(_sum(course.weeks, outcome) for outcome in COUNTED),
            sum(week.not_offered for week in course.weeks),
            sum(week.unbooked for week in course.weeks),
            sum(week.missed for week in course.weeks),
            _rounded(course.attendance_percent),
            course.interruptions,
            course.longest_missed,
            course.stopped_after_week,
            sum(week.untimed for week in course.weeks),
            round(course.minutes, DIGITS),
            course.planned_minutes,
            _rounded(course.relative_dose_percent),
            *_work(course.work),
            _rounded(course.work.reduced_percent),
            _rounded(course.work.minutes_percent),
            _rounded(course.work.repetitions_percent),
            _rounded(course.work.load_percent),
        )


ROWS: Mapping[str, Callable[[Courses], Iterator[Row]]] = {
    "dose_weeks": weekly,
    "dose": whole,
}


def _sum(weeks: Iterable[Week], outcome: Outcome) -> int:
    return sum(week.of(outcome) for week in weeks)


def _work(work: Work) -> Row:
    planned = work.planned
    return (
        work.entered,
        work.reduced,
        work.stopped_early,
        None if planned is None else round(planned.minutes, DIGITS),
        round(work.done.minutes, DIGITS),
        None if planned is None else planned.repetitions,
        work.done.repetitions,
        None if planned is None else round(planned.load_kg, DIGITS),
        round(work.done.load_kg, DIGITS),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
