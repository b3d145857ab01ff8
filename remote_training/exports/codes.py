"""What a column's values stand for, where the study file or the catalogue says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from remote_training.core.words import DEFAULT_LANGUAGE, LANGUAGES
from remote_training.exports import items
from remote_training.exports.reasons import OF_ANSWERS, OF_SCORES, TOLD, Reason
from remote_training.instruments import load as instruments
from remote_training.instruments.scales import Number, Rule, Severity
from remote_training.safety import event_terms
from remote_training.studies.load import Study

Fields = dict[str, Any]


def told(table: str, column: str, study: Study) -> Fields:
    """The fields of a column of the dictionary that the study or the catalogue fills in."""
    rule = _BY_PLACE.get((table, column)) or _BY_NAME.get(column)
    return {} if rule is None else rule(study)


def of_reasons(which: Sequence[Reason]) -> dict[str, str]:
    """The reasons as codes of a column."""
    return {str(reason): TOLD[reason].label for reason in which}


def scores() -> Iterator[tuple[str, Number]]:
    """Every score of the catalogue that is a number, with the instrument it belongs to."""
    for one in instruments.catalogue().values():
        for scale in one.scales:
            if isinstance(scale, Number):
                yield one.code, scale


def _items(_study: Study) -> Fields:
    """The questions, with what their answers stand for; of the same code the first one counts."""
    found: dict[str, str] = {}
    for one in items.with_questions():
        for code, (text, answers) in items.words(one).items():
            said = ", ".join(f"{points} = {words}" for points, words in answers.items())
            found.setdefault(code, f"{text} ({said})" if said else text)
    return {"codes": found}


def _points(_study: Study) -> Fields:
    """Lowest and highest answer of each questionnaire."""
    spans = (
        f"{one.code}: {min(i.low for i in one.items)} to {max(i.high for i in one.items)}"
        for one in items.with_questions()
    )
    return {"range": "; ".join(spans), "reasons": tuple(OF_ANSWERS)}


def _score_codes(_study: Study) -> Fields:
    found: dict[str, str] = {}
    for instrument, scale in scores():
        words = f"{scale.label} ({instrument}, {scale.low:g} to {scale.high:g}, {_way(scale)})"
        found[scale.code] = f"{found[scale.code]}, or {words}" if scale.code in found else words
    return {"codes": found}


def _way(scale: Number) -> str:
    return scale.direction.replace("_", " ")


def _score_values(_study: Study) -> Fields:
    spans = (f"{one} {scale.code}: {scale.low:g} to {scale.high:g}" for one, scale in scores())
    return {"range": "; ".join(spans), "reasons": tuple(OF_SCORES)}


def _severities(_study: Study) -> Fields:
    found: dict[str, str] = {}
    for one in instruments.catalogue().values():
        for scale in one.scales:
            if isinstance(scale, Severity):
                measured = one.scale(scale.scale)
                assert isinstance(measured, Number)
                found.setdefault(scale.lowest, "below every cut-off")
                for cutoff in measured.cutoffs:
                    place = f"{measured.code} {cutoff.when.replace('_', ' ')} {cutoff.at:g}"
                    before = found.get(cutoff.label)
                    found[cutoff.label] = f"{before}, {place}" if before else place
    return {"codes": found}


def _plans(study: Study) -> Fields:
    """Each class plan: for what, when, and at which effort it aims."""
    return {
        "codes": {
            plan.code: f"{plan.module}, weeks {plan.first_week} to {plan.last_week}, "
            f"effort {plan.effort[0]:g} to {plan.effort[1]:g}"
            for plan in study.library.plans
        }
    }


_RULES = {
    Rule.COMPLETE: "all questions that apply are answered",
    Rule.HALF: "at least half of them; what is missing counts as the mean of what is there",
    Rule.PRORATE2: "at most two are missing; these count as the mean of what is there",
}

_BY_NAME: Mapping[str, Callable[[Study], Fields]] = {
    "site": lambda study: {"codes": {site.code: site.name for site in study.sites}},
    "language": lambda _study: {"codes": dict(LANGUAGES)},
    "complaint": lambda study: {"codes": {m.code: m.name for m in study.modules if m.is_specific}},
    "module": lambda study: {"codes": {module.code: module.name for module in study.modules}},
    "arm": lambda study: {
        "codes": {arm.code: f"trains from week {arm.trains_from_week}" for arm in study.arms}
    },
    "timepoint": lambda study: {"codes": {p.code: f"week {p.week}" for p in study.timepoints}},
    "instrument": lambda _study: {
        "codes": {one.code: one.title.get("en", "") for one in instruments.catalogue().values()}
    },
}
_BY_PLACE: Mapping[tuple[str, str], Callable[[Study], Fields]] = {
    ("answers_long", "item"): _items,
    ("answers_long", "value"): _points,
    ("answers_long", "missing"): lambda _study: {"codes": of_reasons(OF_ANSWERS)},
    ("scores", "score"): _score_codes,
    ("training", "plan"): _plans,
    ("training_exercises", "exercise"): lambda study: {
        "codes": {one.code: one.said(DEFAULT_LANGUAGE) for one in study.library.exercises}
    },
    ("scores", "rule"): lambda _study: {"codes": {str(rule): w for rule, w in _RULES.items()}},
    ("scores", "value"): _score_values,
    ("scores", "missing"): lambda _study: {"codes": of_reasons(OF_SCORES)},
    ("scores", "severity"): _severities,
    ("adverse_events", "term"): lambda _study: {"codes": event_terms.labels()},
    ("adverse_events", "grade"): lambda _study: {"codes": event_terms.grade_labels()},
}
