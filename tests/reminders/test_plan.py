"""The ticker: what is planned when, and only once."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message, State
from remote_training.reminders import jobs
from tests import make
from tests.fakes import NOON, FakeMail

STARTS = NOON + timedelta(days=3)
LONG_AGO = NOON - timedelta(days=5)


def planned(now: datetime, about: str = "reminder") -> list[str]:
    """The kinds that are in the outbox after a tick, oldest first: of class, or of questions."""
    jobs.plan(now)
    kinds = db.session.scalars(sa.select(Message.kind).order_by(Message.queued_at, Message.kind))
    found = [kind for kind in kinds if kind.startswith(about)]
    db.session.rollback()
    return found


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        (timedelta(hours=24, minutes=1), []),
        (timedelta(hours=24), ["reminder_day"]),
        (timedelta(hours=3, minutes=1), ["reminder_day"]),
        (timedelta(hours=3), []),
        (timedelta(minutes=61), []),
        (timedelta(minutes=60), ["reminder_hour"]),
        (timedelta(minutes=16), ["reminder_hour"]),
        (timedelta(minutes=15), []),
        (-timedelta(minutes=1), []),
    ],
    ids=[
        "more than a day before: nothing",
        "a day before: the day's reminder",
        "a standstill until three hours before: still",
        "three hours before: too late",
        "more than an hour before: nothing",
        "an hour before: the hour's reminder",
        "sixteen minutes before: still",
        "a quarter before: too late, the doors are open",
        "begun: nothing",
    ],
)
def test_reminders_of_a_class(app: Flask, before: timedelta, kinds: list[str]) -> None:
    make.booking(session=make.session(starts_at=STARTS), booked_at=LONG_AGO)
    assert planned(STARTS - before) == kinds


@pytest.mark.parametrize(
    ("booked_before", "told_before", "kinds"),
    [
        (timedelta(hours=25), timedelta(hours=23), []),
        (timedelta(hours=26), timedelta(hours=23), ["reminder_day"]),
        (timedelta(minutes=70), timedelta(minutes=50), []),
        (timedelta(minutes=75), timedelta(minutes=50), ["reminder_hour"]),
    ],
    ids=["a fresh confirmation is enough, day", "26 hours", "fresh, hour", "75 minutes"],
)
def test_who_booked_a_moment_ago_is_not_reminded(
    app: Flask, booked_before: timedelta, told_before: timedelta, kinds: list[str]
) -> None:
    hour = make.session(starts_at=STARTS)
    make.booking(session=hour, booked_at=STARTS - booked_before)
    assert planned(STARTS - told_before) == kinds


def test_nobody_is_reminded_of_what_is_not_theirs_any_more(app: Flask) -> None:
    hour = make.session(starts_at=STARTS)
    make.booking(session=hour, booked_at=LONG_AGO, cancelled_at=NOON)
    gone = make.participant(withdrawn_on=NOON.date())
    make.booking(session=hour, booked_at=LONG_AGO, participant=gone)
    off = make.session(starts_at=STARTS, called_off_at=NOON)
    make.booking(session=off, booked_at=LONG_AGO)
    assert planned(STARTS - timedelta(hours=20)) == []
    make.booking(session=hour, booked_at=LONG_AGO)
    assert planned(STARTS - timedelta(hours=20)) == ["reminder_day"]


def test_ticks_plan_once_also_two_at_a_time(app: Flask) -> None:
    for _ in range(5):
        make.booking(session=make.session(starts_at=STARTS), booked_at=LONG_AGO)
    now = STARTS - timedelta(hours=20)

    def tick() -> None:
        with app.app_context():
            jobs.plan(now)

    threads = [threading.Thread(target=tick) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert planned(now) == ["reminder_day"] * 5


def test_a_reminder_is_too_late_two_hours_before_and_when_it_begins(app: Flask) -> None:
    make.booking(session=make.session(starts_at=STARTS), booked_at=LONG_AGO)
    planned(STARTS - timedelta(hours=4))
    planned(STARTS - timedelta(minutes=50))
    ends = {
        row[0]: row[1] for row in db.session.execute(sa.select(Message.kind, Message.not_after))
    }
    assert ends["reminder_day"] == STARTS - timedelta(hours=2)
    assert ends["reminder_hour"] == STARTS


def test_a_reminder_of_the_day_before_is_too_late_when_it_is_night(app: Flask) -> None:
    make.booking(session=make.session(starts_at=STARTS), booked_at=LONG_AGO)
    planned(STARTS - timedelta(hours=20))
    of_classes = sa.select(Message.not_after).where(Message.kind == "reminder_day")
    ends = db.session.scalars(of_classes).all()
    assert ends == [datetime(2026, 11, 26, 19, 59, tzinfo=UTC)]


def local(day: date, hour: int, zone: str) -> datetime:
    """A moment of a wall clock."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Melbourne", "America/Los_Angeles"])
