"""How much of the programme somebody had: by hand, and by a second way that walks day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from remote_training.attendance import courses, dose, outcomes
from remote_training.attendance.dose import Course, Place, Plan
from remote_training.attendance.models import Status
from remote_training.attendance.outcomes import Outcome
from remote_training.attendance.training import Volume
from remote_training.attendance.work import Record
from remote_training.bookings import service as bookings
from remote_training.core.db import db
from remote_training.studies.current import study
from tests import make
from tests.fakes import NOON

FIRST = date(2026, 3, 2)
PLAN = Plan(FIRST, weeks=4, a_week={"base": 2, "fatigue": 1}, class_minutes=60)
AFTER = FIRST + timedelta(weeks=4)
OFFERED = {(week, "base"): 3 for week in range(1, 5)} | {(w, "fatigue"): 1 for w in range(1, 5)}
OUTCOMES = [one for one in Outcome if one is not Outcome.AHEAD]


def place(day: int, outcome: Outcome = Outcome.ATTENDED, minutes: float = 50.0) -> Place:
    """A place in a class so many days into the programme."""
    on = FIRST + timedelta(days=day)
    starts_at = datetime.combine(on, time(10), UTC)
    return Place(on, starts_at, "base", outcome, minutes)


def counted(*places: Place, today: date = AFTER) -> Course:
    return dose.course(PLAN, places, OFFERED, today=today)


def full(skipping: tuple[int, ...] = ()) -> list[Place]:
    """Three classes a week for four weeks, but for those of these numbers."""
    days = [week * 7 + day for week in range(4) for day in (0, 2, 4)]
    return [place(day) for number, day in enumerate(days) if number not in skipping]


def test_who_was_in_every_class_had_all_of_it():
    course = counted(*full())

    assert (course.planned, course.planned_so_far, course.attended) == (12, 12, 12)
    assert course.attendance_percent == 100.0
    assert course.relative_dose_percent == pytest.approx(100 * 12 * 50 / (12 * 60))
    assert (course.interruptions, course.longest_missed, course.stopped_after_week) == (0, 0, None)


def test_a_class_that_the_study_called_off_stays_planned_and_is_not_missed():
    course = counted(*full(skipping=(4,)), place(9, Outcome.CALLED_OFF, 0.0))

    week = course.weeks[1]
    assert (week.planned, week.booked, week.of(Outcome.CALLED_OFF)) == (3, 3, 1)
    assert (week.unbooked, week.missed) == (0, 0)
    assert course.attendance_percent == pytest.approx(100 * 11 / 12)


def trained(done: Volume, *, reduced: bool = False, early: bool = False) -> Record:
    return Record(reduced, early, done)


def test_what_was_trained_is_counted_of_what_is_planned_for_all_weeks():
    week = Volume(minutes=30.0, repetitions=100, load_kg=0.0)
    plan = replace(PLAN, volumes=[week] * 4)
    places = [
        replace(place(0), record=trained(Volume(10.0, 40))),
        replace(place(2), record=trained(Volume(8.0, 20), reduced=True, early=True)),
        replace(place(4, Outcome.NO_SHOW), record=trained(Volume(99.0, 99))),
    ]

    work = dose.course(plan, places, OFFERED, today=AFTER).work

    assert (work.attended, work.entered, work.reduced, work.stopped_early) == (2, 2, 1, 1)
    assert work.reduced_percent == 50.0
    assert work.planned == Volume(120.0, 400)
    assert work.minutes_percent == pytest.approx(15.0), "18 of 120: a no-show trained nothing"
    assert work.repetitions_percent == pytest.approx(15.0)
    assert work.load_percent is None, "none is planned"


def test_the_dose_is_unknown_where_a_class_was_not_entered_or_no_plan_says_it():
    known, unknown = replace(place(0), record=trained(Volume(10.0))), place(2)
    plan = replace(PLAN, volumes=[Volume(minutes=30.0)] * 4)

    some = dose.course(plan, [known, unknown], OFFERED, today=AFTER).work
    none = dose.course(PLAN, [known], OFFERED, today=AFTER).work

    assert (some.minutes_percent, none.minutes_percent) == (None, None)
    assert (some.done.minutes, some.entered, some.attended) == (10.0, 1, 2)
    assert (none.planned, some.planned) == (None, Volume(minutes=120.0))
    whole = dose.course(plan, [known], OFFERED, today=AFTER).work
    assert whole.minutes_percent == pytest.approx(100 * 10 / 120)


@pytest.mark.parametrize(
    ("skipping", "interruptions", "longest"),
    [
        pytest.param((0,), 0, 1, id="one missed is no interruption"),
        pytest.param((0, 1), 0, 2, id="two in a row are none"),
        pytest.param((0, 1, 2), 1, 3, id="three are one"),
        pytest.param((1, 2, 3, 4), 1, 4, id="over the end of a week they are one row"),
        pytest.param((0, 1, 2, 6, 7, 8), 2, 3, id="two rows are two"),
    ],
)
def test_three_missed_in_a_row_are_an_interruption(skipping, interruptions, longest):
    missed = [one if n not in skipping else place_missed(one) for n, one in enumerate(full())]

    course = counted(*missed)

    assert (course.interruptions, course.longest_missed) == (interruptions, longest)


def place_missed(one: Place) -> Place:
    return Place(one.on_date, one.starts_at, one.module, Outcome.NO_SHOW, 0.0)


def test_what_is_not_known_neither_counts_as_missed_nor_ends_a_row():
    outcomes = [Outcome.NO_SHOW, Outcome.UNKNOWN, Outcome.EXCUSED, Outcome.CALLED_OFF]
    odd = [place(day, one, 0.0) for day, one in zip((0, 2, 4, 7), outcomes, strict=True)]
    rest = [one for one in full() if one.on_date > FIRST + timedelta(days=8)]

    course = counted(*odd, place(8, Outcome.LATE_CANCELLED, 0.0), *rest)

    assert course.interruptions == 1
    assert course.longest_missed == 3


def test_a_class_made_up_for_in_the_same_week_is_not_missed():
    course = counted(place(0, Outcome.LATE_CANCELLED, 0.0), place(1), *full(skipping=(0,)))

    week = course.weeks[0]
    assert (week.booked, week.of(Outcome.ATTENDED), week.missed) == (4, 3, 0)
    assert course.longest_missed == 0


@pytest.mark.parametrize(
    ("attended", "stopped"),
    [
        pytest.param(range(12), None, id="to the last week"),
        pytest.param(range(6), 2, id="after the second week no more"),
        pytest.param((), 0, id="never begun"),
        pytest.param((0, 11), None, id="back in the last week is no stop"),
    ],
)
def test_who_attends_none_to_the_end_has_stopped(attended, stopped):
    held = full(skipping=tuple(set(range(12)) - set(attended)))

    assert counted(*held).stopped_after_week == stopped
    assert counted(*held, today=AFTER - timedelta(days=1)).stopped_after_week is None


def test_weeks_to_come_are_not_missed_yet():
    course = counted(today=FIRST + timedelta(days=13))

    assert [week.missed for week in course.weeks] == [3, 0, 0, 0]
    assert (course.planned_so_far, course.attendance_percent) == (3, 0.0)
    assert counted(today=FIRST).attendance_percent is None


def test_a_week_in_which_nothing_was_offered_is_nobodys_interruption():
    holidays = {key: n for key, n in OFFERED.items() if key[0] != 2}
    half = OFFERED | {(2, "base"): 1}
    held = full(skipping=(3, 4, 5))

    off = dose.course(PLAN, held, holidays, today=AFTER)
    some = dose.course(PLAN, held, half, today=AFTER)

    assert (off.weeks[1].not_offered, off.weeks[1].unbooked, off.interruptions) == (3, 0, 0)
    assert (some.weeks[1].not_offered, some.weeks[1].missed, some.longest_missed) == (1, 2, 2)
    assert off.planned_so_far == 12, "it stays planned"


def test_who_comes_to_more_than_her_site_offers_lacks_nothing():
    course = dose.course(PLAN, full(), {}, today=AFTER)

    assert {(week.not_offered, week.missed) for week in course.weeks} == {(0, 0)}


def test_who_had_nothing_to_come_to_after_her_last_class_has_not_stopped():
    last = [place(day, Outcome.CALLED_OFF, 0.0) for day in (21, 23, 25)]
    held = full(skipping=(9, 10, 11))

    assert counted(*held, *last).stopped_after_week is None
    missed = [place_missed(last[0]), *last[1:]]
    assert counted(*held, *missed).stopped_after_week == 3


def test_where_only_a_trainer_knows_that_she_was_there_the_dose_by_time_is_not_known():
    told = replace(place(2, minutes=0.0), is_timed=False)
    course = counted(place(0), told)

    assert (course.weeks[0].untimed, course.attended, course.minutes) == (1, 2, 50.0)
    assert course.relative_dose_percent is None
    assert counted(place(0), replace(place_missed(told), is_timed=False)).relative_dose_percent


def test_ended_early_is_counted_of_the_classes_attended():
    early = [replace(one, ended_early=True) for one in (place(0), place_missed(place(2)))]

    assert counted(*early).weeks[0].ended_early == 1


def test_offered_is_never_more_than_planned_of_a_kind():
    offered = {(1, "base"): 5, (2, "base"): 1, (2, "fatigue"): 4}
    course = dose.course(PLAN, [], offered, today=AFTER)

    assert [week.offered for week in course.weeks] == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        pytest.param({"status": Status.LATE}, Outcome.ATTENDED, id="late is attended"),
        pytest.param({"status": None}, Outcome.UNKNOWN, id="unknown is not absent"),
        pytest.param({"status": None, "ended": False}, Outcome.AHEAD, id="still to come"),
        pytest.param({"is_live": False, "is_late": True}, Outcome.LATE_CANCELLED, id="late"),
        pytest.param({"is_live": False}, None, id="given back in time counts nowhere"),
        pytest.param({"is_called_off": True}, Outcome.CALLED_OFF, id="called off"),
        pytest.param({"is_called_off": True, "is_live": False}, None, id="given back before"),
        pytest.param(
            {"is_called_off": True, "is_live": False, "is_late": True},
            Outcome.LATE_CANCELLED,
            id="given back late before it was called off",
        ),
        pytest.param({"status": Status.EXCUSED}, Outcome.EXCUSED, id="excused"),
    ],
)
def test_what_became_of_a_place(told, outcome):
    ended = told.pop("ended", True)
    known = {"status": Status.NO_SHOW, "is_live": True, "is_late": False, "is_called_off": False}
    ends_at = NOON - timedelta(hours=1) if ended else NOON + timedelta(hours=1)

    assert outcomes.outcome(**known | told, ends_at=ends_at, now=NOON) is outcome


held_places = st.lists(
    st.builds(place, st.integers(-10, 40), st.sampled_from(OUTCOMES), st.floats(0, 60)),
    max_size=20,
    unique_by=lambda one: one.on_date,
)


@given(held_places, st.integers(0, 40), st.randoms(use_true_random=False))
def test_a_second_way_finds_the_same_and_the_order_does_not_matter(
    places: list[Place], days: int, chance: Random
):
    today = FIRST + timedelta(days=days)
    course = counted(*places, today=today)
    chance.shuffle(places)

    assert counted(*places, today=today) == course
    assert (course.longest_missed, course.interruptions) == walked(places, days)
    for week in course.weeks:
        assert week.booked == sum(week.outcomes.values())
        assert 0 <= week.missed <= week.planned
    assert course.attended == sum(
        one.counts and 0 <= (one.on_date - FIRST).days < 28 for one in places
    )


def walked(places: list[Place], days: int) -> tuple[int, int]:
    """The longest row and the number of rows of three, walking through a string of letters."""
    text = ""
    for week in range(4):
        letters, number = "", 0
        for day in range(week * 7, week * 7 + 7):
            for one in places:
                if (one.on_date - FIRST).days == day:
                    number += 1
                    letters += {"attended": "a", "unknown": "", "called_off": ""}.get(
                        one.outcome.value, "m"
                    )
        if days >= week * 7 + 7:
            letters += "m" * max(0, 3 - number)
        while letters.count("m") > max(0, 3 - letters.count("a")):
            letters = letters.replace("m", "", 1)
        text += letters
    rows = [len(row) for row in text.split("a")]
    return max(rows, default=0), sum(row >= 3 for row in rows)


def test_a_late_cancellation_that_was_undone_is_one_class_and_not_late(app: Flask) -> None:
    her = make.participant()
    hour = make.session(starts_at=NOON + timedelta(minutes=90))
    bookings.cancel(bookings.book(her, hour, now=NOON, by=None), now=NOON, by=None)
    db.session.commit()
    late = courses.of(her.id, study=study(), now=NOON)
    bookings.book(her, hour, now=NOON, by=None)
    db.session.commit()

    undone = courses.of(her.id, study=study(), now=NOON)

    assert [dict(course.weeks[0].outcomes) for course in (late, undone)] == [
        {Outcome.LATE_CANCELLED: 1},
        {Outcome.AHEAD: 1},
    ]


def test_a_class_given_back_late_twice_is_one(app: Flask) -> None:
    her = make.participant()
    hour = make.session(starts_at=NOON + timedelta(minutes=90))
    for _ in range(2):
        bookings.cancel(bookings.book(her, hour, now=NOON, by=None), now=NOON, by=None)
        db.session.commit()

    course = courses.of(her.id, study=study(), now=NOON)

    assert course is not None
    assert dict(course.weeks[0].outcomes) == {Outcome.LATE_CANCELLED: 1}
