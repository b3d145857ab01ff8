"""From answers to scores: arithmetic, and nothing else.

A score keeps the rule, its version and the items that it was made from. Nothing is rounded.
Sources: EORTC QLQ-C30 Scoring Manual, 3rd ed., Fayers et al. (2001), for the linear scales and
the half rule; the other rules stand with their source in the file of each instrument.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from remote_training.core.words import say
from remote_training.instruments.errors import NoSuchRule
from remote_training.instruments.model import Facts, Instrument
from remote_training.instruments.scales import (
    AnyScale,
    Flag,
    LinearScale,
    MeanOfScales,
    Number,
    Rule,
    Severity,
    SumOfInstruments,
    SumScale,
    Syndrome,
)

Value = float | int | str | None
NOBODY_KNOWS: Facts = {}


@dataclass(frozen=True)
class Score:
    """One score of one person.

    Attributes
    ----------
    value
        A number in the range of its scale, not rounded; the label of a severity; 1 or 0 of a
        flag or a syndrome. None where the rule gives no score.
    rule, rules_version
        By what it was made; `rules_version` is that of the instrument's file.
    items_used
        The items that went into it, in the order of the scale; none where there is no score.
    items_eligible
        The items that could have: those that apply to this person.
    """

    code: str
    value: Value
    rule: Rule
    rules_version: str
    items_used: tuple[str, ...]
    items_eligible: tuple[str, ...]

    @property
    def n_used(self) -> int:
        """How many items went into it."""
        return len(self.items_used)

    @property
    def n_eligible(self) -> int:
        """How many items could have."""
        return len(self.items_eligible)


@dataclass(frozen=True)
class _Person:
    """What is known of one person: her answers, and which items apply to her."""

    answers: Mapping[str, int]
    applying: frozenset[str]
    rule: Rule
    rules_version: str

    def eligible(self, items: Sequence[str]) -> tuple[str, ...]:
        return tuple(item for item in items if item in self.applying)

    def given(self, items: Sequence[str]) -> tuple[str, ...]:
        return tuple(item for item in items if item in self.applying and item in self.answers)


def scores(
    instrument: Instrument,
    answers: Mapping[str, int | None],
    *,
    rule: Rule | None = None,
    facts: Facts = NOBODY_KNOWS,
    not_applicable: Collection[str] = (),
) -> Mapping[str, Score]:
    """Every score of an instrument, by code, in the order of its file.

    Parameters
    ----------
    answers
        Points by item; None or no entry where there is no answer. For an instrument that is
        calculated from others, the answers to all of them.
    rule
        One of `instrument.rules`; the first of them unless told.
    facts
        What is known of her, such as her sex. An item that does not apply is not missing, and
        an answer to it is not counted.
    not_applicable
        Items of which she said that they do not apply to her.

    Raises
    ------
    NoSuchRule
        The instrument does not offer the rule.
    ValueError
        There is an answer that cannot be given: it would make a score that looks right.
    """
    if not instrument.scales:
        return {}
    chosen = instrument.rules[0] if rule is None else rule
    if chosen not in instrument.rules:
        raise NoSuchRule(
            say("%(code)s has no rule “%(rule)s” for missing answers; it has %(rules)s."),
            code=instrument.code,
            rule=chosen,
            rules=", ".join(instrument.rules),
        )
    known: dict[str, Score] = {}
    for part in instrument.parts:
        known |= scores(part, answers, rule=chosen, facts=facts, not_applicable=not_applicable)
    person = _person(instrument, answers, chosen, facts, not_applicable)
    for scale in instrument.scales:
        known[scale.code] = _score(instrument, scale, person, known)
    return {scale.code: known[scale.code] for scale in instrument.scales}


def _person(
    instrument: Instrument,
    answers: Mapping[str, int | None],
    rule: Rule,
    facts: Facts,
    not_applicable: Collection[str],
) -> _Person:
    given: dict[str, int] = {}
    applying = set()
    for item in instrument.items:
        value = answers.get(item.code)
        if value is not None:
            if not item.accepts(value):
                raise ValueError(f"{item.code}: {value!r} is no answer to it")
            given[item.code] = value
        if item.code not in not_applicable and item.applies(facts):
            applying.add(item.code)
    return _Person(given, frozenset(applying), rule, instrument.rules_version)


def _score(
    instrument: Instrument, scale: AnyScale, person: _Person, known: Mapping[str, Score]
) -> Score:
    if isinstance(scale, LinearScale | SumScale):
        return _of_answers(instrument, scale, person)
    if isinstance(scale, MeanOfScales):
        parts = [known[code] for code in scale.scales]
        values = [_turned(known[code], code in scale.reversed) for code in scale.scales]
        return _of_scores(scale, person, parts, _mean(values))
    if isinstance(scale, SumOfInstruments):
        parts = [known[code] for code in scale.scores]
        return _of_scores(scale, person, parts, _total([_turned(part, False) for part in parts]))
    if isinstance(scale, Severity):
        part = known[scale.scale]
        return _of_scores(scale, person, [part], _severity(instrument, scale, part))
    if isinstance(scale, Syndrome):
        return _syndrome(scale, person)
    return _flag(scale, person)


def _of_answers(instrument: Instrument, scale: LinearScale | SumScale, person: _Person) -> Score:
    eligible, given = person.eligible(scale.items), person.given(scale.items)
    if not is_enough(person.rule, len(given), len(eligible)):
        return _made(scale, person, None, (), eligible)
    points = [person.answers[item] for item in given]
    if isinstance(scale, SumScale):
        return _made(scale, person, prorated_sum(points, len(eligible)), given, eligible)
    asked = instrument.item(scale.items[0])
    value = linear_0_100(points, low=asked.low, high=asked.high, reverse=scale.reverse)
    return _made(scale, person, value, given, eligible)


def is_enough(rule: Rule, given: int, eligible: int) -> bool:
    """Whether so many answers of so many that apply give a score."""
    if given == 0:
        return False
    if rule is Rule.COMPLETE:
        return given == eligible
    if rule is Rule.PRORATE2:
        return eligible - given <= 2
    return 2 * given >= eligible


def linear_0_100(points: Sequence[int], *, low: int, high: int, reverse: bool) -> float:
    """The mean of the answers, from `low`-`high` to 0-100; 100 is the lowest if `reverse`.

    One division of whole numbers: the order of the answers cannot matter.
    """
    above = sum(points) - len(points) * low
    span = len(points) * (high - low)
    return 100 * (span - above if reverse else above) / span


def prorated_sum(points: Sequence[int], eligible: int) -> float | int:
    """The sum; what is missing counts as the mean of what is there."""
    if len(points) == eligible:
        return sum(points)
    return sum(points) * eligible / len(points)


def _turned(part: Score, turn: bool) -> float | None:
    if part.value is None or isinstance(part.value, str):
        return None
    return 100 - part.value if turn else part.value


def _mean(values: Sequence[float | None]) -> float | None:
    total = _total(values)
    return None if total is None else total / len(values)


def _total(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    if len(there) < len(values):
        return None
    return sum(there) if all(isinstance(value, int) for value in there) else fsum(there)


def _severity(instrument: Instrument, scale: Severity, part: Score) -> str | None:
    value = _turned(part, False)
    if part.rule is not Rule.COMPLETE or value is None:
        return None
    measured = instrument.scale(scale.scale)
    assert isinstance(measured, Number)
    reached = [cutoff for cutoff in measured.cutoffs if cutoff.holds(value)]
    return max(reached, key=lambda cutoff: cutoff.at).label if reached else scale.lowest


def _flag(scale: Flag, person: _Person) -> Score:
    given = person.given([scale.item])
    value = int(person.answers[scale.item] >= scale.at_least) if given else None
    return _made(scale, person, value, given, person.eligible([scale.item]))


def _syndrome(scale: Syndrome, person: _Person) -> Score:
    eligible, given = person.eligible(list(scale.symptoms)), person.given(list(scale.symptoms))
    there = {item for item in given if person.answers[item] >= scale.symptoms[item]}
    value = int(scale.least <= len(there) <= scale.most and not there.isdisjoint(scale.core))
    if len(given) == len(eligible) > 0:
        return _made(scale, person, value, given, eligible)
    core = person.given(scale.core)
    if core == person.eligible(scale.core) and there.isdisjoint(core) and core:
        return _made(scale, person, 0, core, eligible)
    return _made(scale, person, None, (), eligible)


def _of_scores(
    scale: AnyScale, person: _Person, parts: Sequence[Score], value: float | str | None
) -> Score:
    used = _all([part.items_used for part in parts]) if value is not None else ()
    return _made(scale, person, value, used, _all([part.items_eligible for part in parts]))


def _all(items: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in items for item in part))


def _made(
    scale: AnyScale,
    person: _Person,
    value: Value,
    used: tuple[str, ...],
    eligible: tuple[str, ...],
) -> Score:
    return Score(scale.code, value, person.rule, person.rules_version, used, eligible)
