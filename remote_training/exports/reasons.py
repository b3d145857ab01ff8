"""Why there is no value: one list for every file and every format.

CSV files have the reason in a column of its own beside the value. In files for SPSS it is
a user-missing number in place of the value, in files for Stata an extended missing value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from remote_training.assessments.models import AnswerState
from remote_training.assessments.states import State


class Reason(StrEnum):
    """Why there is no value; the first that holds, in this order, except that `TOO_FEW` is last."""

    REFUSED = "refused"
    NOT_APPLICABLE = "not_applicable"
    NOT_SHOWN = "not_shown"
    NOT_DUE = "not_due"
    WITHDRAWN = "withdrawn"
    SKIPPED = "skipped"
    WINDOW_CLOSED = "window_closed"
    OPEN = "open"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Told:
    """How a reason is told: in words, as a number for SPSS, as a letter for Stata."""

    label: str
    spss: int
    stata: str


TOLD: Mapping[Reason, Told] = {
    Reason.NOT_DUE: Told("not due: the window has not opened", -91, "a"),
    Reason.NOT_SHOWN: Told(
        "not shown: not asked of her, or the questionnaire is not part of this time-point", -92, "b"
    ),
    Reason.NOT_APPLICABLE: Told("not applicable: she said that it does not apply", -93, "c"),
    Reason.REFUSED: Told("refused: she pressed I'd rather not answer", -94, "d"),
    Reason.SKIPPED: Told("skipped: she sent the questionnaires without it", -95, "e"),
    Reason.WINDOW_CLOSED: Told("window closed: not answered by then, begun or not", -96, "f"),
    Reason.WITHDRAWN: Told("withdrawn: she left before the window closed", -97, "g"),
    Reason.OPEN: Told("open: not answered so far, the window is open", -98, "h"),
    Reason.TOO_FEW: Told("too few: fewer answers than the rule asks for", -99, "i"),
}
LOWEST, HIGHEST = -99, -91
OF_ANSWERS = [reason for reason in TOLD if reason is not Reason.TOO_FEW]
OF_SCORES = [
    Reason.NOT_DUE,
    Reason.NOT_APPLICABLE,
    Reason.WINDOW_CLOSED,
    Reason.WITHDRAWN,
    Reason.OPEN,
    Reason.TOO_FEW,
]

# an answer of hers that is no value
WITHOUT_VALUE: Mapping[AnswerState, Reason] = {
    AnswerState.DECLINED: Reason.REFUSED,
    AnswerState.NOT_APPLICABLE: Reason.NOT_APPLICABLE,
}

# a question that was shown and has no answer: from where its sitting stands
UNANSWERED: Mapping[State, Reason] = {
    State.NOT_DUE: Reason.NOT_DUE,
    State.DUE: Reason.OPEN,
    State.OVERDUE: Reason.OPEN,
    State.PARTIAL: Reason.OPEN,
    State.COMPLETE: Reason.SKIPPED,
    State.CLOSED: Reason.WINDOW_CLOSED,
    State.WITHDRAWN: Reason.WITHDRAWN,
}
