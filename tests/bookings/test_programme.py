"""Her whole programme in one go: what is offered, what is planned, what comes of it."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from remote_training.bookings import overview, programme, service
from remote_training.bookings.models import Booking
from remote_training.classes import wall_time as wall
from remote_training.core.db import db
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")

WEEK = timedelta(weeks=1)
TODAY = make.TODAY  # a Tuesday, and the first day of her twelve weeks


def weekly(module="base", weekday=2, at=9, *, first=0, weeks=12, trainer=None, places=12, skip=()):
    """A weekly class with its hours, from now on or `first` weeks later; `skip` leaves some out."""
    series = make.series(
        module=module, weekdays=str(weekday), wall_time=time(at), trainer=trainer or make.trainer()
    )
    hours = []
    for n in range(first, weeks):
        on = TODAY + timedelta(days=(weekday - TODAY.weekday()) % 7) + n * WEEK
        if n in skip:
            continue
        starts_at = wall.moment(on, time(at), "Europe/Amsterdam")
        hours.append(
            make.session(
                series_id=series.id, module=module, starts_at=starts_at, places=places,
                trainer_id=series.trainer_id,
            )
        )  # fmt: skip
    return hours


def of(her):
    db.session.rollback()
    return programme.of(her, now=NOON)


def test_a_place_that_is_kept_for_her_is_in_her_weeks_and_among_the_classes_to_move_to(app):
    """It counts as taken, so that nobody else gets it."""
    hours = weekly(places=1, weeks=3)
    entry = make.waiting(session=hours[1], offer_until=NOON + timedelta(days=1))
    her, other = entry.participant, make.participant()
    thursday = make.session(starts_at=NOON + timedelta(days=2))
    held = [make.booking(participant=one, session=thursday) for one in (her, other)]
    assert [hour.places_left for hour in hours] == [1, 0, 1]

    def offers(who, booking):
        found = of(who)
        code = codes(found)["base", 2]
        moves = overview.alternatives(booking, now=NOON)
        return (
            hours[1].id in planned(found.plan([code])),
            hours[1].id in {slot.session_id for slot in moves if slot.places_left},
        )

    assert offers(her, held[0]) == (True, True)
    assert offers(other, held[1]) == (False, False)


def codes(found):
    return {(one.usual.module, one.usual.starts_at.weekday()): one.code for one in found.weeklies()}


def planned(plan):
    return [line.slot.session_id for week in plan for line in week.lines if line.slot]


def live(her):
    rows = db.session.scalars(
        sa.select(Booking).where(Booking.participant_id == her.id, Booking.cancelled_at.is_(None))
    )
    return {row.session_id for row in rows}


def kinds(her):
    found = sa.select(Message.kind).where(Message.contact_id == her.contact_id)
    return sorted(db.session.scalars(found))


def test_a_series_that_follows_on_another_is_the_same_weekly_class():
    her, trainer = make.participant(), make.trainer()
    weekly(trainer=trainer, weeks=6)
    later = weekly(trainer=trainer, weeks=12)
    for hour in later[:6]:
        db.session.delete(hour)
    weekly(trainer=make.trainer())  # somebody else's class at the same time is another one
    weekly("fatigue")  # not of her complaint
    db.session.commit()

    found = of(her).weeklies()

    assert [one.weeks for one in found] == [12, 12]
    assert all(one.is_steady for one in found)


def test_all_her_weeks_are_planned_with_two_of_one_kind_and_one_of_another():
    her = make.participant()
    weekly(weekday=2)
    weekly(weekday=4)
    weekly("neuropathy", weekday=3)
    found = of(her)
    assert set(codes(found)) == {("base", 2), ("base", 4), ("neuropathy", 3)}
    assert found.wrong_choice(list(codes(found).values())) is None

    plan = of(her).plan(list(codes(found).values()))

    assert [week.number for week in plan] == list(range(1, 13))
    assert len(planned(plan)) == len(set(planned(plan))) == 36
    booked = service.book_all(her.id, planned(plan), now=NOON, by=None)
    assert len(booked) == 36
    assert live(her) == set(planned(plan))
    assert kinds(her) == ["booking_in_calendar"] * 36 + ["programme_booked"]
    assert service.book_all(her.id, planned(plan), now=NOON, by=None) == []
    assert len(kinds(her)) == 37
    assert of(her).plan(list(codes(found).values()))[0].lines[0].is_hers


def reasons(plan):
    return {week.number: line.reason for week in plan for line in week.lines if line.reason}


def test_what_does_not_fit_says_why_and_what_else_there_is_in_that_week():
    her = make.participant()
    hours = weekly(weekday=2, skip=(4,))  # Wednesdays; the first one is tomorrow
    instead = weekly(weekday=5, at=15)
    full, called_off, clash = hours[1], hours[2], hours[3]
    full.taken = full.places
    called_off.called_off_at = NOON
    make.booking(
        participant=her, session=make.session(module="neuropathy", starts_at=clash.starts_at)
    )
    db.session.commit()
    found = of(her)

    plan = of(her).plan([codes(found)["base", 2]])

    assert reasons(plan) == {
        2: "This class is full.",
        3: "This class does not take place.",
        4: "You have another class at that time.",
        5: "There is no class at this time in that week.",
    }
    missed = [line for week in plan for line in week.lines if line.reason]
    assert [[slot.session_id for slot in line.others] for line in missed] == [
        [hour.id] for hour in instead[1:5]
    ]
    assert missed[3].at == hours[0].starts_at + 4 * WEEK
    assert len(planned(plan)) == 8


def test_a_class_of_hers_that_was_called_off_is_not_hers_any_more():
    her = make.participant()
    hours, instead = weekly(weekday=2), weekly(weekday=5, at=15)
    for hour in hours[:3]:
        make.booking(participant=her, session=hour)
    hours[1].called_off_at = NOON
    db.session.commit()
    code = codes(of(her))["base", 2]

    kept, off, *_rest = of(her).plan([code])

    assert kept.lines[0].is_hers
    assert not off.lines[0].is_hers
    assert off.lines[0].reason == "This class does not take place."
    assert [slot.session_id for slot in off.lines[0].others] == [instead[1].id]
    [line] = of(her).outcome([hours[1].id])
    assert (line.is_hers, line.reason) == (False, "This class does not take place.")


def test_of_many_alternatives_the_three_nearest_are_shown_and_none_of_them_twice():
    her = make.participant()
    for hour, _next in (weekly(weekday=2, weeks=2), weekly(weekday=3, weeks=2)):
        hour.taken = hour.places
    others = [hour for n in range(7) for hour in weekly(weekday=4, at=9 + 2 * n, weeks=1)]
    db.session.commit()
    found = codes(of(her))

    [week, *_rest] = of(her).plan([found["base", 2], found["base", 3]])

    assert [[slot.session_id for slot in line.others] for line in week.lines] == [
        [hour.id for hour in others[:3]],
        [hour.id for hour in others[3:6]],
    ]


def test_a_week_that_is_full_already_offers_nothing_more():
    her = make.participant()
    hours = [weekly(weekday=day, weeks=1)[0] for day in (2, 3)]
    weekly(weekday=4)
    for hour in hours:
        make.booking(participant=her, session=hour)
    found = of(her)

    [week, *_rest] = of(her).plan([codes(found)["base", 4]])

    assert week.lines[0].reason == "You have your classes of this kind for that week."
    assert week.lines[0].others == []


@pytest.mark.parametrize(
    ("facts", "first", "count"),
    [
        pytest.param({}, 1, 12, id="at the beginning: twelve"),
        pytest.param({"baseline_on": TODAY - 3 * WEEK}, 4, 9, id="in week four: nine"),
        pytest.param({"baseline_on": TODAY - 12 * WEEK + timedelta(days=1)}, 12, 1, id="the last"),
        pytest.param({"arm": "waitlist", "baseline_on": TODAY - 4 * WEEK}, 1, 12, id="later"),
    ],
)
def test_who_has_fewer_weeks_left_gets_those_and_who_begins_later_hers(facts, first, count):
    her = make.participant(**facts)
    weekly(weekday=1, at=20, weeks=30)
    found = of(her)

    plan = of(her).plan([one.code for one in found.weeklies()])

    assert [week.number for week in plan] == list(range(first, first + count))
    assert len(planned(plan)) == count
    assert len(service.book_all(her.id, planned(plan), now=NOON, by=None)) == count


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"consented_on": None}, id="no consent"),
        pytest.param({"cleared_on": None}, id="not cleared"),
        pytest.param({"baseline_on": None}, id="no baseline"),
        pytest.param({"baseline_on": TODAY - 12 * WEEK}, id="her programme is over"),
    ],
)
def test_who_may_not_train_has_nothing_to_plan_and_books_nothing(facts):
    her = make.participant(**facts)
    hours = weekly(weekday=2)
    assert of(her) is None
    assert service.book_all(her.id, [hour.id for hour in hours], now=NOON, by=None) == []
    assert kinds(her) == []
    assert of(make.participant()) is not None


def test_what_has_become_full_meanwhile_does_not_lose_the_rest():
    her = make.participant()
    hours = weekly(weekday=2, places=1)
    instead = weekly(weekday=4)
    make.booking(session=hours[3])

    service.book_all(her.id, [hour.id for hour in hours], now=NOON, by=None)

    assert live(her) == {hour.id for n, hour in enumerate(hours) if n != 3}
    lines = of(her).outcome([hour.id for hour in hours])
    assert [line.is_hers for line in lines] == [n != 3 for n in range(12)]
    assert lines[3].reason == "This class is full."
    assert [slot.session_id for slot in lines[3].others] == [instead[3].id]


def test_one_class_alone_gets_the_mail_that_every_booking_has():
    her, hour = make.participant(), make.session()
    service.book_all(her.id, [hour.id], now=NOON, by=None)
    assert kinds(her) == ["booking_confirmed"]


def test_a_class_of_another_site_or_kind_is_left_out():
    her, hour = make.participant(), make.session()
    there = make.session(site=make.site("melbourne"))
    other = make.session(module="fatigue", starts_at=NOON + timedelta(days=2))
    service.book_all(her.id, [there.id, other.id, hour.id], now=NOON, by=None)
    assert live(her) == {hour.id}


def test_time_and_weekday_are_those_of_her_own_zone_and_what_shifts_is_said():
    her = make.participant(zone="America/New_York", baseline_on=TODAY + 14 * WEEK)
    weekly(weekday=0, at=1, weeks=26)  # Monday at one in Amsterdam is Sunday evening there
    [one] = of(her).weeklies()
    there = one.usual.starts_at.astimezone(ZoneInfo("America/New_York"))
    assert (there.weekday(), there.hour) == (6, 19)
    assert not one.is_steady  # two weeks in spring the clocks of both differ by five hours


def test_planning_costs_the_same_few_queries_however_much_is_offered(count_queries):
    her = make.participant()
    weekly(weekday=2)

    def cost():
        found = of(her)
        codes = [one.code for one in found.weeklies()]
        count_queries.clear()
        found = of(her)
        found.plan(codes)
        return len(count_queries)

    few = cost()
    for day in range(6):
        weekly(weekday=day, at=15, trainer=make.trainer())
        weekly("neuropathy", weekday=day, at=17)
    make.booking(participant=her, session=make.session(starts_at=NOON + timedelta(days=30)))
    assert cost() == few <= 8


def test_each_class_costs_the_same_few_queries(count_queries):
    her = make.participant()
    hours = [hour.id for hour in weekly(weekday=2)]

    def cost(ids):
        count_queries.clear()
        assert len(service.book_all(her.id, ids, now=NOON, by=None)) == len(ids)
        return len(count_queries)

    two, four = cost(hours[:2]), cost(hours[2:6])
    six = cost(hours[6:])
    assert six - four == four - two <= 2 * 20


def test_weeks_for_which_nothing_is_offered_yet_are_left_for_later():
    her = make.participant()
    weekly(weekday=2, weeks=5, skip=(1,))
    found = of(her)
    plan = found.plan([one.code for one in found.weeklies()])
    assert [week.number for week in plan] == [1, 2, 3, 4, 5]
    assert found.goes_on_from == TODAY + 5 * WEEK
    weekly(weekday=2, weeks=12)
    assert of(her).goes_on_from is None


def test_what_is_over_in_this_week_is_not_told_unless_there_is_something_else():
    her = make.participant(baseline_on=TODAY - timedelta(days=1))
    weekly(weekday=0, first=-1)  # yesterday, and each Monday after
    code = [one.code for one in of(her).weeklies()]
    assert of(her).plan(code)[0].lines == []
    other = weekly(weekday=5, weeks=1)[0]
    [line] = of(her).plan(code)[0].lines
    assert line.reason == "It is too late to book this class."
    assert [slot.session_id for slot in line.others] == [other.id]
