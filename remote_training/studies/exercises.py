"""The library of exercises and class plans: a file that the study file names, as data."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from remote_training.core.definitions import Part
from remote_training.core.words import LANGUAGES
from remote_training.studies.parts import CODE, said

# category-ratio scale of perceived exertion, 0 to 10 (Borg CR10): its numbers, no words of it
EFFORTS = (0, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
MOST = {"sets": 20, "repetitions": 200, "minutes": 240, "load_kg": 200}


class Kind(StrEnum):
    """What an exercise trains."""

    AEROBIC = "aerobic"
    STRENGTH = "strength"
    BALANCE = "balance"
    MOBILITY = "mobility"


class Counted(StrEnum):
    """How its amount is told: in minutes, or in sets of so many repetitions."""

    MINUTES = "minutes"
    REPETITIONS = "repetitions"


class Load(StrEnum):
    """What makes it heavier."""

    NONE = "none"
    KG = "kg"
    BAND = "band"


class Band(StrEnum):
    """How strong a band is, weakest first."""

    LIGHT = "light"
    MEDIUM = "medium"
    STRONG = "strong"


class Exercise(Part):
    """One exercise. `name` and `easier` (how it is made easier) by language."""

    code: str = Field(pattern=r"^[a-z0-9_-]{1,40}$")
    kind: Kind
    name: dict[str, str]
    easier: dict[str, str] = {}
    counted: Counted
    load: Load = Load.NONE

    @field_validator("name")
    @classmethod
    def _in_every_language(cls, value: dict[str, str]) -> dict[str, str]:
        missing = [code for code in LANGUAGES if not value.get(code)]
        if missing:
            raise ValueError(f"has no words in {', '.join(missing)}")
        return value

    def said(self, language: str) -> str:
        """What it is called in a language."""
        return said(self.name, language)

    def made_easier(self, language: str) -> str:
        """How it is made easier, in a language; empty where the library does not say."""
        return said(self.easier, language) if self.easier else ""


class Planned(Part):
    """One exercise of a plan: how much of it. A load that is not planned is her own."""

    exercise: str
    sets: int | None = Field(default=None, ge=1, le=MOST["sets"])
    repetitions: int | None = Field(default=None, ge=1, le=MOST["repetitions"])
    minutes: float | None = Field(default=None, gt=0, le=MOST["minutes"])
    load_kg: float | None = Field(default=None, gt=0, le=MOST["load_kg"])
    band: Band | None = None


class ClassPlan(Part):
    """What one class of a module is made of, in some weeks of the programme (both included).

    `effort` are the lowest and the highest perceived exertion that it aims at, 0 to 10.
    """

    code: str = Field(pattern=r"^[a-z0-9_-]{1,40}$")
    module: str = Field(pattern=CODE)
    weeks: tuple[int, int]
    effort: tuple[float, float]
    exercises: tuple[Planned, ...] = Field(min_length=1)

    @property
    def first_week(self) -> int:
        """The first week of the programme that it is for."""
        return self.weeks[0]

    @property
    def last_week(self) -> int:
        """The last week of the programme that it is for."""
        return self.weeks[1]


class Library(Part):
    """All exercises and plans of a study; a study without any has an empty one."""

    version: str = "0"
    source: str = ""
    licence: str = ""
    exercises: tuple[Exercise, ...] = ()
    plans: tuple[ClassPlan, ...] = ()

    def exercise(self, code: str) -> Exercise | None:
        """The exercise of this code, if it is still in the library."""
        return next((one for one in self.exercises if one.code == code), None)

    def plan(self, code: str | None) -> ClassPlan | None:
        """The plan of this code, if it is still in the library."""
        return next((one for one in self.plans if one.code == code), None)

    def plan_for(self, module: str, week: int) -> ClassPlan | None:
        """The plan of a module in a week of the programme; outside it the nearest one."""
        own = sorted(
            (plan for plan in self.plans if plan.module == module), key=lambda p: p.first_week
        )
        begun = [plan for plan in own if plan.first_week <= week]
        return begun[-1] if begun else next(iter(own), None)
