"""Two devices, double clicks and a worker at the same moment, on both databases.

The negative control runs the same race without the lock on the booking: if that one
does not trip, the tests above it prove nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from remote_training.attendance import queries, service
from remote_training.attendance.models import Attendance, Settlement
from remote_training.bookings.models import Booking
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import pulses
from remote_training.meetings.models import MeetingEvent, MeetingRoom, Pulse
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.random

THREADS = 12
OVER = NOON + timedelta(minutes=62)
Attempt = Callable[[], object]


@pytest.fixture
def booking_id(app: Flask) -> UUID:
    return make.booking(session=make.session(starts_at=NOON)).id


def race(app: Flask, attempts: Sequence[Attempt]) -> list[str]:
    """Run every attempt in a thread and a unit of work of its own; give the names of faults."""
    start, faults = threading.Barrier(len(attempts)), []

    def run(attempt: Attempt) -> None:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work():
                    attempt()
            except SQLAlchemyError as error:
                faults.append(type(error).__name__)

    db.session.rollback()
    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def come_in(booking_id: UUID, connection: str, *, now: datetime = NOON) -> Attempt:
    def attempt() -> None:
        booking = db.session.get_one(Booking, booking_id)
        service.come_in(booking, connection, beats=True, now=now)

    return attempt


def come_in_without_lock(booking_id: UUID) -> Attempt:
    """The same two writes, without waiting for the other device."""

    def attempt() -> None:
        booking = db.session.get_one(Booking, booking_id)
        known = queries.of_booking(booking.id)
        pulses.come_in(booking, uuid4().hex, beats=True, now=NOON)
        if known is None:
            db.session.add(Attendance(booking_id=booking.id))

    return attempt


def rows(
    model: type[Booking | Attendance | MeetingEvent | MeetingRoom | Pulse | Settlement],
) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_many_presses_of_one_button_are_one_visit(app: Flask, booking_id: UUID) -> None:
    assert race(app, [come_in(booking_id, "a" * 32)] * THREADS) == []
    assert [rows(model) for model in (MeetingRoom, Pulse, MeetingEvent, Attendance)] == [1] * 4


def test_many_devices_at_once_are_many_visits_and_one_attendance(
    app: Flask, booking_id: UUID
) -> None:
    assert race(app, [come_in(booking_id, uuid4().hex) for _ in range(THREADS)]) == []
    assert [rows(model) for model in (Pulse, MeetingEvent, Attendance)] == [THREADS, THREADS, 1]


def test_many_workers_settle_a_class_once(app: Flask, booking_id: UUID) -> None:
    other = make.booking(session=make.session(starts_at=NOON))
    race(app, [come_in(other.id, "b" * 32), come_in(booking_id, "a" * 32)])
    assert race(app, [lambda: service.settle(now=OVER)] * THREADS) == []
    assert (rows(Settlement), rows(Attendance)) == (2, 2)


def test_a_worker_and_a_leaving_page_do_not_lose_minutes(app: Flask, booking_id: UUID) -> None:
    race(app, [come_in(booking_id, "a" * 32, now=NOON + timedelta(minutes=40))])

    def leave() -> None:
        booking = db.session.get_one(Booking, booking_id)
        service.leave(booking, "a" * 32, by_button=True, now=NOON + timedelta(minutes=41.5))

    def sweep() -> None:
        pulses.close_silent(now=NOON + timedelta(minutes=41.2))

    assert race(app, [leave, sweep] * 4) == []
    left = db.session.scalars(sa.select(MeetingEvent).where(MeetingEvent.kind == "left")).all()
    assert len(left) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_control_without_the_lock_the_second_device_fails(app: Flask, booking_id: UUID) -> None:
    """SQLite lets one write at a time: there the lock is its own."""
    faults = race(app, [come_in_without_lock(booking_id) for _ in range(THREADS)])
    assert "IntegrityError" in faults
