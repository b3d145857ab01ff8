"""How the minutes of one booking came about, step by step: for her trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import sqlalchemy as sa

from remote_training.attendance import intervals, reports
from remote_training.attendance.intervals import FOREVER, Interval
from remote_training.attendance.models import Change, ReportCheck
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings import queries as meetings
from remote_training.meetings.models import OF_THE_ROOM, EventKind, MeetingEvent, Source

LATE = timedelta(minutes=5)
# told of one moment; also `_in_order`
AT_ONCE = (
    EventKind.STARTED, EventKind.WAITING, EventKind.WAITED, EventKind.ADMITTED,
    EventKind.JOINED, EventKind.LEFT, EventKind.ENDED,
)  # fmt: skip


class Break(NamedTuple):
    """A time away within the class."""

    left_at: datetime
    back_at: datetime


@dataclass(frozen=True)
class Step:
    """One report, as it counts for her.

    `device` numbers her visits from 1, None for the whole room. `told_at` is when we heard of
    it, where that was more than five minutes later. `is_by_hand`: a trainer said that it was she.
    `is_ahead`: it is told of a time that has not come yet, and does not count.
    """

    at: datetime
    kind: EventKind
    source: Source
    device: int | None
    told_at: datetime | None
    is_imputed: bool
    is_by_hand: bool
    is_ahead: bool


@dataclass(frozen=True)
class Evidence:
    """Reports, times in the class, and what was corrected afterwards; each in order of time."""

    steps: Sequence[Step]
    stays: Sequence[Interval]
    changes: Sequence[Change]
    check: ReportCheck | None

    @property
    def sources(self) -> list[Source]:
        """Who told of the time that counts, as `Source` lists them."""
        told = {source for stay in self.stays for source in stay.sources}
        return [source for source in Source if source in told]

    @property
    def breaks(self) -> list[Break]:
        """The times between two stays."""
        return [Break(one.ends_at, next_.begins_at) for one, next_ in pairwise(self.stays)]


def of(booking: Booking, *, now: datetime) -> Evidence:
    """What is known of one booking."""
    session = booking.session
    told = meetings.reports([session.id], now=now)[session.id].get(booking.id, [])
    stays = intervals.stays(told, starts_at=session.starts_at, ends_at=session.ends_at, now=now)
    return Evidence(
        steps=_steps(_in_order(meetings.told_of(booking)), now),
        stays=stays,
        changes=_changes(booking),
        check=reports.check(session.id),
    )


def _steps(events: Sequence[MeetingEvent], now: datetime) -> list[Step]:
    own = [event for event in events if event.kind not in OF_THE_ROOM]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(e.connection for e in own), start=1)}
    return [
        Step(
            at=event.happened_at,
            kind=event.kind,
            source=event.source,
            device=numbers.get(event.connection),
            told_at=event.received_at if event.received_at - event.happened_at > LATE else None,
            is_imputed=event.is_imputed,
            is_by_hand=event.stranger_id is not None,
            is_ahead=event.happened_at > now + meetings.AHEAD,
        )
        for event in (events if own else ())
    ]


def _in_order(events: Sequence[MeetingEvent]) -> list[MeetingEvent]:
    """By time; at one moment as it must have been: who was in leaves first, who comes in stays."""
    first: dict[str, datetime] = {}
    for event in events:
        first[event.connection] = min(event.happened_at, first.get(event.connection, FOREVER))

    def place(event: MeetingEvent) -> tuple[datetime, int, datetime]:
        was_in = first[event.connection] < event.happened_at
        leaves_first = event.kind is EventKind.LEFT and was_in
        rank = 0 if leaves_first else AT_ONCE.index(event.kind)
        return event.happened_at, rank, event.received_at

    return sorted(events, key=place)


def _changes(booking: Booking) -> Sequence[Change]:
    found = sa.select(Change).where(Change.booking_id == booking.id).order_by(Change.at, Change.id)
    return db.session.scalars(found).all()
