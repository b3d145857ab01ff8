"""When an answer was given, by devices whose clocks are wrong, sleep, and begin anew.

A page knows our time from when it came, and from each answer that we acknowledged. From then
on it counts by a clock that nobody sets. That gives two bounds; between them the device's own
clock may say what it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LONGEST = timedelta(days=1000)
SLOW = timedelta(minutes=1)  # what two clocks, or a slow line, may differ by


@dataclass(frozen=True)
class Moment:
    """A moment as far as it is known.

    Attributes
    ----------
    at
        The best guess.
    surely_at
        The same, or where the device's clock contradicts itself the latest moment that is sure.
    """

    at: datetime
    surely_at: datetime

    def within(self, first: datetime, last: datetime) -> Moment:
        """The same, brought between two moments."""
        return Moment(*(min(max(one, first), last) for one in (self.at, self.surely_at)))


def told(typed: Mapping[str, str], *, now: datetime) -> Moment:
    """Read what a device says of a press; `now` where it says nothing sensible.

    Milliseconds each. `age`: since the press by the clock of the device, below zero where that
    was set back. `awake`: the same by the clock that only runs forward, but stands while the
    device sleeps; zero where the page of the press is gone. `given`: our own time at the press,
    counted on by that clock since the page last heard from us.
    """
    age, awake = _span(typed.get("age", "")), _span(typed.get("awake", ""))
    is_page_there = awake is not None and awake > timedelta(0)
    latest = now - awake if awake is not None and is_page_there else now
    said = now - age if age is not None else latest
    since_1970 = _span(typed.get("given", ""), longest=None)
    if since_1970 is None:
        at = min(said, latest)
        return Moment(at, at)
    earliest = min(datetime(1970, 1, 1, tzinfo=UTC) + since_1970, latest)
    at = min(max(said, earliest), latest)
    if abs(said - at) <= SLOW:
        return Moment(at, at)
    return Moment(at if is_page_there else earliest, earliest)


def _span(typed: str, longest: timedelta | None = LONGEST) -> timedelta | None:
    """None where nothing sensible is said."""
    digits = typed.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 14):
        return None
    span = timedelta(milliseconds=int(typed))
    return span if longest is None else max(min(span, longest), -longest)
