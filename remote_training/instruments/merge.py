"""From the files to the instrument: the structure, and the words that were taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remote_training.instruments import score_checks
from remote_training.instruments.files import InstrumentFile, ItemPart, Words
from remote_training.instruments.model import Instrument, Item, Translation
from remote_training.instruments.scales import Number, SumOfInstruments
from remote_training.instruments.wordings import WordingFile


def merged(
    file: InstrumentFile,
    taken_in: Sequence[WordingFile],
    known: Mapping[tuple[str, str], Instrument],
) -> Instrument:
    """The instrument of a file with its wording, the oldest first; `known` holds its parts."""
    translations = _translations(file, taken_in)
    words = _newest(file, translations)
    return Instrument(
        code=file.code,
        version=file.version,
        source=file.source,
        owner=file.owner,
        licence=file.licence,
        permission=file.permission,
        is_shipped=file.is_shipped,
        is_validated=file.validated,
        minutes=file.minutes,
        title=file.title | words["title"],
        about=words["about"],
        credit=words["credit"],
        recall=file.recall,
        items=tuple(_item(file, part, words, n) for n, part in enumerate(file.items, start=1)),
        rules=file.missing,
        rules_version=file.rules_version,
        scales=file.scales,
        facts=file.facts,
        parts=tuple(known[part.code, part.version] for part in file.parts),
        codes=file.codes,
        translations=translations,
    )


def missing_parts(file: InstrumentFile, known: Mapping[tuple[str, str], Instrument]) -> list[str]:
    """What a file that is calculated from others asks of them in vain."""
    faults = [
        f"parts: there is no instrument {part.code} {part.version}."
        for part in file.parts
        if (part.code, part.version) not in known
    ]
    parts = [known[part.code, part.version] for part in file.parts] if not faults else []
    offered = {
        scale.code: scale for part in parts for scale in part.scales if isinstance(scale, Number)
    }
    for scale in file.scales:
        if not isinstance(scale, SumOfInstruments) or not parts:
            continue
        unknown = [code for code in scale.scores if code not in offered]
        faults += [f"scale {scale.code}: no part has a score {code!r}." for code in unknown]
        low = sum(offered[code].low for code in scale.scores if code in offered)
        high = sum(offered[code].high for code in scale.scores if code in offered)
        if not unknown and (low, high) != (scale.low, scale.high):
            faults.append(
                f"scale {scale.code}: its scores add up to {low:g} to {high:g}, "
                f"not {scale.low:g} to {scale.high:g}."
            )
    for rule in file.missing:
        faults += [
            f"missing: {part.code} does not offer the rule {str(rule)!r}."
            for part in parts
            if rule not in part.rules
        ]
    return faults


def _translations(file: InstrumentFile, taken_in: Sequence[WordingFile]) -> tuple[Translation, ...]:
    found: dict[tuple[str, str], Translation] = {}
    own = file.texts()
    if file.is_shipped:
        for language in file.title:
            name = file.translations.get(language, f"{file.code}-{file.version}-{language}")
            found[language, name] = Translation(language, name, _in(own, language))
    for wording in taken_in:
        for language, name in wording.translations.items():
            found.pop((language, name), None)  # the same words again: now the newest
            found[language, name] = Translation(
                language,
                name,
                _credit(file) | _in(own, language) | _in(wording.texts(), language),
                wording.wording_version,
                wording.permission,
            )
    return tuple(found.values())


def _credit(file: InstrumentFile) -> dict[str, str]:
    """The owner's line in the language in which it is shipped: it goes under every translation."""
    line = next(iter(file.credit.values()), "")
    return {"credit": line} if line else {}


def _in(texts: Mapping[str, Words], language: str) -> dict[str, str]:
    return {place: words[language] for place, words in texts.items() if language in words}


def _newest(file: InstrumentFile, translations: Sequence[Translation]) -> dict[str, Words]:
    words: dict[str, Words] = {place: {} for place in file.texts()}
    for translation in translations:
        for place, text in translation.texts.items():
            words[place][translation.language] = text
    return words


def _item(file: InstrumentFile, part: ItemPart, words: Mapping[str, Words], number: int) -> Item:
    answers = file.answers[part.answers]
    spoken = {place: words[f"answers {part.answers}, {place}"] for place in answers.words()}
    return Item(
        code=part.code,
        text=words[f"item {part.code}"],
        answers=answers.saying(spoken),
        label=f"item {number}",
        answers_name=part.answers,
        stem_name=part.stem,
        stem={} if part.stem is None else words[f"stem {part.stem}"],
        recall=part.recall or file.recall,
        shown_if=part.shown_if,
        applies_if=part.applies_if,
        may_not_apply=part.not_applicable is not None,
        is_scored=part.code in score_checks.counted(file),
        alarming_from=None if part.alert is None else part.alert.at_least,
        codes=part.codes,
    )
