"""Reading a study file: what the trial is, as data."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field

from remote_training.core import definitions
from remote_training.core.definitions import Part, WrongDefinition
from remote_training.studies import checks, exercise_checks
from remote_training.studies.exercises import Library
from remote_training.studies.parts import (
    Arm,
    BookingRules,
    Host,
    Module,
    Reminders,
    Rules,
    SafetyRules,
    SitePart,
    Timepoint,
    Windows,
)

SHIPPED = Path(__file__).parent / "files"


class WrongStudyFile(WrongDefinition):
    """A study file contradicts itself or cannot be read. The message says where."""


class Study(Part):
    """A whole study. Codes are unique within their list.

    `training` names the file that holds its `library` of exercises and class plans: beside it,
    or a shipped one.
    """

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,20}$")
    title: str
    version: str
    source: str
    rules: Rules
    windows: Windows
    reminders: Reminders
    booking: BookingRules = BookingRules()
    safety: SafetyRules = SafetyRules()
    sites: tuple[SitePart, ...] = Field(min_length=1)
    arms: tuple[Arm, ...] = Field(min_length=1)
    modules: tuple[Module, ...] = Field(min_length=1)
    timepoints: tuple[Timepoint, ...] = Field(min_length=1)
    training: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")
    library: Library = Library()

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones of its sites, in the order of the file."""
        return tuple(dict.fromkeys(site.zone for site in self.sites))

    def module(self, code: str) -> Module:
        """The module of this code; `KeyError` where there is none."""
        return {module.code: module for module in self.modules}[code]

    def module_codes(self) -> list[str]:
        """All modules, in the order of the file."""
        return [module.code for module in self.modules]

    def complaint_codes(self) -> list[str]:
        """The specific modules: what may trouble a person most."""
        return [module.code for module in self.modules if module.is_specific]

    def site(self, code: str) -> SitePart:
        """The site of this code; `KeyError` where there is none."""
        return {site.code: site for site in self.sites}[code]

    def host(self, code: str) -> Host:
        """The meeting host of this code, of whichever site; `KeyError` where there is none."""
        return {host.code: host for site in self.sites for host in site.hosts}[code]

    def windows_of(self, point: Timepoint) -> Windows:
        """The windows of a time-point: its own numbers before those of the study."""
        own = point.model_dump(include=set(Windows.model_fields), exclude_none=True)
        return self.windows.model_copy(update=own)

    def windows_at(self, code: str) -> Windows:
        """The windows of the time-point of this code; the study's where it has none now."""
        found = [point for point in self.timepoints if point.code == code]
        return self.windows_of(found[0]) if found else self.windows

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
    return study if study.training is None else _with_library(study, study.training, path.parent)


def _with_library(study: Study, name: str, folder: Path) -> Study:
    """The study with its exercises: from the file beside it, or else the shipped one so called.

    Of the shipped one only the plans of modules that the study has.
    """
    is_own = (folder / name).exists() or not (SHIPPED / name).exists()
    library = definitions.read((folder if is_own else SHIPPED) / name, Library, WrongStudyFile)
    if not is_own:
        plans = tuple(plan for plan in library.plans if plan.module in study.module_codes())
        library = library.model_copy(update={"plans": plans})
    faults = exercise_checks.contradictions(library, study)
    if faults:
        raise WrongStudyFile(name, faults)
    return study.model_copy(update={"library": library})
