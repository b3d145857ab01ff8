"""The items that a study asks: each with its column in `answers_wide` and its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from remote_training.exports import names
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument, Item
from remote_training.studies.load import Study

LANGUAGE = "en"  # of the data set


@dataclass(frozen=True)
class Asked:
    """One item. `answers` has the words of its answers by points; a scale has those of its ends.

    The words are English, or else of the first language there is; without wording the text
    is the number of the item, and there are none for its answers.
    """

    name: str
    instrument: Instrument
    item: Item
    text: str
    answers: Mapping[str, str]

    @property
    def why_name(self) -> str:
        """The column that says why there is no answer."""
        return self.name + names.WHY


def items(study: Study) -> Sequence[Asked]:
    """Every item of the questionnaires that a study names, in the order of its file.

    An item of an older version that the newest does not have comes after those of the newest.
    """
    found = {(one.code, item.code): (one, item) for one, item in _of(study)}
    named = names.variables(found)
    return [
        Asked(named[pair], one, item, *_words(one, item)) for pair, (one, item) in found.items()
    ]


def with_questions() -> Sequence[Instrument]:
    """The newest version of every instrument that asks something itself."""
    return [one for one in instruments.catalogue().values() if one.items]


def words(instrument: Instrument) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Text and words of the answers of each item, by its code."""
    return {item.code: _words(instrument, item) for item in instrument.items}


def _of(study: Study) -> Iterator[tuple[Instrument, Item]]:
    catalogue = instruments.catalogue()
    seen = set()
    for code in dict.fromkeys(code for point in study.timepoints for code in point.instruments):
        if code not in catalogue:
            continue
        others = [one for one in instruments.versions().values() if one.code == code]
        for one in (catalogue[code], *reversed(others)):
            for item in one.items:
                if (code, item.code) not in seen:
                    seen.add((code, item.code))
                    yield one, item


def _words(instrument: Instrument, item: Item) -> tuple[str, Mapping[str, str]]:
    if not instrument.has_wording:
        return f"{instrument.title.get(LANGUAGE, instrument.code)}, {item.label}", {}
    spoken = {one.code: one for one in instruments.wording(instrument, LANGUAGE).items}[item.code]
    text = f"{spoken.stem} {spoken.text}".strip()
    if spoken.choices:
        return text, {str(value): label for value, label in spoken.choices}
    low, high = spoken.values[0], spoken.values[-1]
    return text, {str(low): spoken.low_word, str(high): spoken.high_word}
