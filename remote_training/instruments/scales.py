"""The scores of an instrument, as its file describes them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictFloat, StrictInt

from remote_training.core.definitions import Part

SCORE = r"^[A-Z][A-Z0-9_]{0,31}$"


class Rule(StrEnum):
    """When there is a score although answers are missing.

    `half`: at least half of the questions that apply are answered; `complete`: all of them;
    `prorate2`: at most two are missing. What is missing counts as the mean of what is there.
    """

    HALF = "half"
    COMPLETE = "complete"
    PRORATE2 = "prorate2"


class Sourced(Part):
    """A fact, where it comes from, and whether it was read there or still has to be looked up."""

    source: str = Field(min_length=1)
    mark: Literal["read in the source", "to be confirmed"]

    @property
    def is_confirmed(self) -> bool:
        """False for what was recalled: a study confirms it before it relies on it."""
        return self.mark == "read in the source"


class Codes(Part):
    """How others name the same thing."""

    loinc: str | None = None
    cdisc: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9]{1,7}$")


class Cutoff(Sourced):
    """A threshold. It is compared with the unrounded score."""

    at: StrictFloat
    label: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: Literal["at_least", "above", "below"] = "at_least"

    def holds(self, value: float) -> bool:
        """Whether this score is on the far side of the threshold."""
        if self.when == "below":
            return value < self.at
        return value >= self.at if self.when == "at_least" else value > self.at


class Difference(Sourced):
    """The smallest difference that matters to people, in points of the score."""

    low: StrictFloat
    high: StrictFloat


class ScalePart(Sourced):
    """What every score has: its code, what it is called, how others name it."""

    code: str = Field(pattern=SCORE)
    label: str = Field(min_length=1)
    codes: Codes = Codes()


class Number(ScalePart):
    """A score that is a number: its range and what a high one means."""

    low: StrictFloat
    high: StrictFloat
    direction: Literal["high_is_worse", "high_is_better"]
    cutoffs: tuple[Cutoff, ...] = ()
    important_difference: Difference | None = None


class LinearScale(Number):
    """The mean answer, stretched to 0-100; `reverse` where more points mean a lower score."""

    method: Literal["linear_0_100"]
    items: tuple[str, ...] = Field(min_length=1)
    reverse: bool = False


class SumScale(Number):
    """The sum of the answers."""

    method: Literal["sum"]
    items: tuple[str, ...] = Field(min_length=1)


class MeanOfScales(Number):
    """The mean of other scores, all of which must be there; those of `reversed` as 100 - score."""

    method: Literal["mean_of_scales"]
    scales: tuple[str, ...] = Field(min_length=1)
    reversed: tuple[str, ...] = ()


class SumOfInstruments(Number):
    """The sum of scores of other instruments, all of which must be there."""

    method: Literal["sum_of_instruments"]
    scores: tuple[str, ...] = Field(min_length=2)


class Flag(ScalePart):
    """1 where one answer is `at_least` so high, 0 where it is lower."""

    method: Literal["flag"]
    item: str
    at_least: StrictInt


class Syndrome(ScalePart):
    """1 where `least` to `most` symptoms are there, one of `core` among them; else 0.

    `symptoms`: from which answer on each is there. There is none where an answer is missing,
    except that without any of `core` it is 0 whatever the others are.
    """

    method: Literal["syndrome"]
    symptoms: dict[str, StrictInt] = Field(min_length=1)
    core: tuple[str, ...] = Field(min_length=1)
    least: StrictInt = Field(ge=1)
    most: StrictInt


class Severity(ScalePart):
    """The label of the highest cut-off that a score reaches; `lowest` below all of them.

    There is one under the rule `complete` only.
    """

    method: Literal["severity"]
    scale: str
    lowest: str


AnyScale = Annotated[
    LinearScale | SumScale | MeanOfScales | SumOfInstruments | Flag | Syndrome | Severity,
    Field(discriminator="method"),
]
