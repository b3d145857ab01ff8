"""From the clock on the wall of a zone to moments, over both changes of the clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def moment(day: date, wall_time: time, zone: str) -> datetime:
    """The aware UTC moment at which a clock of this zone shows this time on this day.

    A time that is shown twice (clocks go back) is its first showing. A time that is
    never shown (clocks go forward) moves on by the length of the gap: 02:30 becomes 03:30.

    Source: RFC 5545, section 3.3.5 (local time with time zone reference); PEP 495, fold=0.
    """
    wall = datetime.combine(day, wall_time.replace(fold=0), tzinfo=ZoneInfo(zone))
    return wall.astimezone(UTC)


def days(weekdays: Collection[int], first_on: date, last_on: date) -> Iterator[date]:
    """All days of these weekdays (0 is Monday) from the first day to the last, both included."""
    for ahead in range((last_on - first_on).days + 1):
        day = first_on + ahead * DAY
        if day.weekday() in weekdays:
            yield day


def nearest(weekdays: Iterable[int], weekday: int) -> int:
    """Of these weekdays the one that is fewest days away from another, before or after it."""
    return min(weekdays, key=lambda one: (min((one - weekday) % 7, (weekday - one) % 7), one))


class Oddity(StrEnum):
    """What is odd about a wall time on a day: it is never shown, or shown twice."""

    LEFT_OUT = "left_out"
    TWICE = "twice"


def oddity(day: date, wall_time: time, zone: str) -> Oddity | None:
    """Whether clocks of this zone leave this time out on this day, or show it twice."""
    wall = datetime.combine(day, wall_time, tzinfo=ZoneInfo(zone))
    first, second = (wall.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None or first == second:
        return None
    return Oddity.TWICE if first > second else Oddity.LEFT_OUT


def shown(at: datetime, zone: str) -> datetime:
    """The moment as clocks of this zone show it."""
    return at.astimezone(ZoneInfo(zone))


def offset(at: datetime, zone: str) -> str:
    """How far clocks of this zone are from UTC at a moment: `UTC+01:00`."""
    plain = f"{shown(at, zone):%z}"
    return f"UTC{plain[:3]}:{plain[3:5]}"
