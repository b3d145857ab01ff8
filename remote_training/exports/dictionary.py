"""The data dictionary: which files, which columns in which order, what each one means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from remote_training.core import definitions
from remote_training.core.definitions import Part, WrongDefinition
from remote_training.core.words import LANGUAGES
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.studies.load import Study

CODEBOOK = "codebook.csv"
ORDER = ("participants", "answers", "sessions", "attendance", "codebook")
Kind = Literal["text", "code", "integer", "number", "date", "moment"]


class Column(Part):
    """One column. `missing` says what an empty value means."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    type: Kind
    unit: str = ""
    range: str = ""
    codes: dict[str, str] = {}
    missing: str
    rule: str = ""
    source: str
    unblinded: bool = False


class File(Part):
    """One file, its columns in their frozen order."""

    name: str
    label: str
    unblinded: bool = False
    columns: tuple[Column, ...]

    @property
    def header(self) -> list[str]:
        """The names of the columns, as the first line has them."""
        return [column.name for column in self.columns]


def files(*, shows_arm: bool) -> Sequence[File]:
    """The files of a data set; somebody who is blinded gets fewer files and columns."""
    if shows_arm:
        return _whole()
    return [_blinded(file) for file in _whole() if not file.unblinded]


def withheld() -> Mapping[str, Sequence[str]]:
    """What somebody who is blinded does not get: by file, its columns, or none for all of it."""
    found = {
        file.name: [] if file.unblinded else [c.name for c in file.columns if c.unblinded]
        for file in _whole()
    }
    return {file.name: found[file.name] for file in _whole() if file.unblinded or found[file.name]}


def codebook(chosen: Sequence[File], study: Study) -> Iterator[tuple[str, ...]]:
    """A row for each column of the files, in their order."""
    for file in chosen:
        for column in file.columns:
            place = (file.name, column.name)
            codes = column.codes or _CODES.get(column.name, _none)(study)
            yield (
                *place,
                column.label,
                column.type,
                column.unit,
                column.range or (_ranges() if place == ("answers.csv", "value") else ""),
                "; ".join(f"{code} = {words}" if words else code for code, words in codes.items()),
                column.missing,
                column.rule,
                column.source,
            )


@lru_cache(maxsize=1)
def _whole() -> Sequence[File]:
    folder = Path(__file__).parent / "files"
    return [definitions.read(folder / f"{name}.toml", File, WrongDefinition) for name in ORDER]


def _blinded(file: File) -> File:
    kept = tuple(column for column in file.columns if not column.unblinded)
    return file.model_copy(update={"columns": kept})


def _none(_study: Study) -> Mapping[str, str]:
    return {}


def _asked() -> Sequence[Instrument]:
    """Those that have questions; what is calculated from others has none."""
    return [one for one in instruments.versions().values() if one.items]


def _items(_study: Study) -> Mapping[str, str]:
    """The questions in English, or else their first language, with the ends of their scales."""
    found: dict[str, str] = {}
    for instrument in _asked():
        if not instrument.has_wording:
            found |= {item.code: item.label for item in instrument.items}
            continue
        for item in instruments.wording(instrument, "en").items:
            low, high = item.values[0], item.values[-1]
            ends = f" ({low} = {item.low_word}, {high} = {item.high_word})"
            words = ", ".join(f"{value} = {text}" for value, text in item.choices)
            found[item.code] = item.text + (f" ({words})" if words else ends)
    return found


def _ranges() -> str:
    """Lowest and highest answer of each questionnaire."""
    spans = {
        instrument.code: (
            min(item.low for item in instrument.items),
            max(item.high for item in instrument.items),
        )
        for instrument in _asked()
    }
    return "; ".join(f"{code}: {low} to {high}" for code, (low, high) in spans.items())


_CODES: Mapping[str, Callable[[Study], Mapping[str, str]]] = {
    "site": lambda study: {site.code: site.name for site in study.sites},
    "language": lambda _study: dict(LANGUAGES),
    "complaint": lambda study: {m.code: m.name for m in study.modules if m.is_specific},
    "module": lambda study: {module.code: module.name for module in study.modules},
    "arm": lambda study: {
        arm.code: f"trains from week {arm.trains_from_week}" for arm in study.arms
    },
    "timepoint": lambda study: {p.code: f"week {p.week}" for p in study.timepoints},
    "instrument": lambda _study: {i.code: i.title.get("en", "") for i in _asked()},
    "item": _items,
}
