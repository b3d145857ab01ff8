"""How much of the training somebody had: classes with a smaller dose, amounts done of planned.

Source: protocol 1.3; Nilsen 2018, doi 10.1249/MSS.0000000000001545. A class that she attended and
whose training was not entered is not known: it counts nowhere, and leaves the percentages empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from remote_training.attendance import training
from remote_training.attendance.training import Volume
from remote_training.studies.load import Study

NOTHING = Volume()


@dataclass(frozen=True)
class Record:
    """What was entered of one person in one class.

    `is_reduced`: anything less than planned, or left out.
    """

    is_reduced: bool
    stopped_early: bool
    done: Volume


@dataclass(frozen=True)
class Work:
    """What was trained in the classes that she attended.

    Attributes
    ----------
    planned
        What all planned classes come to, attended or not; None where plans do not say it.
    attended
        Classes attended; of these `entered` have their training entered.
    reduced, stopped_early
        Of those entered.
    """

    planned: Volume | None
    attended: int = 0
    entered: int = 0
    reduced: int = 0
    stopped_early: int = 0
    done: Volume = NOTHING

    @classmethod
    def of(cls, records: Sequence[Record | None], planned: Volume | None) -> Work:
        """Of the classes attended, each with its record, None where nothing was entered."""
        known = [record for record in records if record is not None]
        return cls(
            planned=planned,
            attended=len(records),
            entered=len(known),
            reduced=sum(record.is_reduced for record in known),
            stopped_early=sum(record.stopped_early for record in known),
            done=sum((record.done for record in known), Volume()),
        )

    def __add__(self, other: Work) -> Work:
        """Both together."""
        return Work(
            None if self.planned is None or other.planned is None else self.planned + other.planned,
            self.attended + other.attended,
            self.entered + other.entered,
            self.reduced + other.reduced,
            self.stopped_early + other.stopped_early,
            self.done + other.done,
        )

    @property
    def reduced_percent(self) -> float | None:
        """Classes with a smaller dose, of those whose training was entered."""
        return 100.0 * self.reduced / self.entered if self.entered else None

    @property
    def minutes_percent(self) -> float | None:
        """Relative dose intensity of aerobic exercise: minutes done of minutes planned."""
        return self._percent("minutes")

    @property
    def repetitions_percent(self) -> float | None:
        """Relative dose intensity of strength: repetitions done of those planned."""
        return self._percent("repetitions")

    @property
    def load_percent(self) -> float | None:
        """Relative dose intensity of load, where plans name kg: lifted of planned."""
        return self._percent("load_kg")

    def _percent(self, name: str) -> float | None:
        planned = getattr(self.planned, name, 0)
        if not planned or self.entered < self.attended:
            return None
        return 100.0 * float(getattr(self.done, name)) / float(planned)


def volumes(study: Study, a_week: dict[str, int]) -> list[Volume]:
    """What all classes of a week come to by the library, for each week of the programme.

    Empty where a kind of class has no plan: then nobody knows.
    """
    weeks = range(1, (study.booking.programme_weeks or 0) + 1)
    plans = [
        [(study.library.plan_for(code, week), n) for code, n in a_week.items()] for week in weeks
    ]
    if any(plan is None for week in plans for plan, _ in week):
        return []
    return [
        sum(
            (
                training.planned_volume(training.items(plan, study.library)).times(n)
                for plan, n in week
            ),
            Volume(),
        )
        for week in plans
    ]
