"""An instrument's file: its shape, and what would contradict itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from remote_training.core import definitions
from remote_training.core.definitions import Part, WrongDefinition

Words = dict[str, str]  # two letters of a language: the text
CODE = r"^[a-z0-9][a-z0-9_-]{0,39}$"


class WrongInstrument(WrongDefinition):
    """An instrument's file contradicts itself or cannot be read."""


class Scale(Part):
    """Whole numbers from `low` to `high`, both ends in words."""

    kind: Literal["scale"]
    low: int
    high: int
    low_word: Words
    high_word: Words

    def values(self) -> range:
        """Every answer that can be given, lowest first."""
        return range(self.low, self.high + 1)

    def words(self) -> dict[str, Words]:
        """All wording, by its place in the file."""
        return {"low_word": self.low_word, "high_word": self.high_word}

    def faults(self) -> list[str]:
        """What it says against itself."""
        return [] if self.low < self.high else [f"low ({self.low}) is not below high ({self.high})"]


class Choice(Part):
    """One answer to choose: its points and its wording."""

    value: int
    text: Words


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


Answers = Annotated[Scale | Choices, Field(discriminator="kind")]


class ItemPart(Part):
    """One question: `answers` names how it is answered."""

    code: str = Field(pattern=CODE)
    answers: str
    text: Words


class InstrumentFile(Part):
    """A whole file. Its languages are those of the title."""

    code: str = Field(pattern=CODE)
    version: str = Field(pattern=r"^[0-9]+(\.[0-9]+)*$")
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    validated: bool
    minutes: int = Field(ge=1, le=60)
    title: Words = Field(min_length=1)
    about: Words
    answers: dict[str, Answers]
    items: tuple[ItemPart, ...] = Field(min_length=1)


def contradictions(file: InstrumentFile) -> list[str]:
    """One sentence for everything in which the file disagrees with itself."""
    faults = [
        f"the item {code} stands twice."
        for code in definitions.twice([item.code for item in file.items])
    ]
    for name, answers in file.answers.items():
        faults += [f"answers {name}: {fault}." for fault in answers.faults()]
    faults += [
        f"item {item.code} asks for the answers {item.answers!r}, which are not described."
        for item in file.items
        if item.answers not in file.answers
    ]
    asked = {item.answers for item in file.items}
    faults += [
        f"no item asks for the answers {name!r}." for name in file.answers if name not in asked
    ]
    return faults + _missing_words(file)


def _missing_words(file: InstrumentFile) -> list[str]:
    """The languages are those of the title: everything else must be complete in each."""
    texts = {"about": file.about}
    texts |= {f"item {item.code}": item.text for item in file.items}
    for name, answers in file.answers.items():
        texts |= {f"answers {name}, {place}": words for place, words in answers.words().items()}
    faults = []
    for place, words in texts.items():
        faults += [
            f"{place} has no words in {code!r}." for code in file.title if not words.get(code)
        ]
        faults += [
            f"{place} has words in {code!r}, a language that the title does not have."
            for code in words
            if code not in file.title
        ]
    return faults
