"""When somebody is reminded of a class: pure rules over wall clocks, nothing is read here.

Optional mail comes between two times of her day (`Wishes`). What would come in her quiet
hours comes before them, or is left out where another reminder says the same.

A day before
    At the hour of the class on the day before, by her clock; in the evening of that day,
    half an hour before quiet begins, where that hour lies outside of her times. Never less
    than 4 hours before a class that begins soon after midnight.
An hour before
    60 minutes before. Where that is too early in the morning: when quiet ends, if half an
    hour is left until the class; else in the evening before, where she wants no reminder a day
    before, and not at all where she does, for that one holds the same link. Where it is
    too late at night: in the evening, half an hour before quiet begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from remote_training.participants.wishes import Reminder, Wishes

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVENING = timedelta(minutes=30)  # before quiet begins: time for all mails of an evening to go
MORNING = timedelta(minutes=30)  # the least that is left between the end of quiet and a class
GONE_BY = timedelta(minutes=1)  # before quiet begins nothing is handed over any more
A_WHILE = timedelta(minutes=5)  # between reading what is in a mail, and its having left
AHEAD = timedelta(hours=4)  # the least of a reminder a day before
FRESH = {Reminder.DAY_BEFORE: timedelta(hours=2), Reminder.HOUR_BEFORE: timedelta(minutes=15)}
PLANNED_UNTIL = {
    Reminder.DAY_BEFORE: timedelta(hours=3),
    Reminder.HOUR_BEFORE: timedelta(minutes=15),
}
TOO_LATE = {Reminder.DAY_BEFORE: timedelta(hours=2), Reminder.HOUR_BEFORE: timedelta(0)}
LONGEST = {Reminder.DAY_BEFORE: timedelta(hours=36), Reminder.HOUR_BEFORE: timedelta(hours=25)}


class Heard(NamedTuple):
    """A class that she holds: when it begins, and when she last heard of it."""

    starts_at: datetime
    told_at: datetime


@lru_cache(maxsize=65536)
def comes_at(reminder: Reminder, starts_at: datetime, wishes: Wishes, zone: str) -> datetime | None:
    """When a reminder of a class is due; None where there is none of this kind."""
    if not wishes.wants(reminder):
        return None
    rule = _day_before if reminder is Reminder.DAY_BEFORE else _hour_before
    return rule(starts_at, wishes, ZoneInfo(zone))


def is_fresh(reminder: Reminder, told_at: datetime, at: datetime) -> bool:
    """Whether she heard of the class so lately (booked it, or it moved) that none is needed."""
    return told_at > at - FRESH[reminder]


def not_after(
    reminder: Reminder, starts_at: datetime, wishes: Wishes, zone: str, *, now: datetime
) -> datetime | None:
    """Until when a reminder that is due at `now` may leave; None where it is not to be planned.

    A day before: as long as it is 3 hours before the class, and it leaves no later than 2
    hours before. An hour before: 15 minutes, and the beginning. Neither in quiet hours.
    """
    at = comes_at(reminder, starts_at, wishes, zone)
    if at is None or not at <= now < starts_at - PLANNED_UNTIL[reminder]:
        return None
    quiet_at = loud_until(now, wishes, zone)
    return None if quiet_at is None else min(starts_at - TOO_LATE[reminder], quiet_at)


def looked_at_next(
    reminder: Reminder, starts_at: datetime, wishes: Wishes, zone: str, *, now: datetime
) -> datetime | None:
    """When to look after `now` whether a reminder is due; None where none can come any more.

    At its moment; where that came in quiet hours or while nobody looked, when quiet ends.
    """
    at = comes_at(reminder, starts_at, wishes, zone)
    if at is None or now >= starts_at - PLANNED_UNTIL[reminder]:
        return None
    if at > now:
        return at
    is_quiet = loud_until(now, wishes, zone) is None
    return _quiet_ends(now, wishes, ZoneInfo(zone)) if is_quiet else None


def loud_until(now: datetime, wishes: Wishes, zone: str) -> datetime | None:
    """Until when optional mail may leave today; None in quiet hours, and in their last minute."""
    local = now.astimezone(ZoneInfo(zone))
    if not wishes.is_loud(local.time()):
        return None
    ends_at = _at(local.date(), wishes.latest, ZoneInfo(zone)) - GONE_BY
    return ends_at if now < ends_at else None


def moments(
    one: Heard, others: Sequence[Heard], wishes: Wishes, zone: str, *, now: datetime
) -> Sequence[datetime]:
    """When she is still to be reminded of a class, in order.

    `others` are her other classes of that day: one reminder the day before names them all.
    """
    hour_before = comes_at(Reminder.HOUR_BEFORE, one.starts_at, wishes, zone)
    if hour_before is not None and is_fresh(Reminder.HOUR_BEFORE, one.told_at, hour_before):
        hour_before = None
    due = (_named_at(one, others, wishes, zone), hour_before)
    return sorted(at for at in due if at is not None and at > now)


def is_named(told_at: datetime, left_at: datetime) -> bool:
    """Whether a reminder that left then names a class of that day of which she last heard then."""
    return left_at - A_WHILE > told_at


def _named_at(one: Heard, others: Sequence[Heard], wishes: Wishes, zone: str) -> datetime | None:
    """When the first reminder a day before leaves that names a class; None where none does."""
    due = [
        (at, each.starts_at, each)
        for each in (one, *others)
        if (at := comes_at(Reminder.DAY_BEFORE, each.starts_at, wishes, zone)) is not None
    ]
    leave: list[datetime] = []  # when one leaves
    for at, _starts_at, each in sorted(due):
        is_said = any(is_named(each.told_at, before) for before in leave)
        if is_said or is_fresh(Reminder.DAY_BEFORE, each.told_at, at):
            continue
        if each is one or is_named(one.told_at, at):
            return at
        leave.append(at)
    return None


def _day_before(starts_at: datetime, wishes: Wishes, zone: ZoneInfo) -> datetime:
    local = starts_at.astimezone(zone)
    evening, clock = _evening(wishes), local.time().replace(fold=0)
    fits = wishes.earliest <= clock <= evening
    on_the_day_before = _at(local.date() - DAY, clock if fits else evening, zone)
    return min(on_the_day_before, starts_at - AHEAD)


def _hour_before(starts_at: datetime, wishes: Wishes, zone: ZoneInfo) -> datetime | None:
    begins, local = starts_at.astimezone(zone), (starts_at - HOUR).astimezone(zone)
    evening = _evening(wishes)
    if wishes.earliest <= local.time() <= evening:
        return starts_at - HOUR
    morning = _at(begins.date(), wishes.earliest, zone)
    if starts_at - HOUR < morning <= starts_at - MORNING:
        return morning
    is_night = local.time() > evening
    on = local.date() if is_night else local.date() - DAY
    if on < begins.date() and wishes.day_before:
        return None
    return _at(on, evening, zone)


def _quiet_ends(now: datetime, wishes: Wishes, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    mornings = (_at(today + n * DAY, wishes.earliest, zone) for n in range(3))
    return next(at for at in mornings if at > now)


def _evening(wishes: Wishes) -> time:
    return (datetime.combine(date.min, wishes.latest) - EVENING).time()


def _at(on: date, clock: time, zone: ZoneInfo) -> datetime:
    """A time of a wall clock: the first where there are two, an hour later where there is none."""
    return datetime.combine(on, clock, zone).astimezone(UTC)
