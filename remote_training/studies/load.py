"""Reading a study file: what the trial is, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from remote_training.core import definitions
from remote_training.core.definitions import Part, WrongDefinition
from remote_training.core.words import LANGUAGES
from remote_training.studies import checks

SHIPPED = Path(__file__).parent / "files"


class WrongStudyFile(WrongDefinition):
    """A study file contradicts itself or cannot be read. The message says where."""


class SitePart(Part):
    """A site as the study file describes it."""

    code: str = Field(pattern=r"^[a-z0-9-]{2,20}$")
    name: str = Field(min_length=1, max_length=120)
    zone: str
    language: str
    phone: str = Field(min_length=3, max_length=40)
    emergency_number: str = Field(min_length=2, max_length=20)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            sentence = f"is no time zone: {value!r}; write one such as 'Europe/Amsterdam'"
            raise ValueError(sentence) from None
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"is no language of the platform: {value!r}; it has {list(LANGUAGES)}")
        return value


class Arm(Part):
    """An arm, and the week after baseline from which it trains."""

    code: str = Field(pattern=r"^[a-z0-9_-]{1,20}$")
    trains_from_week: int = Field(ge=0)


class Module(Part):
    """A kind of class. `is_specific` marks those for one complaint."""

    code: str = Field(pattern=r"^[a-z0-9_-]{1,20}$")
    name: str = Field(min_length=1)
    is_specific: bool


@dataclass(frozen=True)
class Window:
    """Days in her zone: from the first to the last of them the questions can be answered."""

    opens_on: date
    due_on: date
    closes_on: date


class Timepoint(Part):
    """When what is asked: weeks after baseline, and the window in days around it."""

    code: str = Field(pattern=r"^[a-z0-9_-]{1,20}$")
    week: int = Field(ge=0, le=520)
    instruments: tuple[str, ...] = Field(min_length=1)
    opens_days_before: int = Field(ge=0, le=365)
    closes_days_after: int = Field(ge=0, le=365)

    def window(self, baseline_on: date) -> Window:
        """The days around this time-point for somebody with this baseline."""
        due_on = baseline_on + timedelta(weeks=self.week)
        return Window(
            opens_on=due_on - timedelta(days=self.opens_days_before),
            due_on=due_on,
            closes_on=due_on + timedelta(days=self.closes_days_after),
        )


class Rules(Part):
    """Numbers that the study may change (minutes)."""

    doors_open_minutes: int = Field(ge=0)
    late_after_minutes: int = Field(ge=0)
    attended_from_minutes: int = Field(ge=0)


class Study(Part):
    """A whole study. Codes are unique within their list."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,20}$")
    title: str
    version: str
    source: str
    rules: Rules
    sites: tuple[SitePart, ...] = Field(min_length=1)
    arms: tuple[Arm, ...] = Field(min_length=1)
    modules: tuple[Module, ...] = Field(min_length=1)
    timepoints: tuple[Timepoint, ...] = Field(min_length=1)

    def module(self, code: str) -> Module:
        """The module of this code; `KeyError` where there is none."""
        return {module.code: module for module in self.modules}[code]

    def module_codes(self) -> list[str]:
        """All modules, in the order of the file."""
        return [module.code for module in self.modules]

    def complaint_codes(self) -> list[str]:
        """The specific modules: what may trouble a person most."""
        return [module.code for module in self.modules if module.is_specific]

    def arm(self, code: str) -> Arm:
        """The arm of this code; `KeyError` where there is none."""
        return {arm.code: arm for arm in self.arms}[code]

    def arm_codes(self) -> list[str]:
        """All arms, in the order of the file."""
        return [arm.code for arm in self.arms]


@lru_cache(maxsize=8)
def load(path: Path | None = None) -> Study:
    """Read and check a study file; without a path, the LION study that is shipped.

    Raises
    ------
    WrongStudyFile
        With a sentence for each contradiction, which names its place.
    """
    path = path or SHIPPED / "lion.toml"
    study = definitions.read(path, Study, WrongStudyFile)
    faults = checks.contradictions(study)
    if faults:
        raise WrongStudyFile(path.name, faults)
    return study
