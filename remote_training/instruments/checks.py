"""What an instrument's file must not say against itself. One sentence for everything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from remote_training.core import definitions
from remote_training.instruments import score_checks
from remote_training.instruments.files import (
    Choices,
    InstrumentFile,
    ItemPart,
    Scale,
    Words,
    may_be_absent,
)
from remote_training.instruments.scales import SumOfInstruments

DIRECTIONS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # turn the text after them round
FOR_MISSING = range(-99, -90)  # stand for the reason where there is no answer (exports)


def contradictions(file: InstrumentFile) -> list[str]:
    """One sentence for everything in which the file disagrees with itself."""
    return [
        *_questions(file),
        *_conditions(file),
        *score_checks.contradictions(file),
        *_parts(file),
        *_codes(file),
        *_words(file),
    ]


def incomplete(place: str, words: Words, languages: Sequence[str], of: str) -> Iterator[str]:
    """What a text lacks in these languages, and the languages that are not among them.

    `of` says whose languages they are.
    """
    for code in languages:
        if not words.get(code, "").strip() and not (may_be_absent(place) and not words):
            yield f"{place} has no words in {code!r}."
    for code in words:
        if code not in languages:
            yield f"{place} has words in {code!r}, a language that {of} does not have."


def unseen(place: str, words: Words) -> Iterator[str]:
    """The signs in a text that nobody sees and that change what is read."""
    for code, text in words.items():
        for sign in text:
            if sign != "\n" and (unicodedata.category(sign) == "Cc" or ord(sign) in DIRECTIONS):
                yield f"{place} has a sign in {code!r} that nobody can see (U+{ord(sign):04X})."
                break


def _questions(file: InstrumentFile) -> Iterator[str]:
    for code in definitions.twice([item.code for item in file.items]):
        yield f"the item {code} stands twice."
    for name, answers in file.answers.items():
        for fault in answers.faults():
            yield f"answers {name}: {fault}."
        yield from _same_words(name, answers)
        kept = [points for points in answers.values() if points in FOR_MISSING]
        if kept:
            yield f"answers {name}: {kept[0]} is kept for missing answers (-99 to -91)."
    for item in file.items:
        if item.answers not in file.answers:
            wanted = f"the answers {item.answers!r}"
            yield f"item {item.code} asks for {wanted}, which are not described."
        if item.stem is not None and item.stem not in file.stems:
            yield f"item {item.code} begins with the stem {item.stem!r}, which is not there."
    yield from _unused("answers", list(file.answers), {item.answers for item in file.items})
    yield from _unused("stem", list(file.stems), {item.stem for item in file.items})
    if not file.items and not file.parts:
        yield "it has neither items nor parts: there is nothing to ask and nothing to calculate."


def _same_words(name: str, answers: Scale | Choices) -> Iterator[str]:
    texts = answers.words().values()
    for code in dict.fromkeys(code for words in texts for code in words):
        told = [text for words in texts if (text := words.get(code, "").strip())]
        for text in definitions.twice(told):
            yield f"answers {name}: two answers have the words {text!r} in {code!r}."


def _unused(what: str, names: Sequence[str], asked: set[str | None] | set[str]) -> Iterator[str]:
    for name in names:
        if name not in asked:
            yield f"no item asks for the {what} {name!r}."


def _conditions(file: InstrumentFile) -> Iterator[str]:
    used: set[str] = set()
    for item in file.items:
        for field in ("shown_if", "applies_if"):
            for fact, value in getattr(item, field).items():
                used.add(fact)
                if value not in file.facts.get(fact, ()):
                    yield f"item {item.code}, {field}: {fact} = {value!r} is not among the facts."
        if item.applies_if and item.not_applicable is None:
            yield f"item {item.code} may not apply, but has no answer not_applicable to say so."
        yield from _alert(file, item)
    for fact, values in file.facts.items():
        for value in definitions.twice(values):
            yield f"facts: the value {value!r} of {fact!r} stands twice."
        if fact not in used:
            yield f"facts: no item depends on {fact!r}."


def _alert(file: InstrumentFile, item: ItemPart) -> Iterator[str]:
    answers = file.answers.get(item.answers)
    if item.alert is None or answers is None:
        return
    if not answers.low < item.alert.at_least <= answers.high:
        yield (
            f"item {item.code}, alert: {item.alert.at_least} must be above the lowest answer "
            f"({answers.low}) and not above the highest ({answers.high})."
        )


def _parts(file: InstrumentFile) -> Iterator[str]:
    if file.parts and file.items:
        yield "it has parts and items: what is calculated from other instruments asks nothing."
    for code in definitions.twice([part.code for part in file.parts]):
        yield f"parts: {code} stands twice."
    for scale in file.scales:
        if isinstance(scale, SumOfInstruments) and not file.parts:
            yield f"scale {scale.code}: it adds up scores of parts, but there are no parts."


def _codes(file: InstrumentFile) -> Iterator[str]:
    named = [(f"item {item.code}", item.codes) for item in file.items]
    named += [(f"scale {scale.code}", scale.codes) for scale in file.scales]
    for name, answers in file.answers.items():
        for choice in getattr(answers, "choices", ()):
            named.append((f"answers {name}, choice {choice.value}", choice.codes))
    found = [(place, codes.loinc) for place, codes in named if codes.loinc]
    if file.codes is None and any(codes.loinc or codes.cdisc for _, codes in named):
        yield "codes: there are codes of items, scales or answers, but nothing says their source."
    if file.codes is not None and file.codes.loinc:
        found.append(("codes", file.codes.loinc))
    for place, code in found:
        if not _is_loinc(code):
            yield f"{place}: {code!r} is no LOINC code; is a digit wrong?"
    cdisc = [codes.cdisc for _, codes in named if codes.cdisc]
    for code in definitions.twice(cdisc):
        yield f"the CDISC code {code} stands twice."


def _is_loinc(code: str) -> bool:
    """Whether it has the form of a code; of a number, whether its check digit (mod 10) fits."""
    parts = re.fullmatch(r"(LA|LL)?([0-9]+)-([0-9])", code)
    if parts is None or parts[1]:
        return parts is not None
    total = 0
    for place, digit in enumerate(reversed(parts[2])):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(parts[3])


def _words(file: InstrumentFile) -> Iterator[str]:
    for code in file.title:
        if not re.fullmatch(r"[a-z]{2}", code):
            yield f"title: {code!r} is no language; write its two letters."
    languages = list(file.title)
    for code in file.translations:
        if code not in languages or not file.is_shipped:
            yield f"translations: there is no wording in {code!r}."
    for place, words in file.texts().items():
        yield from unseen(place, words)
        if place == "title":
            continue
        if file.is_shipped:
            yield from incomplete(place, words, languages, "the title")
        elif words and not place.endswith("not_applicable"):
            yield f"{place} has words, although the wording is to be imported."
