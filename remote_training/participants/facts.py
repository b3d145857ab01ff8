"""What a recorded fact may be: one rule for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

from remote_training.core import zones
from remote_training.core.words import LANGUAGES, say
from remote_training.participants.errors import WrongFact
from remote_training.participants.models import Sex
from remote_training.studies.current import study

EARLIEST = date(2020, 1, 1)
LONGEST_AHEAD_YEARS = 2


def check(fact: str, value: Any, *, today: date) -> None:
    """Refuse what cannot be so with `WrongFact`; None (not known) is refused for the arm only.

    `today` is the day in the participant's zone. Raises `KeyError` for no fact of ours.
    """
    rule = _RULES[fact]
    if value is None:
        if fact == "arm":
            raise WrongFact(say("The arm can be corrected, but not taken away."), fact=fact)
        return
    if not rule(value, today):
        raise WrongFact(_SENTENCES[fact], fact=fact)


def code(value: Any) -> Any:
    """A fact as the audit trail keeps it: a code, a day as text, or None."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def _past_day(value: Any, today: date) -> bool:
    return isinstance(value, date) and EARLIEST <= value <= today


def _near_day(value: Any, today: date) -> bool:
    is_day = isinstance(value, date)
    return is_day and value >= EARLIEST and value.year <= today.year + LONGEST_AHEAD_YEARS


_RULES: dict[str, Callable[[Any, date], bool]] = {
    "consented_on": _past_day,
    "cleared_on": _past_day,
    "withdrawn_on": _past_day,
    "baseline_on": _near_day,
    "complaint": lambda value, _today: value in study().complaint_codes(),
    "arm": lambda value, _today: value in study().arm_codes(),
    "sex": lambda value, _today: isinstance(value, Sex),
    "neurotoxic_chemotherapy": lambda value, _today: isinstance(value, bool),
    "language": lambda value, _today: value in LANGUAGES,
    "zone": lambda value, _today: value in zones.known(),
}

_SENTENCES = {
    "consented_on": say("The day of consent must be between 2020 and today."),
    "cleared_on": say("The day of clearance must be between 2020 and today."),
    "withdrawn_on": say("The day of leaving must be between 2020 and today."),
    "baseline_on": say("The baseline day must be between 2020 and two years from now."),
    "complaint": say("Please choose a complaint of the study."),
    "arm": say("Please choose an arm of the study."),
    "sex": say("Please choose one of the answers."),
    "neurotoxic_chemotherapy": say("Please choose yes or no."),
    "language": say("Please choose a language of the platform."),
    "zone": say("Please choose a time zone."),
}
