from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as dateutil_tz
from hypothesis import given
from hypothesis import strategies as st

from remote_training.classes import wall_time


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


AMSTERDAM, NEW_YORK, MELBOURNE = "Europe/Amsterdam", "America/New_York", "Australia/Melbourne"


@pytest.mark.parametrize(
    ("zone", "on", "shown", "expected"),
    [
        pytest.param(
            AMSTERDAM, "2026-10-20", "10:00", "2026-10-20T08:00", id="Amsterdam, last summer week"
        ),
        pytest.param(
            AMSTERDAM, "2026-10-27", "10:00", "2026-10-27T09:00", id="Amsterdam, first winter week"
        ),
        pytest.param(
            AMSTERDAM, "2026-10-25", "10:00", "2026-10-25T09:00", id="Amsterdam, day of going back"
        ),
        pytest.param(
            AMSTERDAM, "2026-10-25", "02:30", "2026-10-25T00:30", id="Amsterdam, shown twice: first"
        ),
        pytest.param(
            AMSTERDAM, "2027-03-23", "10:00", "2027-03-23T09:00", id="Amsterdam, last winter week"
        ),
        pytest.param(
            AMSTERDAM, "2027-03-28", "02:30", "2027-03-28T01:30", id="Amsterdam, left out: 03:30"
        ),
        pytest.param(
            AMSTERDAM, "2027-03-30", "10:00", "2027-03-30T08:00", id="Amsterdam, summer again"
        ),
        pytest.param(
            NEW_YORK, "2026-10-27", "10:00", "2026-10-27T14:00", id="New York, a week later than"
        ),
        pytest.param(NEW_YORK, "2026-11-03", "10:00", "2026-11-03T15:00", id="New York, winter"),
        pytest.param(
            NEW_YORK, "2026-11-01", "01:30", "2026-11-01T05:30", id="New York, shown twice: first"
        ),
        pytest.param(
            NEW_YORK, "2027-03-14", "02:30", "2027-03-14T07:30", id="New York, left out: 03:30"
        ),
        pytest.param(MELBOURNE, "2026-09-29", "10:00", "2026-09-29T00:00", id="Melbourne, winter"),
        pytest.param(
            MELBOURNE, "2026-10-04", "02:30", "2026-10-03T16:30", id="Melbourne, left out: 03:30"
        ),
        pytest.param(MELBOURNE, "2026-10-06", "10:00", "2026-10-05T23:00", id="Melbourne, summer"),
        pytest.param(
            MELBOURNE, "2027-04-04", "02:30", "2027-04-03T15:30", id="Melbourne, twice: first"
        ),
        pytest.param(
            MELBOURNE, "2027-04-06", "10:00", "2027-04-06T00:00", id="Melbourne, winter again"
        ),
    ],
)
def test_a_class_begins_when_the_clock_on_the_wall_shows_its_time(zone, on, shown, expected):
    moment = wall_time.moment(date.fromisoformat(on), time.fromisoformat(shown), zone)

    assert moment == utc(expected)


@pytest.mark.parametrize("zone", [AMSTERDAM, NEW_YORK, MELBOURNE])
def test_over_two_years_every_week_shows_the_same_time_on_the_wall(zone):
    for on in wall_time.days([1], date(2026, 1, 1), date(2027, 12, 31)):
        local = wall_time.moment(on, time(10, 0), zone).astimezone(ZoneInfo(zone))
        assert (local.date(), local.time()) == (on, time(10, 0))


@given(
    on=st.dates(date(2024, 1, 1), date(2035, 12, 31)),
    shown=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(
        [AMSTERDAM, NEW_YORK, MELBOURNE, "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata"]
    ),
)
def test_another_library_finds_the_same_moment(on, shown, zone):
    other = dateutil_tz.gettz(zone)
    wall = dateutil_tz.resolve_imaginary(datetime.combine(on, shown, tzinfo=other))

    assert wall_time.moment(on, shown, zone) == wall.astimezone(UTC)


@given(
    weekday=st.integers(0, 6),
    first_on=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    length=st.integers(0, 400),
)
def test_the_days_are_all_those_weekdays_and_no_other(weekday, first_on, length):
    last_on = first_on + timedelta(days=length)
    every_day = [first_on + timedelta(days=n) for n in range(length + 1)]

    assert list(wall_time.days([weekday], first_on, last_on)) == [
        day for day in every_day if day.weekday() == weekday
    ]
