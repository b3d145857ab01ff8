"""What the scores in an instrument's file must not say against themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from remote_training.core import definitions
from remote_training.instruments.files import Choices, InstrumentFile, Scale
from remote_training.instruments.scales import (
    AnyScale,
    Flag,
    LinearScale,
    MeanOfScales,
    Number,
    Rule,
    Severity,
    SumScale,
    Syndrome,
)


def contradictions(file: InstrumentFile) -> Iterator[str]:
    """One sentence for everything in which the scores disagree with themselves or the items."""
    codes = [scale.code for scale in file.scales]
    for code in definitions.twice(codes):
        yield f"scale {code} stands twice."
    for rule in definitions.twice([str(rule) for rule in file.missing]):
        yield f"missing: the rule {rule!r} stands twice."
    if bool(file.missing) != bool(file.scales):
        yield "missing: where there are scales there must be a rule, and only there."
    for number, scale in enumerate(file.scales):
        for fault in _scale(file, scale, {part.code: part for part in file.scales[:number]}):
            yield f"scale {scale.code}: {fault}"
    scored = counted(file)
    for item in file.items:
        if item.optional_unscored and item.code in scored:
            yield f"item {item.code} is optional_unscored, but a scale counts it."
        if file.scales and not item.optional_unscored and item.code not in scored:
            yield f"item {item.code} is in no scale: is it optional_unscored?"


def counted(file: InstrumentFile) -> frozenset[str]:
    """The items that any scale counts."""
    return frozenset(code for scale in file.scales for code in _items(scale))


def _scale(file: InstrumentFile, scale: AnyScale, before: dict[str, AnyScale]) -> Iterator[str]:
    known = {item.code for item in file.items}
    for code in _items(scale):
        if code not in known:
            yield f"there is no item {code!r}."
    for code in definitions.twice(_items(scale)):
        yield f"the item {code!r} stands twice."
    if isinstance(scale, Number):
        yield from _number(file, scale)
    if isinstance(scale, MeanOfScales):
        yield from _mean(scale, before)
    if isinstance(scale, Severity):
        yield from _severity(file, scale, before)
    if isinstance(scale, Syndrome):
        yield from _syndrome(file, scale)
    if isinstance(scale, Flag):
        yield from _flag(file, scale)


def _items(scale: AnyScale) -> Sequence[str]:
    if isinstance(scale, LinearScale | SumScale):
        return scale.items
    if isinstance(scale, Syndrome):
        return list(scale.symptoms)
    return [scale.item] if isinstance(scale, Flag) else []


def _number(file: InstrumentFile, scale: Number) -> Iterator[str]:
    if scale.low >= scale.high:
        yield f"low ({scale.low:g}) is not below high ({scale.high:g})."
    if isinstance(scale, LinearScale | SumScale):
        yield from _range(file, scale)
    if isinstance(scale, LinearScale | MeanOfScales) and (scale.low, scale.high) != (0, 100):
        yield f"it goes from 0 to 100, not {scale.low:g} to {scale.high:g}."
    yield from _cutoffs(scale)
    least = scale.important_difference
    if least is not None and not 0 < least.low <= least.high <= scale.high - scale.low:
        yield "important_difference: low and high must be above 0, in this order, and in the range."


def _range(file: InstrumentFile, scale: LinearScale | SumScale) -> Iterator[str]:
    asked = _answers(file)
    answers = [found for code in scale.items if (found := asked.get(code)) is not None]
    if isinstance(scale, LinearScale):
        if len({(one.low, one.high) for one in answers}) > 1:
            yield "its items do not all have the same lowest and highest answer."
        return
    low, high = sum(one.low for one in answers), sum(one.high for one in answers)
    if (low, high) != (scale.low, scale.high):
        yield f"its items add up to {low} to {high}, not {scale.low:g} to {scale.high:g}."


def _cutoffs(scale: Number) -> Iterator[str]:
    for cutoff in scale.cutoffs:
        if not scale.low <= cutoff.at <= scale.high:
            yield f"the cut-off {cutoff.at:g} is outside {scale.low:g} to {scale.high:g}."
    for label in definitions.twice([cutoff.label for cutoff in scale.cutoffs]):
        yield f"two cut-offs are called {label!r}."
    for place in definitions.twice([f"{cutoff.when} {cutoff.at:g}" for cutoff in scale.cutoffs]):
        yield f"two cut-offs stand at {place!r}."


def _mean(scale: MeanOfScales, before: dict[str, AnyScale]) -> Iterator[str]:
    for code in scale.scales:
        part = before.get(code)
        if not isinstance(part, Number):
            yield f"there is no scale {code!r} with a number above it."
        elif (part.low, part.high) != (0, 100):
            yield f"the scale {code!r} does not go from 0 to 100."
    for code in definitions.twice(scale.scales):
        yield f"the scale {code!r} stands twice."
    for code in scale.reversed:
        if code not in scale.scales:
            yield f"reversed: {code!r} is not among its scales."


def _severity(file: InstrumentFile, scale: Severity, before: dict[str, AnyScale]) -> Iterator[str]:
    part = before.get(scale.scale)
    if not isinstance(part, Number):
        yield f"there is no scale {scale.scale!r} with a number above it."
    elif not part.cutoffs or any(cutoff.when != "at_least" for cutoff in part.cutoffs):
        yield f"the scale {scale.scale!r} needs cut-offs, all of them 'at_least'."
    elif scale.lowest in {cutoff.label for cutoff in part.cutoffs}:
        yield f"lowest: {scale.lowest!r} is the label of a cut-off already."
    elif list(part.cutoffs) != sorted(part.cutoffs, key=lambda cutoff: cutoff.at):
        yield f"the cut-offs of {scale.scale!r} must stand from the lowest to the highest."
    if Rule.COMPLETE not in file.missing:
        yield "there is a severity under the rule 'complete' only, which is not offered."


def _flag(file: InstrumentFile, scale: Flag) -> Iterator[str]:
    answers = _answers(file).get(scale.item)
    if answers is not None and not answers.low < scale.at_least <= answers.high:
        yield (
            f"at_least: {scale.at_least} must be above the lowest answer ({answers.low}) "
            f"and not above the highest ({answers.high})."
        )


def _syndrome(file: InstrumentFile, scale: Syndrome) -> Iterator[str]:
    for code in scale.core:
        if code not in scale.symptoms:
            yield f"core: {code!r} is not among its symptoms."
    if not scale.least <= scale.most <= len(scale.symptoms):
        yield f"least, most: they must be in this order, and not above {len(scale.symptoms)}."
    asked = _answers(file)
    for code, from_ in scale.symptoms.items():
        answers = asked.get(code)
        if answers is not None and not answers.low < from_ <= answers.high:
            yield f"symptoms: {from_} of {code!r} is not above its lowest answer, or too high."


def _answers(file: InstrumentFile) -> dict[str, Scale | Choices | None]:
    """How each item is answered, by its code; None where that is not there."""
    return {item.code: file.answers.get(item.answers) for item in file.items}
