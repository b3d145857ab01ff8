"""When a reminder of a class comes: by her clock, once, never in quiet hours, never too late."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remote_training.bookings import reminding
from remote_training.participants.wishes import Reminder, Wishes

AMSTERDAM = "Europe/Amsterdam"
ZONES = (
    AMSTERDAM, "Europe/London", "Europe/Lisbon", "America/New_York", "America/St_Johns",
    "America/Santiago", "Australia/Melbourne", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Asia/Tokyo", "Pacific/Auckland", "Pacific/Kiritimati", "Africa/Casablanca", "Asia/Beirut",
)  # fmt: skip
DAY, HOUR = Reminder.DAY_BEFORE, Reminder.HOUR_BEFORE
TICK = timedelta(minutes=5)


def wishes(earliest: int = 8, latest: int = 21, *, day: bool = True, hour: bool = True) -> Wishes:
    """Somebody's choice; all in the hours of the study, unless told."""
    return Wishes(day, hour, True, time(earliest), time(latest))


def at(on: str, clock: str, zone: str = AMSTERDAM) -> datetime:
    """A moment of a wall clock."""
    return datetime.fromisoformat(f"{on}T{clock}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("clock", "comes"),
    [
        pytest.param("10:00", "10:00", id="at the hour of the class"),
        pytest.param("08:00", "08:00", id="as early as she wants"),
        pytest.param("07:30", "20:30", id="an early class: in the evening, not in the night"),
        pytest.param("20:30", "20:30", id="the last half hour before quiet"),
        pytest.param("20:45", "20:30", id="within it: at its beginning"),
        pytest.param("22:15", "20:30", id="a late class"),
        pytest.param("00:15", "20:15", id="after midnight: four hours before, the evening before"),
    ],
)
def test_a_day_before_comes_on_the_day_before(clock: str, comes: str) -> None:
    begins = at("2026-11-24", clock)
    assert reminding.comes_at(DAY, begins, wishes(), AMSTERDAM) == at("2026-11-23", comes)


@pytest.mark.parametrize(
    ("clock", "day", "comes"),
    [
        pytest.param("10:00", True, ("2026-11-24", "09:00"), id="an hour before"),
        pytest.param("08:45", True, ("2026-11-24", "08:00"), id="when quiet ends"),
        pytest.param("08:30", True, ("2026-11-24", "08:00"), id="half an hour is left"),
        pytest.param("08:15", True, None, id="less: the evening before said it"),
        pytest.param("08:15", False, ("2026-11-23", "20:30"), id="nothing else said it"),
        pytest.param("07:00", False, ("2026-11-23", "20:30"), id="early, in the evening before"),
        pytest.param("21:30", True, ("2026-11-24", "20:30"), id="the last that is not too late"),
        pytest.param("22:30", True, ("2026-11-24", "20:30"), id="a late class, the same evening"),
        pytest.param("00:30", True, None, id="after midnight: the evening before said it"),
        pytest.param("00:30", False, ("2026-11-23", "20:30"), id="after midnight, alone"),
    ],
)
def test_an_hour_before_is_moved_out_of_the_night(
    clock: str, day: bool, comes: tuple[str, str] | None
) -> None:
    begins = at("2026-11-24", clock)
    found = reminding.comes_at(HOUR, begins, wishes(day=day), AMSTERDAM)
    assert found == (at(*comes) if comes else None)


@pytest.mark.parametrize(
    ("on", "hours"),
    [
        pytest.param("2027-03-28", 23, id="the day is an hour shorter"),
        pytest.param("2027-10-31", 25, id="the day is an hour longer"),
        pytest.param("2027-11-02", 24, id="an ordinary day"),
    ],
)
def test_a_day_before_is_the_same_hour_of_her_clock_when_the_clocks_change(
    on: str, hours: int
) -> None:
    begins = at(on, "10:00")
    assert reminding.comes_at(DAY, begins, wishes(), AMSTERDAM) == begins - timedelta(hours=hours)


def test_nothing_comes_of_a_kind_that_she_does_not_want() -> None:
    begins = at("2026-11-24", "10:00")
    assert reminding.comes_at(DAY, begins, wishes(day=False), AMSTERDAM) is None
    assert reminding.comes_at(HOUR, begins, wishes(hour=False), AMSTERDAM) is None
    assert reminding.comes_at(HOUR, begins, wishes(day=False), AMSTERDAM) is not None


