"""A series as somebody plans it, and every class that it would make: before anything is written."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from remote_training.accounts.models import Account
from remote_training.classes import wall_time as wall
from remote_training.classes.clashes import Hour, Seated
from remote_training.classes.errors import WrongSeries
from remote_training.classes.wall_time import Oddity
from remote_training.core.text import clean_line
from remote_training.core.words import say
from remote_training.studies.models import Site

LONGEST_WHY = 120
MOST_BREAKS = 100
DAY = r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
BREAK = re.compile(rf"{DAY}(?:\s*(?:-|\u2013|to|until|tot|t/m|/)\s*{DAY})?[\s:,]*(.*)")
ONE_MORE = re.compile(rf"\W*(?:\w+\W+)?{DAY}")


@dataclass(frozen=True)
class DaysOff:
    """Days without a class, both ends included."""

    first_on: date
    last_on: date
    why: str

    def holds(self, on_date: date) -> bool:
        """Whether a day is one of them."""
        return self.first_on <= on_date <= self.last_on


@dataclass(frozen=True)
class Plan:
    """What somebody plans. `weekdays` are 0 for Monday; each class lasts `minutes`.

    Without a `host` each class takes the first meeting host of the site that is free.
    """

    site: Site
    trainer: Account
    module: str
    language: str
    zone: str
    weekdays: Collection[int]
    wall_time: time
    minutes: int
    places: int
    first_on: date
    last_on: date
    breaks: tuple[DaysOff, ...] = ()
    substitutes: tuple[Account, ...] = ()
    host: str | None = None


@dataclass(frozen=True)
class Coming:
    """A class that the plan would make, with its host, and what stands in its way.

    Attributes
    ----------
    shown
        The moment as clocks of the series' zone show it.
    offset, offset_before
        How far they are from UTC then; and at the class before, where that was otherwise.
    """

    seated: Seated
    shown: datetime
    offset: str
    offset_before: str | None
    oddity: Oddity | None
    is_over: bool


@dataclass(frozen=True)
class LeftOut:
    """A day on which the series has no class, and why."""

    on_date: date
    why: str


@dataclass(frozen=True)
class Outlook:
    """Every class that a plan makes, and every day that it leaves out."""

    coming: tuple[Coming, ...]
    left_out: tuple[LeftOut, ...]


def days_off(typed: str) -> tuple[DaysOff, ...]:
    """Days off as they are typed: a line each, `2026-12-24 to 2027-01-03 Christmas`.

    Days are written 2026-12-24 or 24-12-2026. Raises `WrongSeries`, naming the line.
    """
    found = []
    for number, line in enumerate(typed.splitlines(), start=1):
        if text := clean_line(line):
            found.append(_days_off(text, number))
    if len(found) > MOST_BREAKS:
        raise WrongSeries(say("Please write at most 100 lines."), field="breaks")
    return tuple(found)


def hours(plan: Plan) -> tuple[list[Hour], list[LeftOut]]:
    """The classes of a plan, in order of time, and the days that it leaves out."""
    coming, left_out = [], []
    for on in wall.days(plan.weekdays, plan.first_on, plan.last_on):
        off = next((one for one in plan.breaks if one.holds(on)), None)
        if off is not None:
            left_out.append(LeftOut(on, off.why))
            continue
        starts_at = wall.moment(on, plan.wall_time, plan.zone)
        ends_at = starts_at + timedelta(minutes=plan.minutes)
        coming.append(Hour(on, starts_at, ends_at, plan.trainer.id, plan.module, plan.host))
    return coming, left_out


def told(plan: Plan, seated: Seated, before: Seated | None, now: datetime) -> Coming:
    """A class as the preview tells it; `before` is the one before it."""
    hour = seated.hour
    offset = wall.offset(hour.starts_at, plan.zone)
    earlier = wall.offset(before.hour.starts_at, plan.zone) if before is not None else offset
    return Coming(
        seated=seated,
        shown=wall.shown(hour.starts_at, plan.zone),
        offset=offset,
        offset_before=earlier if earlier != offset else None,
        oddity=wall.oddity(hour.on_date, plan.wall_time, plan.zone),
        is_over=hour.ends_at <= now,
    )


def _days_off(line: str, number: int) -> DaysOff:
    found = BREAK.fullmatch(line)
    first = _day(found[1]) if found else None
    last = _day(found[2]) if found and found[2] else first
    if found is None or first is None or last is None:
        raise WrongSeries(
            say("Line %(number)s: please begin with a day, such as 2026-12-24."),
            field="breaks",
            number=number,
        )
    if ONE_MORE.match(found[3]):
        raise WrongSeries(
            say(
                "Line %(number)s: please write a day, or two with a word between: "
                "2026-12-24 to 2027-01-03. Other days go on a line of their own."
            ),
            field="breaks",
            number=number,
        )
    if last < first:
        raise WrongSeries(
            say("Line %(number)s: the last day must not be before the first."),
            field="breaks",
            number=number,
        )
    if len(found[3]) > LONGEST_WHY:
        raise WrongSeries(
            say("Line %(number)s: please shorten the reason to 120 letters."),
            field="breaks",
            number=number,
        )
    return DaysOff(first, last, found[3])


def _day(typed: str) -> date | None:
    parts = [int(part) for part in re.split(r"[-/.]", typed)]
    year, month, day = parts if len(typed.split("-")[0]) == 4 else reversed(parts)
    try:
        return date(year, month, day)
    except ValueError:
        return None
