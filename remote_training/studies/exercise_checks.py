"""What a library of exercises must not say against itself, or against its study."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from remote_training.core import definitions
from remote_training.studies.exercises import (
    EFFORTS,
    ClassPlan,
    Counted,
    Exercise,
    Library,
    Load,
    Planned,
)

if TYPE_CHECKING:
    from remote_training.studies.load import Study

OF_COUNT = {
    Counted.MINUTES: ("minutes", ("sets", "repetitions")),
    Counted.REPETITIONS: ("sets", ("minutes",)),
}
OF_LOAD = {Load.NONE: (), Load.KG: ("load_kg",), Load.BAND: ("band",)}


def contradictions(library: Library, study: Study) -> list[str]:
    """One sentence for everything in which the library disagrees with itself or its study."""
    faults = [
        f"{name}: the code {code!r} stands twice."
        for name in ("exercises", "plans")
        for code in definitions.twice([part.code for part in getattr(library, name)])
    ]
    for plan in library.plans:
        faults += _plan(library, plan, study)
    for module in dict.fromkeys(plan.module for plan in library.plans):
        faults += _weeks(library, module)
    return faults


def remarks(study: Study) -> list[str]:
    """What is no contradiction, but wants to be known: what no plan is for, what is too long."""
    plans, found = study.library.plans, []
    last, most = study.booking.programme_weeks, study.booking.class_minutes
    for code in study.module_codes() if plans else ():
        until = max((plan.last_week for plan in plans if plan.module == code), default=0)
        if not until:
            found.append(f"modules ({code}): no plan says what a class of it is made of.")
        elif last is not None and until < last:
            found.append(f"plans ({code}): after week {until} the last one goes on.")
    for plan in plans:
        minutes = sum(one.minutes or 0 for one in plan.exercises)
        if minutes > most:
            found.append(f"plans ({plan.code}): {minutes:g} minutes; a class lasts {most}.")
    return found


def _plan(library: Library, plan: ClassPlan, study: Study) -> list[str]:
    place, faults = f"plans ({plan.code})", []
    if plan.module not in study.module_codes():
        faults.append(f"{place}, module: there is no module {plan.module!r} in the study file.")
    if not 1 <= plan.first_week <= plan.last_week:
        faults.append(f"{place}, weeks: the first is 1 or later, the last not before the first.")
    if any(one not in EFFORTS for one in plan.effort) or plan.effort[0] > plan.effort[1]:
        known = ", ".join(f"{one:g}" for one in EFFORTS)
        faults.append(f"{place}, effort: must be two of {known}, the lower one first.")
    codes = [one.exercise for one in plan.exercises]
    faults += [f"{place}: {code!r} stands twice." for code in definitions.twice(codes)]
    for planned in plan.exercises:
        exercise = library.exercise(planned.exercise)
        if exercise is None:
            faults.append(f"{place}: there is no exercise {planned.exercise!r} in the library.")
        else:
            faults += _amount(f"{place}, {exercise.code}", planned, exercise)
    return faults


def _amount(place: str, planned: Planned, exercise: Exercise) -> list[str]:
    """Told as the exercise is counted, and no other way."""
    needed, wrong = OF_COUNT[exercise.counted]
    faults = [
        f"{place}: it is counted in {exercise.counted}; {name} does not belong there."
        for name in wrong
        if getattr(planned, name) is not None
    ]
    for name in (needed, "repetitions") if needed == "sets" else (needed,):
        if getattr(planned, name) is None:
            faults.append(f"{place}: it is counted in {exercise.counted}; {name} is missing.")
    return faults + [
        f"{place}: {name} does not belong there; its load is {str(exercise.load)!r}."
        for name in ("load_kg", "band")
        if getattr(planned, name) is not None and name not in OF_LOAD[exercise.load]
    ]


def _weeks(library: Library, module: str) -> list[str]:
    """Each week of the programme has one plan of a module."""
    own = sorted((p for p in library.plans if p.module == module), key=lambda p: p.weeks)
    faults = []
    for one, other in pairwise(own):
        if other.first_week <= one.last_week:
            faults.append(
                f"plans ({one.code}) and ({other.code}): both are for week {other.first_week}."
            )
        elif other.first_week > one.last_week + 1:
            faults.append(f"plans ({module}): week {one.last_week + 1} has none.")
    if own[0].first_week > 1:
        faults.append(f"plans ({module}): week 1 has none.")
    return faults
