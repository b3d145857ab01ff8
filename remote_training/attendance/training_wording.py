"""What the sheet of a class says: scales, complaints, exercises and plans in words."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from remote_training.attendance.training import RATINGS, Why
from remote_training.classes import names
from remote_training.core.words import language, say, translated
from remote_training.studies.current import study
from remote_training.studies.exercises import EFFORTS, Band

KEYS = [f"{one:g}" for one in EFFORTS]
RATING_WORDS = (_l("none"), _l("a little"), _l("quite a bit"), _l("a lot"))
COMPLAINT_WORDS = {"tired": _l("Tired"), "pain": _l("Pain"), "dizzy": _l("Dizzy")}
WHEN_WORDS = {"before": _l("before"), "after": _l("after")}
WHY_WORDS = {
    Why.HEALTH: _l("because of complaints or health"),
    Why.OTHER: _l("for another reason"),
}
BAND_WORDS = {
    Band.LIGHT: _l("light band"),
    Band.MEDIUM: _l("medium band"),
    Band.STRONG: _l("strong band"),
}
FIELD_WORDS = {
    "effort": _l("effort"),
    "note": _l("note"),
    "stopped": _l("stopped before the end"),
    "why": _l("why"),
    "sets": _l("sets"),
    "repetitions": _l("repetitions"),
    "minutes": _l("minutes"),
    "load_kg": _l("kg"),
    "band": _l("band"),
    "out": _l("left out"),
    "easier": _l("made easier"),
}


def of_values(field: str) -> dict[str, str]:
    """The values of a field that are codes, in words."""
    if field in RATINGS:
        return {str(rating): str(words) for rating, words in enumerate(RATING_WORDS)}
    if field in ("stopped", "out", "easier"):
        return {"1": translated(say("yes"))}
    chosen: Mapping[str, object] = {"why": WHY_WORDS, "band": BAND_WORDS}.get(field, {})  # type: ignore[assignment]
    return {str(code): str(words) for code, words in chosen.items()}


def of_field(field: str) -> str:
    """What a field is called: `Standing up from a chair, sets`."""
    exercise, _, last = field.rpartition(".")
    if field in RATINGS:
        complaint, when = field.split("_")
        return f"{COMPLAINT_WORDS[complaint]}, {WHEN_WORDS[when]}"
    words = str(FIELD_WORDS[last])
    return f"{exercise_name(exercise)}, {words}" if exercise else words


def exercise_name(code: str) -> str:
    """What an exercise is called, in the reader's language; its code where it is gone."""
    exercise = study().library.exercise(code)
    return code if exercise is None else exercise.said(language())


def plan_name(code: str) -> str:
    """`Strength and stamina, weeks 1 to 4`; its code where it is gone from the library."""
    plan = study().library.plan(code)
    if plan is None:
        return code
    return translated(
        say("%(module)s, weeks %(first)s to %(last)s"),
        module=names.of_module(plan.module), first=plan.first_week, last=plan.last_week,
    )  # fmt: skip
