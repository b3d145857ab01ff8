"""What became of a place in a class: one word for it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from remote_training.attendance.models import Status


class Outcome(StrEnum):
    """What became of one place that somebody held."""

    ATTENDED = "attended"
    EXCUSED = "excused"
    TECHNICAL = "technical"
    NO_SHOW = "no_show"
    LATE_CANCELLED = "late_cancelled"
    CALLED_OFF = "called_off"
    UNKNOWN = "unknown"
    AHEAD = "ahead"


MISSED = frozenset({Outcome.EXCUSED, Outcome.TECHNICAL, Outcome.NO_SHOW, Outcome.LATE_CANCELLED})
_OF_STATUS = {
    Status.ATTENDED: Outcome.ATTENDED,
    Status.LATE: Outcome.ATTENDED,
    Status.EXCUSED: Outcome.EXCUSED,
    Status.TECHNICAL: Outcome.TECHNICAL,
    Status.NO_SHOW: Outcome.NO_SHOW,
}


def outcome(
    status: Status | None,
    *,
    is_live: bool,
    is_late: bool,
    is_called_off: bool,
    ends_at: datetime,
    now: datetime,
) -> Outcome | None:
    """What became of one place; None for one that was given back in time: it counts nowhere.

    A place that was given back late is that, also where the class was called off afterwards.
    """
    if not is_live:
        return Outcome.LATE_CANCELLED if is_late else None
    if is_called_off:
        return Outcome.CALLED_OFF
    if status is not None:
        return _OF_STATUS[status]
    return Outcome.AHEAD if now < ends_at else Outcome.UNKNOWN
