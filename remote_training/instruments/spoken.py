"""An instrument in the words of one language, as a page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from remote_training.instruments.errors import NoWording
from remote_training.instruments.files import Scale
from remote_training.instruments.model import Instrument, Item, Translation

FIRST_CHOICE = "en"  # offered where the reader's own language is not there


@dataclass(frozen=True)
class ItemWording:
    """One question in one language. `choices` is empty for a scale.

    `stem` leads to the question; `not_applicable` is one more answer. Either may be empty.
    """

    code: str
    text: str
    values: tuple[int, ...]
    low_word: str
    high_word: str
    choices: tuple[tuple[int, str], ...]
    stem: str = ""
    not_applicable: str = ""

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
    """An instrument in one language: that which was asked for, or English, or its first.

    Attributes
    ----------
    language
        In which it is shown; `asked_language` was asked for.
    translation
        The name of the translation: it is kept with every answer.
    credit
        The owner's line, to be shown under the questions; may be empty.
    """

    language: str
    title: str
    about: str
    items: tuple[ItemWording, ...]
    translation: str = ""
    credit: str = ""
    asked_language: str = ""

    @property
    def is_another_language(self) -> bool:
        """True where it is not there in the language that was asked for: the page says so."""
        return self.language != self.asked_language


def wording(instrument: Instrument, language: str, translation: str | None = None) -> Wording:
    """The instrument in a language; where it is not there, in English or its first.

    `translation` asks for the words under which an answer was given; `KeyError` where they are
    not here. Raises `NoWording` where there are no words at all.
    """
    words = told(instrument, language)
    if translation is not None:
        words = instrument.translation(language, translation)
    return _spoken(instrument, words, language)


def told(instrument: Instrument, language: str) -> Translation:
    """The translation in which it is shown to who reads a language; raises `NoWording`."""
    because = instrument.cannot_be_shown_because
    if because is not None:
        raise NoWording(because)
    known = instrument.languages
    spoken = language if language in known else FIRST_CHOICE if FIRST_CHOICE in known else known[0]
    return instrument.translation(spoken)


def _spoken(instrument: Instrument, words: Translation, asked: str) -> Wording:
    return Wording(
        language=words.language,
        title=words.texts["title"],
        about=words.texts.get("about", ""),
        items=tuple(_item(item, words) for item in instrument.items),
        translation=words.name,
        credit=words.texts.get("credit", ""),
        asked_language=asked,
    )


def _item(item: Item, words: Translation) -> ItemWording:
    texts, answers = words.texts, item.answers
    low_word, high_word = "", ""
    choices: tuple[tuple[int, str], ...] = ()
    if isinstance(answers, Scale):
        low_word, high_word = (
            texts[f"answers {item.answers_name}, {end}"] for end in ("low_word", "high_word")
        )
    else:
        choices = tuple(
            (value, texts[f"answers {item.answers_name}, choice {value}"])
            for value in answers.values()
        )
    return ItemWording(
        code=item.code,
        text=texts[f"item {item.code}"],
        values=tuple(answers.values()),
        low_word=low_word,
        high_word=high_word,
        choices=choices,
        stem="" if item.stem_name is None else texts[f"stem {item.stem_name}"],
        not_applicable=texts.get(f"item {item.code}, not_applicable", ""),
    )