def test_questions_come_at_nine_where_she_is_and_twice_more(app: Flask, zone: str) -> None:
    woman = make.participant(zone=zone, baseline_on=None)
    due = date(2027, 3, 26)  # the clock changes in Europe two days later
    make.assessment(
        participant=woman,
        opens_on=due - timedelta(days=7),
        due_on=due,
        overdue_on=due + timedelta(days=7),
        closes_on=due + timedelta(days=14),
        started_at=NOON,
    )
    told: list[str] = []
    for day in range(-2, 16):
        on = due + timedelta(days=day)
        assert planned(local(on, 8, zone), "questions") == told, "too early in the day"
        told += {0: ["questions_due"], 3: ["questions_reminder"], 7: ["questions_reminder"]}.get(
            day, []
        )
        assert planned(local(on, 9, zone), "questions") == told
        assert planned(local(on, 22, zone), "questions") == told


def test_after_a_standstill_only_the_newest_is_sent(app: Flask) -> None:
    make.assessment(participant=make.participant(baseline_on=None), started_at=NOON)
    zone = "Europe/Amsterdam"
    assert planned(local(NOON.date() + timedelta(days=8), 9, zone), "questions") == [
        "questions_reminder"
    ]
    assert planned(local(NOON.date() + timedelta(days=9), 9, zone), "questions") == [
        "questions_reminder"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"completed_at": NOON},
        {"closes_on": NOON.date() - timedelta(days=1)},
        {"start_by_on": NOON.date() - timedelta(days=1), "started_at": None},
    ],
    ids=["sent", "closed", "too late to begin"],
)
def test_what_is_sent_or_closed_is_not_asked(app: Flask, change: dict[str, object]) -> None:
    woman = make.participant(baseline_on=None)
    make.assessment(participant=woman, **{"started_at": NOON} | change)
    assert planned(NOON, "questions") == []
    assert planned_for_somebody_else() == ["questions_due"]


def planned_for_somebody_else() -> list[str]:
    """The control: the same day, of somebody whose sitting is open."""
    make.assessment(participant=make.participant(baseline_on=None), started_at=NOON)
    return planned(NOON, "questions")


def test_one_sitting_of_many_questionnaires_is_asked_once(app: Flask) -> None:
    codes = ("neuropathy-nrs", "phq-9", "gad-7")
    woman = make.participant(baseline_on=None)
    make.assessment(participant=woman, forms=codes, started_at=NOON)
    assert planned(NOON, "questions") == ["questions_due"]


def test_the_study_file_says_when(app: Flask) -> None:
    shipped = app.extensions["study"]
    days = shipped.reminders.model_copy(update={"ask_days_after": -2, "remind_days_after": (1,)})
    app.extensions["study"] = shipped.model_copy(update={"reminders": days})
    try:
        make.assessment(participant=make.participant(baseline_on=None), started_at=NOON)
        found = [planned(NOON + timedelta(days=day), "questions") for day in range(-3, 6)]
    finally:
        app.extensions["study"] = shipped
    assert [len(told) for told in found] == [0, 1, 1, 1, 2, 2, 2, 2, 2]


def test_what_is_sent_while_the_reminder_waits_is_not_reminded_of(
    app: Flask, mailbox: FakeMail
) -> None:
    woman = make.participant(baseline_on=None)
    row = make.assessment(participant=woman, started_at=NOON)
    assert planned(NOON, "questions") == ["questions_due"]
    row.completed_at = NOON
    db.session.commit()
    outbox.deliver("w", app.extensions["outside"])
    assert mailbox.sent == []
    assert db.session.scalars(sa.select(Message.state)).one() is State.VOID


def test_a_tick_costs_the_same_for_one_and_for_many(app: Flask, count_queries: list[str]) -> None:
    now = STARTS - timedelta(hours=20)

    def cost() -> int:
        hour = make.session(starts_at=STARTS, places=50)
        for _ in range(10):
            make.booking(session=hour, booked_at=LONG_AGO)
        jobs.plan(now)  # what other rooms plan for new people
        db.session.execute(sa.delete(Message))
        db.session.commit()
        count_queries.clear()
        jobs.plan(now)
        return len(count_queries)

    assert cost() == cost()
