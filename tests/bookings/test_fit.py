"""What fits beside the classes that she holds: the rule alone, by itself and at random."""

from datetime import date, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_training.bookings import fit, rules
from remote_training.bookings.errors import AlreadyBooked, NoRest, Overlap, WeekFull
from remote_training.studies.current import study
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")

FIRST = date(2026, 11, 25)  # a Wednesday
LENGTH = timedelta(hours=1)


def hour(number, days, *, hours=0, module="base"):
    starts_at = NOON + timedelta(days=days, hours=hours)
    return fit.Hour(UUID(int=number), starts_at, starts_at + LENGTH, starts_at.date(), module)


@pytest.fixture
def study_asks(monkeypatch, app):
    """Change what the study file asks for, for one test."""

    def change(**rules):
        plain = study()
        booking = plain.booking.model_copy(update=rules)
        monkeypatch.setitem(app.extensions, "study", plain.model_copy(update={"booking": booking}))

    return change


@pytest.mark.parametrize(
    ("wanted", "held", "refusal"),
    [
        (hour(1, 2), [], None),
        (hour(1, 2), [hour(1, 2)], AlreadyBooked),
        (hour(1, 2), [hour(2, 2)], Overlap),
        (hour(1, 2), [hour(2, 2, hours=1)], None),
        (hour(1, 2), [hour(2, 2, hours=-1)], None),
        (hour(1, 2), [hour(2, 3)], None),
        (hour(1, 2), [hour(2, 3), hour(3, 4)], WeekFull),
        (hour(1, 2), [hour(2, 3), hour(3, 4, module="fatigue")], None),
        (hour(1, 2, module="fatigue"), [hour(2, 3), hour(3, 4)], None),
        (hour(1, 2, module="fatigue"), [hour(2, 3, module="fatigue")], WeekFull),
    ],
)
def test_two_of_the_base_and_one_specific_class_a_week(wanted, held, refusal):
    for order in permutations(held):
        found = fit.hindrance(wanted, order, FIRST)
        assert (type(found) if found else None) is refusal


def test_a_week_of_hers_begins_on_the_weekday_of_her_first_day():
    tuesday, wednesday = hour(1, 7), hour(2, 8)  # 1 and 2 December: the seam of her first week
    both = [hour(3, 1), hour(4, 3)]
    assert isinstance(fit.hindrance(tuesday, both, FIRST), WeekFull)
    assert fit.hindrance(wednesday, both, FIRST) is None
    assert fit.week(FIRST - timedelta(days=1), FIRST) == FIRST - timedelta(days=7)


def test_the_refusal_names_the_days_of_the_week():
    said = str(fit.hindrance(hour(1, 2), [hour(2, 3), hour(3, 4)], FIRST))
    assert "25 November" in said
    assert "1 December" in said


@pytest.mark.parametrize(
    ("hours", "refusal"), [(12, NoRest), (13, None), (-12, NoRest), (-13, None)]
)
def test_there_is_as_much_rest_as_the_study_asks_for(study_asks, hours, refusal):
    beside = [hour(2, 3, hours=hours)]
    assert fit.hindrance(hour(1, 3), beside, FIRST) is None
    study_asks(rest_hours=12)
    found = fit.hindrance(hour(1, 3), beside, FIRST)
    assert (type(found) if found else None) is refusal


@pytest.mark.parametrize(("hours", "is_late"), [(2, False), (1.99, True), (0, True), (48, False)])
def test_a_place_given_back_within_two_hours_is_given_back_late(hours, is_late):
    starts_at = NOON + timedelta(days=1)
    assert rules.is_late(starts_at - timedelta(hours=hours), starts_at) is is_late


WANTED = st.builds(
    hour,
    st.integers(100, 200),
    st.integers(0, 40),
    hours=st.integers(-10, 10),
    module=st.sampled_from(["base", "fatigue", "neuropathy"]),
)


@pytest.mark.random
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(WANTED, max_size=40))
def test_whatever_she_asks_for_no_week_holds_too_many_and_no_two_overlap(app, wanted):
    with app.app_context():
        held: list[fit.Hour] = []
        for each in wanted:
            if fit.hindrance(each, held, FIRST) is None:
                held.append(each)
        most = {module.code: module.most_per_week for module in study().modules}
    for one in held:
        week = [
            other for other in held
            if other.module == one.module
            and (other.on_date - FIRST).days // 7 == (one.on_date - FIRST).days // 7
        ]  # fmt: skip
        assert len(week) <= most[one.module]
        others = [other for other in held if other is not one]
        assert all(o.ends_at <= one.starts_at or one.ends_at <= o.starts_at for o in others)


def test_the_first_and_the_last_day_of_twelve_weeks():
    assert rules.trains_until(FIRST) == date(2027, 2, 16)
    assert (date(2027, 2, 16) - FIRST).days == 12 * 7 - 1
    assert datetime(2027, 2, 16).weekday() == (FIRST.weekday() - 1) % 7
