"""From reports to minutes: pure functions, whatever the order and however often they came.

Reports are paired by connection and source and sorted by their own time. What a connection
leaves open ends as another source tells; else with the room, or with the class, and is marked.
Two devices count once, and so do two sources: what any of them tells counts. Time in a waiting
room does not. Only time within the class counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from remote_training.attendance.models import Status
from remote_training.meetings.models import OF_THE_ROOM, EventKind, Source
from remote_training.meetings.queries import Report

MINUTE = timedelta(minutes=1)
FOREVER = datetime.max.replace(tzinfo=UTC)
# two sources that tell of the same coming in may differ by so much
SAME = timedelta(seconds=60)
# at one moment the waiting room comes first: who is let in from there is in
FIRST = (EventKind.WAITING, EventKind.ADMITTED)


@dataclass(frozen=True)
class Interval:
    """A time in the room, end excluded. `is_imputed`: nobody reported its end."""

    begins_at: datetime
    ends_at: datetime
    is_imputed: bool = False
    sources: frozenset[Source] = field(default=frozenset(), compare=False)


@dataclass(frozen=True)
class Presence:
    """What the reports of one booking come to.

    `minutes` are within the class; `first_joined_at` and `last_left_at` are as reported,
    also outside it. `arrived_at` is the first moment within the class. `is_imputed`: some of the
    minutes are only presumed, and no other visit covers them. `lacks_coming`: a leaving was told
    of a visit whose coming in nobody told, so that its time is not among the minutes.
    """

    minutes: float
    first_joined_at: datetime | None
    last_left_at: datetime | None
    arrived_at: datetime | None
    is_imputed: bool
    lacks_coming: bool = False


def presence(
    reports: Iterable[Report], *, starts_at: datetime, ends_at: datetime, now: datetime
) -> Presence:
    """Work out one person's presence so far, or of the whole class once it is over.

    Also of a leaving that a provider tells ahead of our clock, only the time that has been counts.
    """
    told, until = set(reports), min(now, ends_at)
    own = visits(told, closes_at=until)
    stay, is_over = union(own), now >= ends_at
    counted = clipped(stay, starts_at, until)
    sure = [one for one in own if not one.is_imputed or one.ends_at > ends_at]
    return Presence(
        minutes=minutes(counted),
        first_joined_at=stay[0].begins_at if stay else None,
        last_left_at=stay[-1].ends_at if stay else None,
        arrived_at=counted[0].begins_at if counted else None,
        is_imputed=is_over and _length(counted) > _length(clipped(union(sure), starts_at, ends_at)),
        lacks_coming=is_over and any(at > starts_at for at in _unexplained(told, stay)),
    )


def stays(
    reports: Iterable[Report], *, starts_at: datetime, ends_at: datetime, now: datetime
) -> list[Interval]:
    """The times within the class that count, in order, each with who told of it."""
    until = min(now, ends_at)
    return clipped(union(visits(reports, closes_at=until)), starts_at, until)


def here_since(reports: Iterable[Report]) -> datetime | None:
    """Since when somebody has been in the room without a break; None where she is not."""
    stay = union(visits(reports, closes_at=FOREVER))
    return stay[-1].begins_at if stay and stay[-1].ends_at == FOREVER else None


def visits(reports: Iterable[Report], *, closes_at: datetime) -> list[Interval]:
    """The intervals of all connections, each as its own.

    Within one connection a second joining changes nothing, a leaving without a joining
    neither. A leaving that was only presumed gives way to a reported one after it.
    Joining and leaving at the very same moment change nothing. What is left open ends as
    another source tells; else when its room was closed, or opened again; else at `closes_at`.
    """
    told = set(reports)
    rooms = sorted((one for one in told if one.kind in OF_THE_ROOM), key=lambda one: one.at)
    found: list[Interval] = []
    for visit, own in groupby(sorted(told.difference(rooms), key=_visit_then_time), key=_visit):
        run, _connection, source = visit
        found.extend(_of_one(list(own), closes_at, _closings(rooms, run), source))
    return _made_sure(found)


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
            found.append(Interval(first, last, is_imputed, interval.sources))
    return found


def minutes(intervals: Sequence[Interval]) -> float:
    """The length of intervals that do not overlap, in minutes."""
    return _length(intervals) / MINUTE


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


def _length(intervals: Sequence[Interval]) -> timedelta:
    return sum((one.ends_at - one.begins_at for one in intervals), timedelta())


def _unexplained(told: Iterable[Report], stay: Sequence[Interval]) -> list[datetime]:
    """When somebody left of whose visit no coming in was told, by no source."""
    came = {_visit(one) for one in told if one.kind in (EventKind.JOINED, EventKind.ADMITTED)}
    return [
        one.at
        for one in told
        if one.kind is EventKind.LEFT
        and _visit(one) not in came
        and not any(there.begins_at < one.at <= there.ends_at + SAME for there in stay)
    ]


def _visit(report: Report) -> tuple[str, str, Source]:
    return report.run, report.connection, report.source


def _visit_then_time(report: Report) -> tuple[object, ...]:
    return *_visit(report), report.at


def _closings(rooms: Sequence[Report], run: str) -> list[datetime]:
    """When an opening of the room was over: it ended, or the room was opened anew."""
    return [
        one.at
        for one in rooms
        if (one.run in (run, "") if one.kind is EventKind.ENDED else one.run not in (run, ""))
    ]


class _Stay:
    """One connection, followed through its reports in order of time."""

    def __init__(self, closings: Sequence[datetime], source: Source) -> None:
        self.found: list[Interval] = []
        self._closings, self._source = closings, frozenset({source})
        self._inside_since: datetime | None = None
        self._comes_back = False  # she was put into the waiting room out of the class

    def take(self, kinds: dict[EventKind, bool], at: datetime) -> None:
        """What happened at one moment; by kind, whether it is only presumed."""
        for kind in FIRST:
            if kind in kinds:
                self._wait(kind, at)
        if EventKind.JOINED in kinds and EventKind.LEFT in kinds:
            return
        if EventKind.JOINED in kinds:
            self._come(at)
        elif EventKind.LEFT in kinds:
            self._go(at, is_imputed=kinds[EventKind.LEFT])

    def close(self, at: datetime) -> None:
        """The end: what is still open is closed, and marked."""
        if self._inside_since is not None and self._inside_since <= at:
            ends_at = min(self._closed_after(self._inside_since) or at, at)
            self._keep(ends_at, is_imputed=True)

    def _wait(self, kind: EventKind, at: datetime) -> None:
        if kind is EventKind.WAITING and self._inside_since is not None:
            self._keep(at, is_imputed=False)
            self._comes_back = True
        elif kind is EventKind.ADMITTED and self._comes_back:
            self._come(at)

    def _come(self, at: datetime) -> None:
        self._comes_back = False
        since = self._inside_since
        closed_at = self._closed_after(since) if since is not None else None
        if closed_at is not None and closed_at < at:
            self._keep(closed_at, is_imputed=True)
        if self._inside_since is None:
            self._inside_since = at

    def _go(self, at: datetime, *, is_imputed: bool) -> None:
        self._comes_back = False
        if self._inside_since is not None:
            self._keep(at, is_imputed=is_imputed)
        elif self.found and self.found[-1].is_imputed:
            begins_at = self.found.pop().begins_at
            self.found.append(Interval(begins_at, at, is_imputed, self._source))

    def _keep(self, ends_at: datetime, *, is_imputed: bool) -> None:
        assert self._inside_since is not None
        self.found.append(Interval(self._inside_since, ends_at, is_imputed, self._source))
        self._inside_since = None

    def _closed_after(self, moment: datetime) -> datetime | None:
        return next((at for at in self._closings if at >= moment), None)


def _of_one(
    reports: Sequence[Report], closes_at: datetime, closings: Sequence[datetime], source: Source
) -> list[Interval]:
    """The intervals of one connection, its reports sorted by time."""
    stay = _Stay(closings, source)
    for at, together in groupby(reports, key=lambda report: report.at):
        stay.take({report.kind: report.is_imputed for report in _surest_last(together)}, at)
    stay.close(closes_at)
    return stay.found


def _made_sure(intervals: Sequence[Interval]) -> list[Interval]:
    """Let an end that nobody reported give way to what another source tells of that time."""
    sure = [one for one in intervals if not one.is_imputed]
    return [_as_told(one, sure) if one.is_imputed else one for one in intervals]


def _as_told(open_one: Interval, sure: Iterable[Interval]) -> Interval:
    others = union(one for one in sure if not one.sources & open_one.sources)
    for other in others:
        if other.begins_at - SAME <= open_one.begins_at < other.ends_at:
            return Interval(open_one.begins_at, other.ends_at, False, open_one.sources)
    return open_one


def _surest_last(reports: Iterable[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: not report.is_imputed)


def _joined(before: Interval, after: Interval) -> Interval:
    """Two intervals that overlap or touch; the later end counts, the surer of two equal ones."""
    sources = before.sources | after.sources
    if after.ends_at == before.ends_at:
        is_imputed = before.is_imputed and after.is_imputed
        return Interval(before.begins_at, before.ends_at, is_imputed, sources)
    later = max(before, after, key=lambda one: one.ends_at)
    return Interval(before.begins_at, later.ends_at, later.is_imputed, sources)
