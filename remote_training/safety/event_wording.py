"""What pages call the states of an event, its details, and their values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from remote_training.core import words
from remote_training.safety import event_rules as rules
from remote_training.safety.event_models import (
    Action,
    Care,
    Criterion,
    EventVersion,
    Outcome,
    Phase,
    Related,
)
from remote_training.safety.event_queries import State
from remote_training.safety.event_rules import Told
from remote_training.safety.event_terms import terms

STATE_WORDS = {
    State.WITHDRAWN: ("plain", _l("entered by mistake")),
    State.NEW: ("alert", _l("new: nobody has looked")),
    State.INCOMPLETE: ("wait", _l("details missing")),
    State.SEEN: ("wait", _l("seen, still open")),
    State.CLOSED: ("good", _l("closed")),
}
DETAIL_WORDS = {
    "term": _l("What happened"),
    "grade": _l("How bad"),
    "phase": _l("Before, in or after the class"),
    "onset_at": _l("When it began"),
    "is_serious": _l("Serious or not"),
    "criterion": _l("Why it is serious"),
    "related": _l("From the training or not"),
    "actions": _l("What was done"),
    "outcome": _l("What became of it"),
    "outcome_on": _l("Since which day"),
    "text": _l("In your own words"),
}
PHASE_WORDS = {
    Phase.BEFORE: _l("Before the class"),
    Phase.DURING: _l("In the class"),
    Phase.AFTER: _l("After the class"),
    Phase.OUTSIDE: _l("Not near a class"),
}
CRITERION_WORDS = {
    Criterion.DEATH: _l("Death"),
    Criterion.LIFE_THREATENING: _l("Danger to life"),
    Criterion.HOSPITAL: _l("Taken into hospital, or had to stay there longer"),
    Criterion.DISABILITY: _l("Lasting disability, or important things can no longer be done"),
    Criterion.OTHER: _l("A doctor calls it important for another reason"),
}
RELATED_WORDS = {
    Related.NOT_RELATED: _l("Not from the training"),
    Related.UNLIKELY: _l("Unlikely"),
    Related.POSSIBLE: _l("Possible"),
    Related.PROBABLE: _l("Probable"),
    Related.DEFINITE: _l("Certainly from the training"),
}
ACTION_WORDS = {
    Action.NONE: _l("Nothing"),
    Action.CHANGED: _l("Exercise changed"),
    Action.STOPPED: _l("Exercise stopped"),
    Action.CLASS_ENDED: _l("The class ended early for this person"),
    Action.DOCTOR: _l("Sent to the own doctor"),
    Action.EMERGENCY: _l("Emergency number rung"),
    Action.DOSE_REDUCED: _l("Less training from now on"),
    Action.LEFT_PROGRAMME: _l("Left the programme"),
}
OUTCOME_WORDS = {
    Outcome.RECOVERED: _l("It is over"),
    Outcome.RECOVERING: _l("It is getting better"),
    Outcome.NOT_RECOVERED: _l("It is not better"),
    Outcome.SEQUELAE: _l("It is over, and left something behind"),
    Outcome.FATAL: _l("Died of it"),
    Outcome.UNKNOWN: _l("Nobody knows"),
}
CARE_WORDS = {
    Care.SEEN: _l("I have seen it"),
    Care.SPOKEN: _l("I spoke with the participant"),
    Care.PASSED_ON: _l("I passed it on to the treating doctor"),
    Care.SPONSOR: _l("I told the sponsor"),
    Care.OTHER: _l("Something else"),
    Care.CLOSED: _l("Nothing more is to be done: close it"),
}
YES, NO = _l("Yes"), _l("No")
_VALUES: dict[str, Any] = {
    "phase": PHASE_WORDS,
    "criterion": CRITERION_WORDS,
    "related": RELATED_WORDS,
    "outcome": OUTCOME_WORDS,
    "is_serious": {True: YES, False: NO},
}


def term(code: str) -> str:
    """What a kind of event is called, in the reader's language."""
    return terms().term(code).said(words.language())


def grade(number: int) -> tuple[str, str]:
    """The word and the line of a grade, in the reader's language."""
    return terms().grades[number - 1].said(words.language())


def value(name: str, said: Any) -> str:
    """What a detail says; empty where it is not told."""
    if said in (None, (), ""):
        return ""
    if name == "term":
        return term(said)
    if name == "grade":
        return f"{said} {grade(said)[0]}"
    if name == "actions":
        return ", ".join(str(ACTION_WORDS[action]) for action in said)
    if isinstance(said, datetime):
        return words.moment(said)
    if isinstance(said, date):
        return words.long_day(said)
    return str(_VALUES[name][said]) if name in _VALUES else str(said)


def changes(version: EventVersion, before: EventVersion | None) -> list[tuple[str, str, str]]:
    """What a version says otherwise than the one before: detail, words before, words now."""
    now = Told.of(version)
    was = Told.of(before) if before is not None else Told("", 0)
    names = rules.differs(was, now)
    return [
        (
            str(DETAIL_WORDS[name]),
            value(name, getattr(was, name)) if before is not None else "",
            value(name, getattr(now, name)),
        )
        for name in names
    ]
