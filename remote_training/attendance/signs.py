"""What the reports of one booking say of this moment: in the room, before its door, gone, how.

Pure functions, as in `intervals`. Only what was told is said: who closed her computer, and of
whom the provider has not noticed it yet, is still here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from remote_training.attendance import intervals
from remote_training.attendance.intervals import FOREVER, Interval
from remote_training.meetings.models import EventKind
from remote_training.meetings.queries import Report

UNSTEADY = 3  # so often back again ...
WITHIN = timedelta(minutes=10)  # ... within this time
BEFORE_THE_DOOR = EventKind.WAITING
# told of the same moment, the later of these counts
ORDER = (EventKind.LEFT, EventKind.WAITING, EventKind.WAITED, EventKind.ADMITTED, EventKind.JOINED)


@dataclass(frozen=True)
class Signs:
    """Where somebody is.

    Attributes
    ----------
    here_since
        Since when she is in the room without a break.
    waiting_since
        Since when she is in the waiting room; None while she is in the room.
    left_at
        When she was last seen in the room; None where she never was, or is there.
    was_lost
        Nobody reported that leaving, or the provider says that the line broke.
    is_unsteady
        She is here, and came back three times within ten minutes; not from a breakout room.
    """

    here_since: datetime | None
    waiting_since: datetime | None
    left_at: datetime | None
    was_lost: bool
    is_unsteady: bool


def of(reports: Sequence[Report], *, now: datetime) -> Signs:
    """Read the reports of one booking, in whichever order."""
    stays = intervals.union(intervals.visits(reports, closes_at=FOREVER))
    last = stays[-1] if stays else None
    is_here = last is not None and last.ends_at == FOREVER
    left_at = last.ends_at if last is not None and not is_here else None
    return Signs(
        here_since=last.begins_at if last is not None and is_here else None,
        waiting_since=None if is_here else _waiting_since(reports),
        left_at=left_at,
        was_lost=last is not None and not is_here and _was_lost(last, reports),
        is_unsteady=is_here and _times_back(stays, reports, now) >= UNSTEADY,
    )


def _waiting_since(reports: Sequence[Report]) -> datetime | None:
    """A waiting room may know her by another visit than the room: the last word counts."""
    own = [one for one in reports if one.kind in ORDER or one.kind is EventKind.ENDED]
    last = max(own, key=_time_and_kind, default=None)
    return last.at if last is not None and last.kind is BEFORE_THE_DOOR else None


def _time_and_kind(report: Report) -> tuple[datetime, int]:
    return report.at, ORDER.index(report.kind) if report.kind in ORDER else len(ORDER)


def _was_lost(last: Interval, reports: Sequence[Report]) -> bool:
    ends = [one for one in reports if one.kind is EventKind.LEFT and one.at == last.ends_at]
    return last.is_imputed or any(one.is_lost for one in ends)


def _times_back(stays: Sequence[Interval], reports: Sequence[Report], now: datetime) -> int:
    """How often she came back lately; to go into a breakout room, or out of it, is no coming back.

    Some providers tell of it as a leaving and a coming in some seconds later.
    """
    return sum(
        after.begins_at >= now - WITHIN and not _is_a_move(before, after, reports)
        for before, after in pairwise(stays)
    )


def _is_a_move(before: Interval, after: Interval, reports: Sequence[Report]) -> bool:
    if after.begins_at - before.ends_at > intervals.SAME or _was_lost(before, reports):
        return False
    told = {(one.kind, one.at, one.part) for one in reports}
    left = {part for kind, at, part in told if (kind, at) == (EventKind.LEFT, before.ends_at)}
    came = {part for kind, at, part in told if (kind, at) == (EventKind.JOINED, after.begins_at)}
    return bool(left and came) and left != came
