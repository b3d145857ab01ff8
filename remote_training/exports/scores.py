"""The rows of `scores`: what `instruments.scoring` makes of each sitting, under every rule.

A flag is a safety record and no outcome (protocol 2.5): it is in no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remote_training.exports.reasons import Reason
from remote_training.exports.sittings import Filled, Sitting
from remote_training.instruments import load as instruments
from remote_training.instruments import scoring
from remote_training.instruments.load import Instrument
from remote_training.instruments.scales import Number, Rule, Severity
from remote_training.instruments.scoring import Score


@dataclass(frozen=True)
class Scored:
    """One score of one sitting under one rule, and the severity that goes with it."""

    instrument: Instrument
    score: Score
    severity: str | None
    missing: Reason | None


def rows(found: Iterable[Sitting]) -> Iterator[Sequence[Any]]:
    """A row for each score, in the columns of the dictionary."""
    for sitting in found:
        for one in of_sitting(sitting):
            score = one.score
            yield (
                *sitting.key,
                one.instrument.code,
                one.instrument.version,
                score.code,
                score.rule.value,
                score.rules_version,
                score.value,
                None if one.missing is None else one.missing.value,
                one.severity,
                score.n_used,
                score.n_eligible,
            )


def of_sitting(sitting: Sitting) -> Iterator[Scored]:
    """Its scores by questionnaire, rule, scale; what is calculated from several comes last."""
    for instrument, parts in scorable(sitting.forms):
        for rule in instrument.rules:
            found = scored(instrument, parts, sitting, rule)
            yield from _told(instrument, found, sitting.why)


def scorable(forms: Mapping[str, Filled]) -> Iterator[tuple[Instrument, list[Filled]]]:
    """What has scores, with the questionnaires that it takes its answers from."""
    for form in forms.values():
        if form.instrument is not None and form.instrument.scales:
            yield form.instrument, [form]
    for one in _calculated():
        parts = [forms[part.code] for part in one.parts if part.code in forms]
        if [(p.code, p.version) for p in parts] == [(p.code, p.version) for p in one.parts]:
            yield one, parts


def scored(
    instrument: Instrument, parts: Sequence[Filled], sitting: Sitting, rule: Rule
) -> Mapping[str, Score]:
    """Every score of one questionnaire of a sitting under a rule, by code."""
    values = {item: value for part in parts for item, value in part.values.items()}
    not_applicable = [
        item
        for part in parts
        for item, reason in part.reasons.items()
        if reason is Reason.NOT_APPLICABLE
    ]
    return scoring.scores(
        instrument, values, rule=rule, facts=sitting.facts, not_applicable=not_applicable
    )


def _calculated() -> Sequence[Instrument]:
    return [one for one in instruments.versions().values() if one.parts and not one.items]


def _told(instrument: Instrument, found: Mapping[str, Score], why: Reason) -> Iterator[Scored]:
    severities = {
        s.scale: found[s.code].value for s in instrument.scales if isinstance(s, Severity)
    }
    for scale in instrument.scales:
        if isinstance(scale, Number):
            score, severity = found[scale.code], severities.get(scale.code)
            said = str(severity) if severity is not None else None
            yield Scored(instrument, score, said, _why_none(score, why))


def _why_none(score: Score, why: Reason) -> Reason | None:
    """Why there is no score: she sent too little, or the same as for her answers."""
    if score.value is not None:
        return None
    if score.n_eligible == 0:
        return Reason.NOT_APPLICABLE
    return Reason.TOO_FEW if why is Reason.SKIPPED else why
