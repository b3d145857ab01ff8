"""An instrument's file: its shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from remote_training.core import definitions
from remote_training.core.definitions import Part
from remote_training.instruments.errors import WrongInstrument as WrongInstrument
from remote_training.instruments.scales import AnyScale, Codes, Rule, Sourced

Words = dict[str, str]  # two letters of a language: the text
CODE = r"^[a-z0-9][a-z0-9_-]{0,39}$"
VERSION = r"^[0-9]+(\.[0-9]+)*$"
TRANSLATION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"
Code = Annotated[str, Field(pattern=CODE)]
TranslationId = Annotated[str, Field(pattern=TRANSLATION)]


class Scale(Part):
    """Whole numbers from `low` to `high`, both ends in words."""

    kind: Literal["scale"]
    low: StrictInt
    high: StrictInt
    low_word: Words = {}
    high_word: Words = {}

    def values(self) -> range:
        """Every answer that can be given, lowest first."""
        return range(self.low, self.high + 1)

    def words(self) -> dict[str, Words]:
        """All wording, by its place in the file."""
        return {"low_word": self.low_word, "high_word": self.high_word}

    def faults(self) -> list[str]:
        """What it says against itself."""
        return [] if self.low < self.high else [f"low ({self.low}) is not below high ({self.high})"]

    def saying(self, words: Mapping[str, Words]) -> Scale:
        """The same in other words, which are found by their place."""
        return self.model_copy(update=dict(words))


class Choice(Part):
    """One answer to choose: its points and its wording."""

    value: StrictInt
    text: Words = {}
    codes: Codes = Codes()


class Choices(Part):
    """Answers in words, each with its points."""

    kind: Literal["choices"]
    choices: tuple[Choice, ...] = Field(min_length=2)

    @property
    def low(self) -> int:
        """The fewest points."""
        return min(self.values())

    @property
    def high(self) -> int:
        """The most points."""
        return max(self.values())

    def values(self) -> Sequence[int]:
        """Every answer that can be given, in the order of the file."""
        return [choice.value for choice in self.choices]

    def words(self) -> dict[str, Words]:
        """All wording, by its place in the file."""
        return {f"choice {choice.value}": choice.text for choice in self.choices}

    def faults(self) -> list[str]:
        """What it says against itself."""
        twice = definitions.twice([str(value) for value in self.values()])
        return [f"the value {value} stands twice" for value in twice]

    def saying(self, words: Mapping[str, Words]) -> Choices:
        """The same in other words, which are found by their place."""
        spoken = (
            choice.model_copy(update={"text": words[f"choice {choice.value}"]})
            for choice in self.choices
        )
        return self.model_copy(update={"choices": tuple(spoken)})


Answers = Annotated[Scale | Choices, Field(discriminator="kind")]


class Alert(Part):
    """The answer from which somebody must look at it."""

    at_least: StrictInt


class ItemPart(Part):
    """One question: `answers` names how it is answered, `stem` the words that lead to it.

    Attributes
    ----------
    shown_if
        Facts about her without which it is not asked.
    applies_if
        Facts without which it does not apply, although it is asked.
    not_applicable
        The words of one more answer: that it does not apply to her. None where there is none.
    optional_unscored
        True where no score counts it.
    """

    code: Code
    answers: str
    text: Words = {}
    stem: str | None = None
    recall: Code | None = None
    shown_if: dict[str, str] = {}
    applies_if: dict[str, str] = {}
    not_applicable: Words | None = None
    optional_unscored: bool = False
    alert: Alert | None = None
    codes: Codes = Codes()


class InstrumentCodes(Sourced):
    """How others name the instrument; source and mark are those of all its codes."""

    loinc: str | None = None
    cdisc_category: str | None = None


class PartOf(Part):
    """An instrument that this one is calculated from, in the version whose scores are meant."""

    code: Code
    version: str = Field(pattern=VERSION)


class InstrumentFile(Part):
    """A whole file. Where its wording is shipped, its languages are those of the title.

    Attributes
    ----------
    rules_version
        Changes with whatever a score depends on: items of a scale, cut-offs.
    wording
        Who may show it: everybody with this code, or only a study that holds the wording.
    permission
        What the owner lets others do.
    credit
        The line that the owner wants under the questions.
    recall
        The time that the questions are about, as a code such as `past_week`.
    translations
        By language, the name of the translation; made up of code, version and language unless told.
    missing
        The rules for missing answers that are offered, the usual one first.
    facts
        What the questions depend on, each with the values that it can have.
    """

    code: Code
    version: str = Field(pattern=VERSION)
    rules_version: str = Field(default="1", pattern=VERSION)
    source: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    wording: Literal["shipped", "to be imported"]
    permission: str = Field(min_length=1)
    validated: bool
    minutes: StrictInt = Field(ge=1, le=60)
    recall: Code
    title: Words = Field(min_length=1)
    about: Words = {}
    credit: Words = {}
    translations: dict[str, TranslationId] = {}
    missing: tuple[Rule, ...] = ()
    facts: dict[str, tuple[str, ...]] = {}
    codes: InstrumentCodes | None = None
    parts: tuple[PartOf, ...] = ()
    stems: dict[str, Words] = {}
    answers: dict[str, Answers] = {}
    items: tuple[ItemPart, ...] = ()
    scales: tuple[AnyScale, ...] = ()

    @property
    def is_shipped(self) -> bool:
        """True where the file has all that is shown."""
        return self.wording == "shipped"

    def texts(self) -> dict[str, Words]:
        """All wording by its place in the file, whether there are words or not."""
        found = {"title": self.title, "about": self.about, "credit": self.credit}
        found |= {f"stem {code}": words for code, words in self.stems.items()}
        for name, answers in self.answers.items():
            found |= {f"answers {name}, {place}": words for place, words in answers.words().items()}
        for item in self.items:
            found[f"item {item.code}"] = item.text
            if item.not_applicable is not None:
                found[f"item {item.code}, not_applicable"] = item.not_applicable
        return found


def may_be_absent(place: str) -> bool:
    """Whether an instrument can do without this text in every language."""
    return place in ("about", "credit")
