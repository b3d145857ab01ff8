"""An instrument as the platform knows it: structure and, where there are any, its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from remote_training.core.words import say
from remote_training.instruments.files import Choices, InstrumentCodes, Scale, Words
from remote_training.instruments.scales import AnyScale, Codes, Number, Rule, Sourced
from remote_training.instruments.wordings import Permission

NO_CODES = Codes()
Facts = Mapping[str, str | None]


@dataclass(frozen=True)
class Item:
    """One question. `text`, the stem and the words of the answers are by language.

    Attributes
    ----------
    label
        What it is called where its words may not be shown: `item 3`.
    stem
        The words that lead to it; empty where it says everything itself.
    stem_name, answers_name
        What the file calls its stem and its answers; others may share them.
    recall
        The time that it is about, as a code: `past_week`, or `none`.
    shown_if, applies_if
        Facts without which it is not asked, or does not count.
    may_not_apply
        True where she can answer that it does not apply to her.
    is_scored
        False where no score counts it.
    alarming_from
        The answer from which somebody must look at it; None where there is none.
    """

    code: str
    text: Words
    answers: Scale | Choices
    label: str = ""
    answers_name: str = ""
    stem_name: str | None = None
    stem: Words = field(default_factory=dict)
    recall: str = "none"
    shown_if: Mapping[str, str] = field(default_factory=dict)
    applies_if: Mapping[str, str] = field(default_factory=dict)
    may_not_apply: bool = False
    is_scored: bool = True
    alarming_from: int | None = None
    codes: Codes = NO_CODES

    @cached_property
    def low(self) -> int:
        """The lowest answer (points)."""
        return self.answers.low

    @cached_property
    def high(self) -> int:
        """The highest answer (points)."""
        return self.answers.high

    def accepts(self, value: object) -> bool:
        """Whether this is an answer that can be given."""
        return type(value) is int and value in self._values

    def is_alarming(self, value: int | None) -> bool:
        """Whether somebody must look at this answer."""
        return self.alarming_from is not None and value is not None and value >= self.alarming_from

    def is_shown(self, facts: Facts) -> bool:
        """Whether it is asked of her. A fact that nobody knows hides nothing."""
        return _agrees(self.shown_if, facts)

    def applies(self, facts: Facts) -> bool:
        """Whether it can count, by the facts; what is not asked does not apply either."""
        return self.is_shown(facts) and _agrees(self.applies_if, facts)

    @cached_property
    def _values(self) -> frozenset[int]:
        return frozenset(self.answers.values())


def _agrees(wanted: Mapping[str, str], facts: Facts) -> bool:
    return not wanted or all(facts.get(f) in (None, "", value) for f, value in wanted.items())


@dataclass(frozen=True)
class Translation:
    """The words in one language, by their place. They never change under one name.

    `permission` and `wording_version` are None where the words are shipped.
    """

    language: str
    name: str
    texts: Mapping[str, str]
    wording_version: str | None = None
    permission: Permission | None = None


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: its items in the order in which they are asked.

    Attributes
    ----------
    minutes
        How long most people need.
    is_validated
        False where no study has shown what its numbers mean.
    rules
        The rules for missing answers that are offered, the usual one first.
    rules_version
        Changes with whatever a score depends on.
    facts
        What the questions depend on, each with its values.
    parts
        The instruments that it is calculated from; it then has no items of its own.
    translations
        All words that there are, newest last; of one language there may be several.
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
    owner: str = ""
    permission: str = ""
    is_shipped: bool = True
    credit: Words = field(default_factory=dict)
    recall: str = "none"
    rules: tuple[Rule, ...] = ()
    rules_version: str = "1"
    scales: tuple[AnyScale, ...] = ()
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parts: tuple[Instrument, ...] = ()
    codes: InstrumentCodes | None = None
    translations: tuple[Translation, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which it can be asked; none where its wording is not here."""
        return tuple(dict.fromkeys(one.language for one in self.translations))

    @property
    def has_wording(self) -> bool:
        """Whether there is something to show."""
        return bool(self.items) and bool(self.translations)

    @property
    def cannot_be_shown_because(self) -> str | None:
        """Why it cannot be scheduled, for the coordinator; None where it can.

        English, marked for translation.
        """
        if not self.items:
            return say(
                "It is calculated from other questionnaires and asks nothing itself. "
                "Plan those other questionnaires."
            )
        if not self.translations:
            return say(
                "The questions are not here yet, because their owner must allow each study to "
                "use them. Ask the owner, then have the wording imported."
            )
        return None

    def called(self, language: str) -> str:
        """Its title in a language, or else in English or its first; its code where it has none."""
        if self.has_wording:
            wanted = (language, "en", *self.languages)
            told = next(one for one in wanted if one in self.languages)
            return self.translation(told).texts["title"]
        return self.title.get(language) or self.title.get("en") or self.code

    def item(self, code: str) -> Item:
        """The item of this code; `KeyError` where there is none."""
        return self._items[code]

    def scale(self, code: str) -> AnyScale:
        """The score of this code; `KeyError` where there is none."""
        return {scale.code: scale for scale in self.scales}[code]

    def asked(self, facts: Facts) -> tuple[Item, ...]:
        """The items that are asked of somebody of whom these facts are known."""
        return tuple(item for item in self.items if item.is_shown(facts))

    def counted(self) -> tuple[Item, ...]:
        """The items that scores count, those of its parts included."""
        own = tuple(item for item in self.items if item.is_scored)
        return own + tuple(item for part in self.parts for item in part.counted())

    def facts_with_source(self) -> Iterator[tuple[str, Sourced]]:
        """Everything that was taken from somewhere, by its place: scales, cut-offs, codes."""
        if self.codes is not None:
            yield "codes", self.codes
        for scale in self.scales:
            yield f"scale {scale.code}", scale
            if isinstance(scale, Number):
                for cutoff in scale.cutoffs:
                    yield f"scale {scale.code}, cut-off {cutoff.at:g}", cutoff
                if scale.important_difference is not None:
                    yield f"scale {scale.code}, important_difference", scale.important_difference

    def translation(self, language: str, name: str | None = None) -> Translation:
        """The words in a language: the newest, or those of this name. `KeyError` for none."""
        for one in reversed(self.translations):
            if one.language == language and name in (None, one.name):
                return one
        raise KeyError(language, name)

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}
