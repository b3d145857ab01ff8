"""What the picture of scores can show: a score, or an item where there are no scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from remote_training.assessments.models import Form
from remote_training.core.words import language
from remote_training.exports import scores
from remote_training.exports.sittings import Sitting
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.instruments.scales import Number, Rule
from remote_training.studies.load import Study


@dataclass(frozen=True)
class Measure:
    """One number that a sitting can give, and the ends of its axis.

    Attributes
    ----------
    key
        What names it in an address: `phq-9/PHQ9`.
    rule
        The usual rule of the instrument for missing answers; None for an item.
    direction
        `high_is_worse` or `high_is_better`; empty for an item, which says both ends in words.
    """

    key: str
    instrument: Instrument
    code: str
    label: str
    low: float
    high: float
    rule: Rule | None = None
    direction: str = ""
    low_word: str = ""
    high_word: str = ""

    @property
    def codes(self) -> list[str]:
        """The questionnaires that it is made from."""
        return [one.code for one in self.instrument.parts] or [self.instrument.code]

    def forms(self) -> sa.ColumnElement[bool]:
        """The forms that it is made from."""
        return Form.instrument.in_(self.codes)

    def of(self, sitting: Sitting) -> float | None:
        """Its value in a sitting; None where there is none."""
        if self.rule is None:
            form = sitting.forms.get(self.instrument.code)
            return None if form is None else form.values.get(self.code)
        for instrument, parts in scores.scorable(sitting.forms):
            if instrument.code == self.instrument.code and self.rule in instrument.rules:
                value = scores.scored(instrument, parts, sitting, self.rule)[self.code].value
                return value if isinstance(value, int | float) else None
        return None


def measures(study: Study) -> Sequence[Measure]:
    """Those of the questionnaires that a study asks and that can be shown, in its order.

    What is calculated from several comes last.
    """
    asked = dict.fromkeys(code for point in study.timepoints for code in point.instruments)
    catalogue = instruments.catalogue()
    own = [catalogue[code] for code in asked if code in catalogue]
    shown = [one for one in own if one.has_wording]
    codes = {one.code for one in shown}
    calculated = [
        one
        for one in catalogue.values()
        if one.parts and not one.items and codes.issuperset(part.code for part in one.parts)
    ]
    return [measure for one in (*shown, *calculated) for measure in _of(one)]


def _of(instrument: Instrument) -> Iterator[Measure]:
    if not instrument.scales:
        yield from _items(instrument)
    for scale in instrument.scales:
        if isinstance(scale, Number):
            yield Measure(
                f"{instrument.code}/{scale.code}",
                instrument,
                scale.code,
                scale.label,
                scale.low,
                scale.high,
                rule=instrument.rules[0],
                direction=scale.direction,
            )


def _items(instrument: Instrument) -> Iterator[Measure]:
    spoken = {one.code: one for one in instruments.wording(instrument, language()).items}
    for item in instrument.items:
        words = spoken[item.code]
        yield Measure(
            f"{instrument.code}/{item.code}",
            instrument,
            item.code,
            words.text,
            item.low,
            item.high,
            low_word=words.spoken(item.low) if words.choices else words.low_word,
            high_word=words.spoken(item.high) if words.choices else words.high_word,
        )
