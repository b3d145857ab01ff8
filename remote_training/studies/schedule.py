"""Which questionnaires are asked of whom, when: the one place that planning asks.

The timeline of the command line, the coordinator's page and the rows of a participant all
come from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.studies.load import Study
from remote_training.studies.parts import Reminders, Timepoint, Windows


@dataclass(frozen=True)
class Window:
    """Days in her zone, each included: the last day to begin, the last day for what was begun."""

    opens_on: date
    due_on: date
    overdue_on: date
    start_by_on: date
    closes_on: date


@dataclass(frozen=True)
class LeftOut:
    """A questionnaire of the study that cannot be asked; `why` is a marked sentence."""

    code: str
    why: str


@dataclass(frozen=True)
class Planned:
    """One time-point of one arm: one sitting, with its questionnaires in their order."""

    point: Timepoint
    windows: Windows
    reminders: Reminders
    instruments: tuple[Instrument, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def minutes(self) -> int:
        """How long most people need for all of it."""
        return sum(instrument.minutes for instrument in self.instruments)

    @property
    def fingerprint(self) -> str:
        """Changes whenever a sitting that was not begun has to be planned anew."""
        codes = [(one.code, one.minutes) for one in self.instruments]
        told = (self.point.week, self.windows.model_dump(), codes)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    def window(self, baseline_on: date) -> Window:
        """Its days for somebody with this baseline."""
        due_on, days = baseline_on + timedelta(weeks=self.point.week), self.windows
        return Window(
            opens_on=due_on - timedelta(days=days.opens_days_before),
            due_on=due_on,
            overdue_on=due_on + timedelta(days=days.overdue_days_after),
            start_by_on=due_on + timedelta(days=days.start_by_days_after),
            closes_on=due_on + timedelta(days=days.closes_days_after),
        )

    def mails_on(self, baseline_on: date) -> list[date]:
        """The days on which she gets a mail about it while it is not sent; the first asks."""
        return mails_on(self.reminders, self.window(baseline_on))


class Days(Protocol):
    """The days of a window, planned or kept as a row."""

    @property
    def opens_on(self) -> date: ...
    @property
    def due_on(self) -> date: ...
    @property
    def closes_on(self) -> date: ...


def mails_on(reminders: Reminders, window: Days) -> list[date]:
    """The days on which somebody is asked and reminded while such a window is open."""
    days = [window.due_on + timedelta(days=after) for after in reminders.days]
    return [day for day in days if window.opens_on <= day <= window.closes_on]


def can_be_asked(instrument: Instrument) -> bool:
    """Whether it has questions, and words to ask them in."""
    return instrument.cannot_be_shown_because is None


def why_not(code: str) -> str | None:
    """Why a questionnaire cannot be asked here, as a marked sentence; None where it can."""
    return instruments.instrument(code).cannot_be_shown_because


def schedule(study: Study, arm: str | None) -> Sequence[Planned]:
    """What somebody of an arm is asked, by week; without an arm, what is asked of everybody.

    A time-point of which nothing can be asked here is there too, without instruments.
    """
    points = [point for point in study.timepoints if point.is_for(arm)]
    return [_planned(study, point, arm) for point in sorted(points, key=lambda p: (p.week, p.code))]


def left_out(study: Study) -> Mapping[str, str]:
    """Questionnaires of the study that cannot be asked here: code, and why."""
    codes = dict.fromkeys(code for point in study.timepoints for code in point.instruments)
    return {code: why for code in codes if (why := why_not(code)) is not None}


def shared(study: Study) -> Sequence[Timepoint]:
    """The time-points that all arms have: these alone tell nothing about the arm."""
    return [point for point in study.timepoints if point.is_for_all]


def _planned(study: Study, point: Timepoint, arm: str | None) -> Planned:
    asked = [code for code in point.instruments if point.asks(code, arm)]
    reasons = {code: why_not(code) for code in asked}
    return Planned(
        point=point,
        windows=study.windows_of(point),
        reminders=study.reminders,
        instruments=tuple(instruments.instrument(code) for code in asked if reasons[code] is None),
        left_out=tuple(LeftOut(code, why) for code, why in reasons.items() if why is not None),
    )
