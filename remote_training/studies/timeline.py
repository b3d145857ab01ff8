"""What one participant gets, and when: computed from the study file alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from remote_training.studies.load import Arm, Study


@dataclass(frozen=True)
class Step:
    """One line of a timeline; `last_on` is the same day where it is about one day."""

    first_on: date
    last_on: date
    week: int
    what: str


def timeline(study: Study, arm: Arm, *, baseline_on: date) -> Sequence[Step]:
    """Everything that the study file says about a participant, by its first day."""
    starts_on = baseline_on + timedelta(weeks=arm.trains_from_week)
    general = [module.code for module in study.modules if not module.is_specific]
    steps = [
        Step(baseline_on, baseline_on, 0, "baseline"),
        Step(
            starts_on,
            starts_on,
            arm.trains_from_week,
            f"classes can be booked: {', '.join(general)}, and the one for her main complaint "
            f"({', '.join(study.complaint_codes())})",
        ),
    ]
    for timepoint in study.timepoints:
        window = timepoint.window(baseline_on)
        asked = f"{timepoint.code}: {', '.join(timepoint.instruments)}; due on {window.due_on}"
        steps.append(Step(window.opens_on, window.closes_on, timepoint.week, asked))
    return sorted(steps, key=lambda step: (step.first_on, step.last_on, step.what))
