"""When an answer was given, whatever the clocks of a device say. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from remote_training.assessments import moments
from remote_training.assessments.moments import Moment
from tests.fakes import NOON

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
UNIX = datetime(1970, 1, 1, tzinfo=UTC)


def typed(given: timedelta | None, age: timedelta, awake: timedelta) -> dict[str, str]:
    """What a device sends at noon; `given` counts from noon."""
    told = {"age": _ms(age), "awake": _ms(awake)}
    return told | ({"given": _ms(NOON + given - UNIX)} if given is not None else {})


def _ms(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("given", "age", "awake", "at", "surely_at"),
    [
        pytest.param(0 * HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR, id="sent at once"),
        pytest.param(-HOUR, HOUR, HOUR, -HOUR, -HOUR, id="an hour without network"),
        pytest.param(-HOUR, HOUR, 0 * HOUR, -HOUR, -HOUR, id="an hour ago, on a page that is gone"),
        pytest.param(-3 * HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR,
                     id="the phone slept before the press: the counted time is old"),
        pytest.param(-2 * HOUR, HOUR, MINUTE, -HOUR, -HOUR,
                     id="the phone slept before the press and after it"),
        pytest.param(-HOUR, 6 * YEAR, 0 * HOUR, -HOUR, -HOUR,
                     id="a clock that was set on by years: not before the page heard from us"),
        pytest.param(-HOUR, -6 * YEAR, 0 * HOUR, -HOUR, -HOUR,
                     id="a clock that was set back by years: when it was counted"),
        pytest.param(-HOUR, -6 * YEAR, HOUR / 2, -HOUR / 2, -HOUR,
                     id="set back while the page is open: not later than it counts"),
        pytest.param(HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR, id="nothing from the future"),
        pytest.param(9999 * YEAR / 40, 0 * HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR,
                     id="nor from a far future"),
        pytest.param(-3 * SECOND, 2 * SECOND, 4 * SECOND, -4 * SECOND, -4 * SECOND,
                     id="clocks that differ by a little do not contradict each other"),
        pytest.param(None, HOUR, 0 * HOUR, -HOUR, -HOUR, id="an older script: its age alone"),
        pytest.param(None, -HOUR, 0 * HOUR, 0 * HOUR, 0 * HOUR, id="and never the future"),
    ],
)  # fmt: skip
def test_three_clocks(given, age, awake, at, surely_at):
    told = moments.told(typed(given, age, awake), now=NOON)

    assert (told.at - NOON, told.surely_at - NOON) == (at, surely_at)


@pytest.mark.parametrize("odd", ["", "x", "1.5", "9" * 30, "NaN", "Infinity", "-", "٣", "--1"])
@pytest.mark.parametrize("field", ["age", "awake", "given"])
def test_what_makes_no_sense_is_not_believed_and_the_rest_is(field, odd):
    told = moments.told(typed(-HOUR, HOUR, HOUR) | {field: odd}, now=NOON)

    assert told.at == NOON - HOUR
    assert moments.told({field: odd}, now=NOON) == Moment(NOON, NOON)


@pytest.mark.parametrize("first_off", [-6 * YEAR, 0 * HOUR, 6 * YEAR])
@pytest.mark.parametrize("second_off", [-6 * YEAR, 0 * HOUR, 6 * YEAR])
@pytest.mark.parametrize("awake", [0 * HOUR, HOUR], ids=["page gone", "page there"])
def test_of_two_presses_on_one_phone_the_later_is_never_the_earlier(first_off, second_off, awake):
    first = typed(-2 * HOUR, 2 * HOUR + first_off, 0 * HOUR)
    second = typed(-HOUR, HOUR + second_off, awake)

    assert moments.told(first, now=NOON).at < moments.told(second, now=NOON).at


def test_it_is_brought_within_the_days_of_a_sitting():
    told = Moment(NOON - 9 * HOUR, NOON + HOUR)

    assert told.within(NOON - HOUR, NOON) == Moment(NOON - HOUR, NOON)