def test_the_page_promises_what_is_still_to_come() -> None:
    begins, booked = at("2026-11-24", "10:00"), at("2026-11-20", "10:00")
    both = [at("2026-11-23", "10:00"), at("2026-11-24", "09:00")]
    for now, still in ((booked, both), (both[0], both[1:]), (both[1], [])):
        hers = reminding.Heard(begins, booked)
        assert reminding.moments(hers, [], wishes(), AMSTERDAM, now=now) == still


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 12, 31)).map(
    lambda one: one.replace(minute=one.minute // 5 * 5, second=0, microsecond=0, tzinfo=UTC)
)
CHOICES = st.builds(
    wishes, st.integers(6, 12), st.integers(16, 23), day=st.booleans(), hour=st.booleans()
)


def planned(reminder: Reminder, begins: datetime, hers: Wishes, zone: str) -> list[datetime]:
    """The ticks at which this would be put in the outbox, if it were not there yet."""
    first = begins - timedelta(hours=40)
    ticks = (first + n * TICK for n in range(int(timedelta(hours=41) / TICK)))
    return [
        now
        for now in ticks
        if reminding.not_after(reminder, begins, hers, zone, now=now) is not None
    ]


@given(MOMENTS, st.sampled_from(ZONES), CHOICES, st.sampled_from([DAY, HOUR]))
@example(datetime(2027, 3, 28, 1, 30, tzinfo=UTC), AMSTERDAM, wishes(), DAY)
@example(datetime(2027, 3, 28, 8, 30, tzinfo=UTC), AMSTERDAM, wishes(), HOUR)
@example(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), AMSTERDAM, wishes(day=False), HOUR)
@example(datetime(2027, 10, 31, 1, 30, tzinfo=UTC), AMSTERDAM, wishes(day=False), HOUR)
def test_whatever_the_zone_and_the_day(
    begins: datetime, zone: str, hers: Wishes, reminder: Reminder
) -> None:
    comes = reminding.comes_at(reminder, begins, hers, zone)
    ticks = planned(reminder, begins, hers, zone)
    if comes is None:
        assert ticks == []
        assert not hers.wants(reminder) or (reminder is HOUR and hers.day_before)
        return
    assert ticks, "it comes: the worker finds it"
    assert comes <= ticks[0] < comes + TICK, "the first tick after its moment plans it"
    assert comes > begins - reminding.LONGEST[reminder], "where the worker looks for it"
    here = ZoneInfo(zone)
    assert hers.is_loud(comes.astimezone(here).time())
    _is_as_the_rule_says(reminder, begins.astimezone(here), comes.astimezone(here), hers)
    for now in ticks:
        until = reminding.not_after(reminder, begins, hers, zone, now=now)
        assert until is not None
        assert now < until <= begins - reminding.TOO_LATE[reminder]
        last = until - timedelta(seconds=1)
        assert now.astimezone(here).date() == last.astimezone(here).date()
        assert hers.is_loud(now.astimezone(here).time())
        assert hers.is_loud(last.astimezone(here).time())


def _is_as_the_rule_says(
    reminder: Reminder, begins: datetime, comes: datetime, hers: Wishes
) -> None:
    """The rule again, in words of a wall clock."""
    evening = time(hers.latest.hour - 1, 30)
    if reminder is DAY:
        assert comes.date() == begins.date() - timedelta(days=1)
        wall = begins.time()
        if (begins.astimezone(UTC) - comes.astimezone(UTC)) == timedelta(hours=4):
            assert comes.time() <= evening
            return
        assert comes.time() == (wall if hers.earliest <= wall <= evening else evening)
        return
    before = begins.astimezone(UTC) - comes.astimezone(UTC)
    if before != timedelta(hours=1):
        nominal = (begins.astimezone(UTC) - timedelta(hours=1)).astimezone(begins.tzinfo).time()
        assert not hers.earliest <= nominal <= evening
        assert comes.time() in (evening, hers.earliest)
        if comes.time() == hers.earliest:
            assert timedelta(minutes=30) <= before < timedelta(hours=1)


@given(MOMENTS, st.sampled_from(ZONES), CHOICES)
def test_mail_may_leave_when_her_clock_says_so_and_never_else(
    now: datetime, zone: str, hers: Wishes
) -> None:
    wall = now.astimezone(ZoneInfo(zone))
    until = reminding.loud_until(now, hers, zone)
    assert (until is not None) == (hers.earliest <= wall.time() < hers.latest)
    if until is not None:
        ends = until.astimezone(ZoneInfo(zone))
        assert ends.date() == wall.date()
        assert ends.time() == time(hers.latest.hour - 1, 59)


@given(st.dates(date(2024, 1, 1), date(2035, 12, 31)), st.sampled_from(ZONES))
def test_a_week_of_daily_classes_has_one_reminder_a_day(on: date, zone: str) -> None:
    begins = [
        datetime.combine(on + timedelta(days=n), time(10), ZoneInfo(zone)).astimezone(UTC)
        for n in range(7)
    ]
    comes = [reminding.comes_at(DAY, one, wishes(), zone) for one in begins]
    days = [one.astimezone(ZoneInfo(zone)).date() for one in comes if one is not None]
    assert days == [on + timedelta(days=n - 1) for n in range(7)]
