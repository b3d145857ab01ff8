"""What a study file must not say against itself."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from remote_training.core import definitions
from remote_training.instruments import load as instruments

if TYPE_CHECKING:
    from remote_training.studies.load import Study, Timepoint

LISTS = ("sites", "arms", "modules", "timepoints")


def contradictions(study: Study) -> list[str]:
    """One sentence for everything in which the study disagrees with itself."""
    return _codes(study) + _arms_and_modules(study) + _instruments(study) + _windows(study)


def _codes(study: Study) -> list[str]:
    return [
        f"{name}: the code {code!r} stands twice."
        for name in LISTS
        for code in definitions.twice([part.code for part in getattr(study, name)])
    ]


def _arms_and_modules(study: Study) -> list[str]:
    faults = []
    if all(module.is_specific for module in study.modules):
        faults.append("modules: every one is for one complaint; one must be for everybody.")
    rules = study.rules
    if rules.attended_from_minutes < 1:
        faults.append("rules, attended_from_minutes: with 0 everybody would count as present.")
    return faults


def _instruments(study: Study) -> list[str]:
    known = instruments.catalogue()
    faults = []
    for timepoint in study.timepoints:
        place = f"timepoints ({timepoint.code}), instruments"
        faults += [
            f"{place}: there is no instrument {code!r} in the catalogue."
            for code in timepoint.instruments
            if code not in known
        ]
        twice = definitions.twice(timepoint.instruments)
        faults += [f"{place}: {code!r} stands twice." for code in twice]
    return faults


def _windows(study: Study) -> list[str]:
    faults = []
    for one, other in combinations(sorted(study.timepoints, key=lambda t: t.week), 2):
        shared = sorted(set(one.instruments) & set(other.instruments))
        if shared and _last_day(one) >= _first_day(other):
            faults.append(
                f"timepoints ({one.code}) and ({other.code}): their windows overlap, so that "
                f"{shared[0]!r} would be asked twice on one day."
            )
    return faults


def _first_day(timepoint: Timepoint) -> int:
    return timepoint.week * 7 - timepoint.opens_days_before


def _last_day(timepoint: Timepoint) -> int:
    return timepoint.week * 7 + timepoint.closes_days_after
