"""The catalogue: what can be asked, each instrument read from a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from remote_training.core import definitions
from remote_training.instruments import files
from remote_training.instruments.files import Choices, InstrumentFile, Scale, Words, WrongInstrument

SHIPPED = Path(__file__).parent / "catalogue"
FIRST_CHOICE = "en"  # offered where the reader's own language is not there


@dataclass(frozen=True)
class Item:
    """One question. `text` and the ends of a scale are by language."""

    code: str
    text: Words
    answers: Scale | Choices

    @property
    def low(self) -> int:
        """The lowest answer (points)."""
        return self.answers.low

    @property
    def high(self) -> int:
        """The highest answer (points)."""
        return self.answers.high

    def accepts(self, value: object) -> bool:
        """Whether this is an answer that can be given."""
        return type(value) is int and value in self.answers.values()


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: its items in the order in which they are asked.

    Attributes
    ----------
    minutes
        How long most people need.
    is_validated
        False where no study has shown what its numbers mean.
    """

    code: str
    version: str
    source: str
    licence: str
    is_validated: bool
    minutes: int
    title: Words
    about: Words
    items: tuple[Item, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which it can be asked, in the order of the file."""
        return tuple(self.title)

    def item(self, code: str) -> Item:
        """The item of this code; `KeyError` where there is none."""
        return {item.code: item for item in self.items}[code]


@dataclass(frozen=True)
class ItemWording:
    """One question in one language. `choices` is empty for a scale."""

    code: str
    text: str
    values: tuple[int, ...]
    low_word: str
    high_word: str
    choices: tuple[tuple[int, str], ...]

    def spoken(self, value: int) -> str:
        """An answer as it was shown: the number, or the words of a choice."""
        return dict(self.choices).get(value, str(value))

    def rows(self) -> list[tuple[int, str]]:
        """The answers as rows to press: points and words, the ends of a scale with theirs."""
        if self.choices:
            return list(self.choices)
        ends = {self.values[0]: self.low_word, self.values[-1]: self.high_word}
        return [(v, f"{v} = {ends[v]}" if v in ends else str(v)) for v in self.values]


@dataclass(frozen=True)
class Wording:
    """An instrument in one language: that which was asked for, or English."""

    language: str
    title: str
    about: str
    items: tuple[ItemWording, ...]


def wording(instrument: Instrument, language: str) -> Wording:
    """The instrument in a language; where it is not there, in English or its first."""
    told = instrument.languages
    spoken = language if language in told else FIRST_CHOICE if FIRST_CHOICE in told else told[0]
    return Wording(
        language=spoken,
        title=instrument.title[spoken],
        about=instrument.about.get(spoken, ""),
        items=tuple(_in(item, spoken) for item in instrument.items),
    )


def _in(item: Item, language: str) -> ItemWording:
    answers, low_word, high_word = item.answers, "", ""
    choices: tuple[tuple[int, str], ...] = ()
    if isinstance(answers, Scale):
        low_word, high_word = answers.low_word[language], answers.high_word[language]
    else:
        choices = tuple((choice.value, choice.text[language]) for choice in answers.choices)
    return ItemWording(
        item.code, item.text[language], tuple(answers.values()), low_word, high_word, choices
    )


def read(path: Path) -> Instrument:
    """Read and check one file; raises `WrongInstrument` with a sentence per contradiction."""
    file = definitions.read(path, InstrumentFile, WrongInstrument)
    faults = files.contradictions(file)
    if faults:
        raise WrongInstrument(path.name, faults)
    return Instrument(
        code=file.code,
        version=file.version,
        source=file.source,
        licence=file.licence,
        is_validated=file.validated,
        minutes=file.minutes,
        title=file.title,
        about=file.about,
        items=tuple(Item(part.code, part.text, file.answers[part.answers]) for part in file.items),
    )


@lru_cache(maxsize=1)
def versions() -> Mapping[tuple[str, str], Instrument]:
    """Every version of every instrument that is shipped, by code and version, newest last."""
    found = [read(path) for path in sorted(SHIPPED.glob("*.toml"))]
    names = [f"{instrument.code} {instrument.version}" for instrument in found]
    if definitions.twice(names):
        raise WrongInstrument("catalogue", [f"{definitions.twice(names)[0]} stands in two files."])
    found.sort(key=lambda instrument: (instrument.code, _order(instrument.version)))
    return MappingProxyType({(one.code, one.version): one for one in found})


def catalogue() -> Mapping[str, Instrument]:
    """The newest version of every instrument, by code."""
    return {instrument.code: instrument for instrument in versions().values()}


def instrument(code: str, version: str | None = None) -> Instrument:
    """An instrument, in its newest version unless told; `KeyError` where there is none."""
    return catalogue()[code] if version is None else versions()[code, version]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
