"""Reading a study file: what the trial is, as data."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

SHIPPED = Path(__file__).parent / "files"


class WrongStudyFile(Exception):
    """A study file contradicts itself or cannot be read. The message says where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SitePart(_Part):
    """A site as the study file describes it."""

    code: str = Field(pattern=r"^[a-z0-9-]{2,20}$")
    name: str
    zone: str
    language: str
    phone: str
    emergency_number: str

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value


class Arm(_Part):
    """An arm, and the week after baseline from which it trains."""

    code: str
    trains_from_week: int = Field(ge=0)


class Module(_Part):
    """A kind of class. `is_specific` marks those for one complaint."""

    code: str
    name: str
    is_specific: bool


class Timepoint(_Part):
    """When what is asked: weeks after baseline, and the window in days around it."""

    code: str
    week: int = Field(ge=0)
    instruments: tuple[str, ...]
    opens_days_before: int = Field(ge=0)
    closes_days_after: int = Field(ge=0)


class Rules(_Part):
    """Numbers that the study may change (minutes)."""

    doors_open_minutes: int = Field(ge=0)
    late_after_minutes: int = Field(ge=0)
    attended_from_minutes: int = Field(ge=0)


class Study(_Part):
    """A whole study. Codes are unique within their list."""

    code: str
    title: str
    version: str
    source: str
    rules: Rules
    sites: tuple[SitePart, ...]
    arms: tuple[Arm, ...]
    modules: tuple[Module, ...]
    timepoints: tuple[Timepoint, ...]

    @model_validator(mode="after")
    def _unique_codes(self) -> Study:
        for name in ("sites", "arms", "modules", "timepoints"):
            codes = [part.code for part in getattr(self, name)]
            if len(codes) != len(set(codes)):
                raise ValueError(f"{name}: a code stands twice")
        return self

    def module(self, code: str) -> Module:
        """The module of this code; `KeyError` where there is none."""
        return {module.code: module for module in self.modules}[code]

    def module_codes(self) -> list[str]:
        """All modules, in the order of the file."""
        return [module.code for module in self.modules]

    def complaint_codes(self) -> list[str]:
        """The specific modules: what may trouble a person most."""
        return [module.code for module in self.modules if module.is_specific]

    def arm_codes(self) -> list[str]:
        """All arms, in the order of the file."""
        return [arm.code for arm in self.arms]


@lru_cache(maxsize=8)
def load(path: Path | None = None) -> Study:
    """Read and check a study file; without a path, the LION study that is shipped.

    Raises
    ------
    WrongStudyFile
        With a sentence that names the field.
    """
    path = path or SHIPPED / "lion.toml"
    try:
        return Study.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise WrongStudyFile(f"{path.name}: {where}: {fault['msg']}") from error
    except (OSError, ValueError) as error:
        raise WrongStudyFile(f"{path.name}: {error}") from error
