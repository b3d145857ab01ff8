"""From reports to minutes: pure functions, whatever the order and however often they came.

Reports are paired by connection and sorted by their own time. What a connection leaves
open is closed at the end, and marked. Two devices count once. Only time within the class
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from remote_training.attendance.models import Status
from remote_training.meetings.models import EventKind
from remote_training.meetings.queries import Report

MINUTE = timedelta(minutes=1)
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Interval:
    """A time in the room, end excluded. `is_imputed`: nobody reported its end."""

    begins_at: datetime
    ends_at: datetime
    is_imputed: bool = False


@dataclass(frozen=True)
class Presence:
    """What the reports of one booking come to.

    `minutes` are within the class; `first_joined_at` and `last_left_at` are as reported,
    also outside it. `arrived_at` is the first moment within the class.
    """

    minutes: float
    first_joined_at: datetime | None
    last_left_at: datetime | None
    arrived_at: datetime | None
    is_imputed: bool


def presence(
    reports: Iterable[Report], *, starts_at: datetime, ends_at: datetime, now: datetime
) -> Presence:
    """Work out one person's presence so far, or of the whole class once it is over."""
    stay = union(visits(reports, closes_at=min(now, ends_at)))
    counted = clipped(stay, starts_at, ends_at)
    return Presence(
        minutes=minutes(counted),
        first_joined_at=stay[0].begins_at if stay else None,
        last_left_at=stay[-1].ends_at if stay else None,
        arrived_at=counted[0].begins_at if counted else None,
        is_imputed=now >= ends_at and any(interval.is_imputed for interval in counted),
    )


def here_since(reports: Iterable[Report]) -> datetime | None:
    """Since when somebody has been in the room without a break; None where she is not."""
    stay = union(visits(reports, closes_at=FOREVER))
    return stay[-1].begins_at if stay and stay[-1].ends_at == FOREVER else None


def visits(reports: Iterable[Report], *, closes_at: datetime) -> list[Interval]:
    """The intervals of all connections, each as its own; those left open end at `closes_at`.

    Within one connection a second joining changes nothing, a leaving without a joining
    neither. A leaving that was only presumed gives way to a reported one after it.
    Joining and leaving at the very same moment change nothing.
    """
    by_connection = sorted(set(reports), key=lambda report: (report.connection, report.at))
    found: list[Interval] = []
    for _, own in groupby(by_connection, key=lambda report: report.connection):
        found.extend(_of_one(list(own), closes_at))
    return found


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time without overlaps, in order; intervals that touch become one."""
    found: list[Interval] = []
    for interval in sorted(intervals, key=lambda one: (one.begins_at, one.ends_at, one.is_imputed)):
        if found and interval.begins_at <= found[-1].ends_at:
            found[-1] = _joined(found[-1], interval)
        else:
            found.append(interval)
    return found


def clipped(
    intervals: Iterable[Interval], begins_at: datetime, ends_at: datetime
) -> list[Interval]:
    """The part of each interval within a window; an end that is cut off is not imputed."""
    found = []
    for interval in intervals:
        first, last = max(interval.begins_at, begins_at), min(interval.ends_at, ends_at)
        if first < last:
            is_imputed = interval.is_imputed and interval.ends_at <= ends_at
            found.append(Interval(first, last, is_imputed))
    return found


def minutes(intervals: Sequence[Interval]) -> float:
    """The length of intervals that do not overlap, in minutes."""
    total = sum((one.ends_at - one.begins_at for one in intervals), timedelta())
    return total / MINUTE


def status(
    found: Presence,
    *,
    starts_at: datetime,
    is_over: bool,
    was_anybody_seen: bool,
    was_reported: bool,
    late_after_minutes: int,
    attended_from_minutes: int,
) -> Status | None:
    """What the machine says, or None where it cannot know.

    It cannot know before the end that somebody will not come; nor, where nobody at all
    was seen, that a room worked; nor how long somebody was there of whom only the leaving
    was reported. Unknown is not absent.
    """
    if found.arrived_at is not None and found.minutes >= attended_from_minutes:
        is_late = found.arrived_at > starts_at + late_after_minutes * MINUTE
        return Status.LATE if is_late else Status.ATTENDED
    only_left = was_reported and found.first_joined_at is None
    if not is_over or not was_anybody_seen or only_left:
        return None
    return Status.NO_SHOW


def _of_one(reports: Sequence[Report], closes_at: datetime) -> list[Interval]:
    """The intervals of one connection, its reports sorted by time."""
    found: list[Interval] = []
    joined_at: datetime | None = None
    for at, together in groupby(reports, key=lambda report: report.at):
        kinds = {report.kind: report.is_imputed for report in _surest_last(together)}
        if len(kinds) > 1:
            continue
        if EventKind.JOINED in kinds:
            joined_at = at if joined_at is None else joined_at
        elif joined_at is not None:
            found.append(Interval(joined_at, at, kinds[EventKind.LEFT]))
            joined_at = None
        elif found and found[-1].is_imputed:
            found[-1] = Interval(found[-1].begins_at, at, kinds[EventKind.LEFT])
    if joined_at is not None and joined_at <= closes_at:
        found.append(Interval(joined_at, closes_at, is_imputed=True))
    return found


def _surest_last(reports: Iterable[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: not report.is_imputed)


def _joined(before: Interval, after: Interval) -> Interval:
    """Two intervals that overlap or touch; the later end counts, the surer of two equal ones."""
    if after.ends_at == before.ends_at:
        sure = before.is_imputed and after.is_imputed
        return Interval(before.begins_at, before.ends_at, sure)
    later = max(before, after, key=lambda one: one.ends_at)
    return Interval(before.begins_at, later.ends_at, later.is_imputed)
