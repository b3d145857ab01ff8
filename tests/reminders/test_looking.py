"""When a class is looked at again: each thing that decides a reminder opens it anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.bookings import changes, waiting_list
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.messages.models import Message
from remote_training.participants import service as participants
from remote_training.participants import wishes
from remote_training.participants.models import Participant, Way
from remote_training.reminders import jobs
from tests import make
from tests.fakes import NOON

STARTS = NOON + timedelta(days=3)  # 13:00 in Amsterdam
LONG_AGO = NOON - timedelta(days=5)
A_DAY_BEFORE, AN_HOUR_BEFORE = STARTS - timedelta(hours=24), STARTS - timedelta(hours=1)


def planned() -> list[str]:
    """The reminders of classes in the outbox, by kind."""
    of_classes = sa.select(Message.kind).where(Message.kind.startswith("reminder"))
    found = sorted(db.session.scalars(of_classes))
    db.session.rollback()
    return found


def tick(now: datetime) -> list[str]:
    """The reminders that are in the outbox after a tick."""
    jobs.plan(now)
    return planned()


def books(hour: Session, now: datetime) -> None:
    bookings.book(make.participant(), hour, now=now, by=None)


def moves_hers(hour: Session, now: datetime) -> None:
    woman = make.participant()
    other = make.session(starts_at=STARTS + timedelta(days=1), changed_at=LONG_AGO)
    held = make.booking(participant=woman, session=other, booked_at=LONG_AGO)
    bookings.move(held, hour, now=now, by=None)


def accepts_an_offer(hour: Session, now: datetime) -> None:
    woman = make.participant()
    entry = make.waiting(
        participant=woman, session=hour, offered_at=now - timedelta(hours=1),
        offer_until=now + timedelta(hours=1),
    )  # fmt: skip
    tick(now - timedelta(minutes=1))
    waiting_list.accept(db.session.merge(entry), now=now, by=None)


def undoes(hour: Session, now: datetime) -> None:
    woman = make.participant()
    held = make.booking(participant=woman, session=hour, booked_at=LONG_AGO)
    bookings.cancel(held, now=now - timedelta(minutes=1), by=None)
    db.session.commit()
    tick(now - timedelta(seconds=30))
    bookings.book(woman, hour, now=now, by=None)


@pytest.mark.parametrize("verb", [books, moves_hers, accepts_an_offer, undoes])
def test_a_place_that_is_taken_after_the_last_look_is_reminded_of(
    app: Flask, verb: Callable[[Session, datetime], None]
) -> None:
    hour = make.session(starts_at=STARTS, changed_at=LONG_AGO)
    tick(A_DAY_BEFORE)
    with unit_of_work():
        verb(hour, A_DAY_BEFORE + timedelta(hours=8))
    before = tick(A_DAY_BEFORE + timedelta(hours=9))
    assert "reminder_hour" not in before
    assert tick(AN_HOUR_BEFORE) == sorted([*before, "reminder_hour"])


@pytest.mark.parametrize("opens", [True, False], ids=["by the verb", "control: past the verb"])
def test_the_last_look_is_not_the_last_where_somebody_books_after_it(
    app: Flask, opens: bool
) -> None:
    hour = make.session(starts_at=STARTS, changed_at=LONG_AGO)
    assert tick(A_DAY_BEFORE) == [], "nobody has booked: there is nothing to come"
    with unit_of_work():
        now = A_DAY_BEFORE + timedelta(hours=1)
        if opens:
            bookings.book(make.participant(), hour, now=now, by=None)
        else:
            db.session.add(_row(make.participant(), hour, now))
    assert tick(AN_HOUR_BEFORE) == (["reminder_hour"] if opens else [])


def _row(woman: Participant, hour: Session, now: datetime) -> Booking:
    return Booking(
        participant_id=woman.id, session_id=hour.id, booked_at=now, calendar_uid="u@example.org"
    )


@pytest.mark.parametrize("is_moved", [True, False], ids=["moved", "control: left as it was"])
def test_a_class_that_moves_is_reminded_of_where_it_is_now(app: Flask, is_moved: bool) -> None:
    hour = make.session(starts_at=STARTS, changed_at=LONG_AGO)
    make.booking(session=hour, booked_at=LONG_AGO)
    assert tick(A_DAY_BEFORE) == ["reminder_day"]
    now = A_DAY_BEFORE + timedelta(hours=1)
    if is_moved:
        with unit_of_work():
            _move(hour, days=7, now=now)
    assert tick(A_DAY_BEFORE + timedelta(days=7)) == ["reminder_day"] * (2 if is_moved else 1)
    assert tick(A_DAY_BEFORE + timedelta(days=7)) == ["reminder_day"] * (2 if is_moved else 1)


@pytest.mark.parametrize("is_moved", [True, False], ids=["moved", "control: left as it was"])
def test_a_class_that_moves_after_its_last_look_is_looked_at_again(
    app: Flask, is_moved: bool
) -> None:
    hour = make.session(starts_at=STARTS, changed_at=LONG_AGO)
    make.booking(session=hour, booked_at=LONG_AGO)
    for now in (A_DAY_BEFORE, AN_HOUR_BEFORE, AN_HOUR_BEFORE + timedelta(minutes=1)):
        both = tick(now)
    assert both == ["reminder_day", "reminder_hour"]
    db.session.expire_all()
    assert hour.remind_at is None, "the last look: nothing is to come"
    db.session.rollback()
    if is_moved:
        with unit_of_work():
            _move(hour, days=7, now=AN_HOUR_BEFORE + timedelta(minutes=5))
    week = timedelta(days=7)
    assert tick(A_DAY_BEFORE + week) == sorted([*both, *(["reminder_day"] if is_moved else [])])
    assert tick(AN_HOUR_BEFORE + week) == sorted(both * (2 if is_moved else 1))


def _move(hour: Session, *, days: int, now: datetime) -> None:
    clock = hour.starts_at.astimezone(ZoneInfo(hour.zone)).time()
    on_date = hour.on_date + timedelta(days=days)
    wish = changes.Wish(on_date, clock, hour.trainer, hour.places)
    changes.apply(hour, wish, now=now, by=None, reason="The room is taken.", mark=None)


def test_who_wants_a_reminder_again_gets_it_and_no_second_one(app: Flask) -> None:
    held = make.booking(
        session=make.session(starts_at=STARTS, changed_at=LONG_AGO), booked_at=LONG_AGO
    )
    _choose(held.participant, A_DAY_BEFORE - timedelta(hours=9), day_before=False)
    assert tick(A_DAY_BEFORE) == [], "control: she wants none"
    assert tick(A_DAY_BEFORE + timedelta(hours=1)) == []
    _choose(held.participant, A_DAY_BEFORE + timedelta(hours=2), day_before=True)
    for _ in range(2):
        assert tick(A_DAY_BEFORE + timedelta(hours=3)) == ["reminder_day"]
    _choose(held.participant, A_DAY_BEFORE + timedelta(hours=4), earliest_hour=10)
    assert tick(A_DAY_BEFORE + timedelta(hours=5)) == ["reminder_day"]


def _choose(woman: Participant, now: datetime, **choices: bool | int) -> None:
    with unit_of_work():
        wishes.choose(woman, way=Way.PAGE, now=now, by=woman.account_id, **choices)


def test_who_chooses_other_hours_is_reminded_in_those(app: Flask) -> None:
    early = STARTS.replace(hour=6)  # 7:00 in Amsterdam: an hour before is too early for most
    held = make.booking(
        session=make.session(starts_at=early, changed_at=LONG_AGO), booked_at=LONG_AGO
    )
    told = tick(early - timedelta(hours=10, minutes=20))
    assert told == ["reminder_day"], "an hour before it is quiet: nothing more is to come"
    _choose(held.participant, early - timedelta(hours=10), earliest_hour=6)
    assert tick(early - timedelta(minutes=50)) == ["reminder_day", "reminder_hour"]


@pytest.mark.parametrize("is_told", [True, False], ids=["by the desk", "control: past the verb"])
def test_who_goes_to_another_zone_is_reminded_by_its_clocks(app: Flask, is_told: bool) -> None:
    held = make.booking(
        session=make.session(starts_at=STARTS, changed_at=LONG_AGO), booked_at=LONG_AGO,
        participant=make.participant(zone="Australia/Melbourne"),
    )  # fmt: skip
    early = STARTS - timedelta(hours=27)  # 20:00 there, the evening of the day before
    tick(early)
    db.session.execute(sa.delete(Message))
    held.session.remind_at = AN_HOUR_BEFORE  # as if nothing were to come before
    db.session.commit()
    with unit_of_work():
        if is_told:
            participants.correct_contact(
                held.participant, now=early, by=None, zone="Europe/Amsterdam"
            )
        else:
            held.participant.zone = "Europe/Amsterdam"
    assert tick(A_DAY_BEFORE) == (["reminder_day"] if is_told else [])


@pytest.mark.parametrize("is_told", [True, False], ids=["recorded", "control: past the verb"])
def test_who_consents_after_all_is_reminded(app: Flask, is_told: bool) -> None:
    woman = make.participant(consented_on=None)
    make.booking(
        participant=woman, session=make.session(starts_at=STARTS, changed_at=LONG_AGO),
        booked_at=LONG_AGO,
    )  # fmt: skip
    assert tick(A_DAY_BEFORE) == []
    with unit_of_work():
        if is_told:
            participants.record(woman, now=A_DAY_BEFORE, by=None, consented_on=NOON.date())
        else:
            woman.consented_on = NOON.date()
    assert tick(A_DAY_BEFORE + timedelta(hours=1)) == (["reminder_day"] if is_told else [])


def test_a_worker_that_was_down_into_the_night_makes_up_for_it_in_the_morning(app: Flask) -> None:
    """A class at 13:00 here, reminded of at 13:00 the day before: at 23:00 it is quiet."""
    make.booking(session=make.session(starts_at=STARTS, changed_at=LONG_AGO), booked_at=LONG_AGO)
    assert tick(A_DAY_BEFORE + timedelta(hours=10)) == []
    assert tick(A_DAY_BEFORE + timedelta(hours=18)) == [], "06:00"
    assert tick(A_DAY_BEFORE + timedelta(hours=20)) == ["reminder_day"], "08:00"


def test_a_clock_that_was_wrong_for_a_while_leaves_nobody_without_a_reminder(app: Flask) -> None:
    make.booking(session=make.session(starts_at=STARTS, changed_at=LONG_AGO), booked_at=LONG_AGO)
    worker, too_late = jobs.Ticker(), STARTS - timedelta(minutes=10)
    worker.tick(A_DAY_BEFORE - timedelta(hours=1))
    worker.tick(too_late)
    assert planned() == [], "by the wrong clock both reminders come too late"
    assert tick(A_DAY_BEFORE) == [], "control: a tick that does not know of it"
    worker.tick(A_DAY_BEFORE)
    assert planned() == ["reminder_day"]
    worker.tick(A_DAY_BEFORE)
    assert planned() == ["reminder_day"]


def test_a_worker_that_begins_and_each_hour_looks_at_all(app: Flask) -> None:
    held = make.booking(
        session=make.session(starts_at=STARTS, changed_at=LONG_AGO), booked_at=LONG_AGO
    )

    def forget() -> None:
        held.session.remind_at = None
        db.session.commit()

    forget()
    assert tick(A_DAY_BEFORE) == [], "control: no class says that it is to be looked at"
    worker = jobs.Ticker()
    worker.tick(A_DAY_BEFORE)
    assert planned() == ["reminder_day"]
    db.session.execute(sa.delete(Message))
    forget()
    worker.tick(A_DAY_BEFORE + timedelta(minutes=59))
    assert planned() == []
    worker.tick(A_DAY_BEFORE + timedelta(minutes=60))
    assert planned() == ["reminder_day"]


def test_a_place_taken_while_a_worker_looks_is_not_overlooked(app: Flask, database: str) -> None:
    """Many book at once while two workers tick: all of them are reminded, each once."""
    hour = make.session(starts_at=STARTS, changed_at=LONG_AGO, places=12)
    hour_id, women = hour.id, [make.participant().id for _ in range(8)]
    now, ended = STARTS - timedelta(hours=5), threading.Event()
    db.session.rollback()

    def book(some: list[object]) -> None:
        with app.app_context():
            for one in some:
                with unit_of_work():
                    woman = db.session.get_one(Participant, one)
                    bookings.book(woman, db.session.get_one(Session, hour_id), now=now, by=None)

    def work() -> None:
        with app.app_context():
            while not ended.is_set():
                jobs.plan(now)

    bookers = [threading.Thread(target=book, args=(women[i::2],)) for i in range(2)]
    workers = [threading.Thread(target=work) for _ in range(2)]
    for thread in (*workers, *bookers):
        thread.start()
    for thread in bookers:
        thread.join()
    ended.set()
    for thread in workers:
        thread.join()
    assert tick(now) == []
    assert tick(AN_HOUR_BEFORE) == ["reminder_hour"] * len(women)


def test_a_tick_without_work_reads_no_booking_whatever_is_stored(
    app: Flask, count_queries: list[str]
) -> None:
    hour = make.session(starts_at=STARTS, places=50, changed_at=LONG_AGO)
    for _ in range(10):
        make.booking(session=hour, booked_at=LONG_AGO)
    count_queries.clear()
    tick(A_DAY_BEFORE)
    assert [one for one in count_queries if "FROM booking" in one], "control: one with work"
    count_queries.clear()
    tick(A_DAY_BEFORE + timedelta(minutes=1))
    assert not [one for one in count_queries if "FROM booking" in one]
