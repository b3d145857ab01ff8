"""Why something was done: one line of a person's own words, kept beside what was changed."""

from __future__ import annotations

from remote_training.core.errors import Invalid
from remote_training.core.text import clean_line
from remote_training.core.words import say

LONGEST = 500


class ReasonNeeded(Invalid):
    """Something is changed, or overruled, without saying why."""


class ReasonTooLong(Invalid):
    """A reason that does not fit; nothing of it is cut off."""


def given(reason: str | None) -> str | None:
    """The reason on one line, or None where there is none to read.

    Raises `ReasonTooLong` over 500 characters.
    """
    why = clean_line(reason or "")
    if len(why) > LONGEST:
        raise ReasonTooLong(say("Please shorten this to %(count)s letters."), count=LONGEST)
    return why or None


def needed(reason: str | None, sentence: str = say("Please write why.")) -> str:
    """The reason on one line. Raises `ReasonNeeded` with the sentence, `ReasonTooLong`."""
    why = given(reason)
    if why is None:
        raise ReasonNeeded(sentence)
    return why
