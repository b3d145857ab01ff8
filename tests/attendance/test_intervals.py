"""From reports to minutes: by tables, by properties, and against a second way of counting."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from remote_training.attendance import intervals
from remote_training.attendance.intervals import Interval
from remote_training.attendance.models import Status
from remote_training.meetings.models import EventKind
from remote_training.meetings.queries import Report
from tests.fakes import NOON

LENGTH = 60
END = NOON + timedelta(minutes=LENGTH)
IN, OUT = EventKind.JOINED, EventKind.LEFT


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def came(minute: float, device: str = "phone") -> Report:
    return Report(IN, device, at(minute))


def went(minute: float, device: str = "phone", *, presumed: bool = False) -> Report:
    return Report(OUT, device, at(minute), is_imputed=presumed)


def presence(*reports: Report, now: datetime = END) -> intervals.Presence:
    return intervals.presence(reports, starts_at=NOON, ends_at=END, now=now)


TABLE = [
    pytest.param([], 0, False, id="nobody came"),
    pytest.param([came(0), went(60)], 60, False, id="all of it"),
    pytest.param([came(-10), went(70)], 60, False, id="only time within the class counts"),
    pytest.param([went(40), came(5)], 35, False, id="the leaving was delivered first"),
    pytest.param([came(5), came(5), went(40), went(40)], 35, False, id="each came twice"),
    pytest.param([came(5), came(20), went(40)], 35, False, id="joined again while inside"),
    pytest.param([came(5), went(40), went(50)], 35, False, id="left again while outside"),
    pytest.param([came(10)], 50, True, id="the leaving never came: closed at the end, marked"),
    pytest.param([went(30)], 0, False, id="the joining never came"),
    pytest.param([came(0), went(20), came(30), went(60)], 50, False, id="out and in again"),
    pytest.param(
        [came(0), went(30), came(20, "laptop"), went(50, "laptop")], 50, False, id="two devices"
    ),
    pytest.param(
        [came(0), came(20, "laptop"), went(50, "laptop")], 60, True, id="one device left open"
    ),
    pytest.param([came(0), went(20, presumed=True)], 20, True, id="presumed to have left"),
    pytest.param(
        [came(0), went(20, presumed=True), went(25)], 25, False, id="the report beats the guess"
    ),
    pytest.param(
        [came(0), went(20, presumed=True), came(20), went(60)],
        60,
        False,
        id="back at the same moment: never away",
    ),
    pytest.param([came(10), went(10)], 0, False, id="in and out at the same moment"),
    pytest.param([came(-9), went(-3)], 0, False, id="looked in before the class"),
    pytest.param([came(61), went(70)], 0, False, id="came after the class"),
]


@pytest.mark.parametrize(("reports", "minutes", "is_imputed"), TABLE)
def test_reports_become_minutes(reports: list[Report], minutes: float, is_imputed: bool) -> None:
    found = presence(*reports)
    assert (found.minutes, found.is_imputed) == (minutes, is_imputed)


def test_while_the_class_goes_on_an_open_visit_counts_up_to_now_and_is_not_marked() -> None:
    found = presence(came(0), now=at(25))
    assert (found.minutes, found.is_imputed) == (25, False)
    assert intervals.here_since([came(0)]) == NOON
    assert intervals.here_since([came(0), went(10)]) is None


@pytest.mark.parametrize(
    ("reports", "more", "expected"),
    [
        pytest.param([came(0), went(60)], {}, Status.ATTENDED, id="there"),
        pytest.param([came(10), went(60)], {}, Status.ATTENDED, id="ten minutes are not yet late"),
        pytest.param([came(10.1), went(60)], {}, Status.LATE, id="more than ten are"),
        pytest.param(
            [came(-5), went(-2), came(20), went(60)], {}, Status.LATE, id="only looked in before"
        ),
        pytest.param([came(0), went(0.5)], {}, Status.NO_SHOW, id="half a minute does not count"),
        pytest.param([], {}, Status.NO_SHOW, id="others came, she did not"),
        pytest.param([], {"was_anybody_seen": False}, None, id="nobody was seen: not known"),
        pytest.param([], {"is_over": False}, None, id="she may still come"),
        pytest.param([went(30)], {}, None, id="she left, nobody knows when she came"),
    ],
)
def test_the_machine_says(
    reports: list[Report], more: dict[str, bool], expected: Status | None
) -> None:
    rules = {"late_after_minutes": 10, "attended_from_minutes": 1}
    asked = {"is_over": True, "was_anybody_seen": True, "was_reported": bool(reports)} | more
    assert intervals.status(presence(*reports), starts_at=NOON, **asked, **rules) is expected


FIRST, CLASS_SECONDS, LAST = -20, 60, 90
many = hypothesis_settings(deadline=None, max_examples=200)
SECONDS = st.integers(FIRST, LAST)


@st.composite
def some_reports(draw: st.DrawFn) -> list[Report]:
    rows = st.tuples(st.sampled_from((IN, OUT)), st.sampled_from("abc"), SECONDS, st.booleans())
    return [
        Report(kind, device, NOON + timedelta(seconds=second), presumed and kind is OUT)
        for kind, device, second, presumed in draw(st.lists(rows, max_size=14))
    ]


def of_seconds(reports: list[Report]) -> intervals.Presence:
    end = NOON + timedelta(seconds=CLASS_SECONDS)
    return intervals.presence(reports, starts_at=NOON, ends_at=end, now=end)


@many
@given(some_reports(), st.randoms())
def test_order_and_repetition_change_nothing(reports: list[Report], dice: object) -> None:
    shuffled = reports + reports[::2]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert of_seconds(shuffled) == of_seconds(reports)


@many
@given(some_reports())
def test_minutes_stay_within_the_class(reports: list[Report]) -> None:
    assert 0 <= of_seconds(reports).minutes <= CLASS_SECONDS / 60


@many
@given(some_reports())
def test_a_second_way_of_counting_agrees(reports: list[Report]) -> None:
    counted = sum(_is_there(reports, second) for second in range(CLASS_SECONDS))
    assert of_seconds(reports).minutes == pytest.approx(counted / 60)


def _is_there(reports: list[Report], second: int) -> bool:
    """Second by second: does any device hold her in the room during it?"""
    return any(_device_holds(reports, device, second) for device in "abc")


def _device_holds(reports: list[Report], device: str, second: int) -> bool:
    """Replay one device up to a second; look ahead for a report that corrects a guess."""
    told: dict[int, dict[EventKind, bool]] = {}
    for report in reports:
        if report.connection == device:
            moment = told.setdefault(int((report.at - NOON).total_seconds()), {})
            moment[report.kind] = moment.get(report.kind, True) and report.is_imputed
    is_in, is_guess = False, False
    for moment in range(FIRST, second + 1):
        kinds = told.get(moment, {})
        if len(kinds) == 1:
            kind, presumed = next(iter(kinds.items()))
            is_guess = kind is OUT and presumed and (is_in or is_guess)
            is_in = kind is IN
    if is_in or not is_guess:
        return is_in
    for moment in range(second + 1, LAST + 1):
        kinds = told.get(moment, {})
        if len(kinds) == 1:
            return OUT in kinds
    return False


@st.composite
def some_intervals(draw: st.DrawFn) -> list[Interval]:
    rows = st.lists(st.tuples(SECONDS, st.integers(0, 40), st.booleans()), max_size=10)
    return [
        Interval(NOON + timedelta(seconds=s), NOON + timedelta(seconds=s + n), guess)
        for s, n, guess in draw(rows)
    ]


@many
@given(some_intervals(), st.randoms())
def test_a_union_is_the_same_in_any_order_twice_over_and_cut_in_pieces(
    parts: list[Interval], dice: object
) -> None:
    pieces = [piece for part in parts for piece in _halves(part)] + parts
    dice.shuffle(pieces)  # type: ignore[attr-defined]
    assert intervals.union(pieces) == intervals.union(parts)
    assert intervals.union(intervals.union(parts)) == intervals.union(parts)


def _halves(part: Interval) -> list[Interval]:
    if part.begins_at == part.ends_at:
        return [part]
    middle = part.begins_at + (part.ends_at - part.begins_at) / 2
    return [Interval(part.begins_at, middle), Interval(middle, part.ends_at, part.is_imputed)]


@many
@given(some_intervals())
def test_a_union_has_gaps_and_lies_in_order(parts: list[Interval]) -> None:
    found = intervals.union(parts)
    assert all(one.ends_at < next_.begins_at for one, next_ in pairwise(found))
