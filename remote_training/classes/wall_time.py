"""From the clock on the wall of a zone to moments, over both changes of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(weeks=1)


def moment(day: date, wall_time: time, zone: str) -> datetime:
    """The aware UTC moment at which a clock of this zone shows this time on this day.

    A time that is shown twice (clocks go back) is its first showing. A time that is
    never shown (clocks go forward) moves on by the length of the gap: 02:30 becomes 03:30.

    Source: RFC 5545, section 3.3.5 (local time with time zone reference); PEP 495, fold=0.
    """
    wall = datetime.combine(day, wall_time.replace(fold=0), tzinfo=ZoneInfo(zone))
    return wall.astimezone(UTC)


def days(weekday: int, first_on: date, last_on: date) -> Iterator[date]:
    """Every such weekday (0 is Monday) from the first day to the last, both included."""
    day = first_on + timedelta(days=(weekday - first_on.weekday()) % 7)
    while day <= last_on:
        yield day
        day += WEEK
