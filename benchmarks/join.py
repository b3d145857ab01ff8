"""The join page under a stampede: 2,000 people who come to their classes within two minutes.

Each opens her page, presses Join, and comes into the room: three requests. The page alone is
measured beside a bare page of Flask, the whole way beside the three requests of two minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask

from benchmarks import people, web
from benchmarks.measure import Figure, Request, Run, by_turns, served
from remote_training.attendance.models import Attendance
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.outside import clock

PAGE_AIM = 0.25
PEOPLE = int(os.environ.get("BENCH_JOINING", "2000"))
IN_EACH = 20  # people in one class
TWO_MINUTES = 120  # seconds
TOLD = {
    "place": "Kade 2, Utrecht", "whom": "other", "call_name": "Bea", "call_phone": "030 765 4321",
    "js": "1",
}  # fmt: skip


def join() -> Iterator[Figure]:
    """Pages a second beside Flask's "hello"; then people a second beside what two minutes need."""
    for name, url, app in web._platforms():
        with app.app_context():
            ways, browsers = _places(app)
        doors = [Request("GET", way, browser.cookie) for way, browser in _pairs(ways, browsers)]
        presses, rooms = _pressed(ways, browsers)
        hello = [Request("GET", "/")] * 16000
        with served("wsgi:app", people.environment(url)) as ours:
            with web._floor(url) as floor:
                turns = by_turns(ours, floor, doors, hello)
            yield turns.figure("join page", name, PAGE_AIM)
            run = ours.drive(doors, status=200)
            pressed = ours.drive(presses, status=303)
            inside = ours.drive(rooms, status=200)
        yield _whole_way(name, app, [run, pressed, inside])


def _whole_way(name: str, app: Flask, runs: list[Run]) -> Figure:
    seconds = sum(1 / run.rate for run in runs)  # of one person, three requests
    cpu_ms, wrong = sum(run.cpu_ms for run in runs), sum(run.wrong for run in runs)
    slowest = max(run.slow_ms for run in runs)
    with app.app_context():
        db.session.rollback()
        came = sa.select(sa.func.count(Attendance.id)).where(
            Attendance.first_joined_at.is_not(None)
        )
        wrong += PEOPLE - (db.session.scalar(came) or 0)
    needed = PEOPLE / TWO_MINUTES
    note = f"{wrong} WRONG; " if wrong else f"all {PEOPLE} are in; "
    note += f"CPU {cpu_ms:.1f} ms each; one in a thousand took {slowest:.0f} ms or more"
    return Figure(
        "people who join", name, 1 / seconds, needed, 1 / seconds / needed, 1.0, note=note
    )


def _places(app: Flask) -> tuple[list[str], list[people.Browser]]:
    """A place for each in a class that begins in five minutes, and the way to its page."""
    women = people.enrol(app, PEOPLE)
    hours = people.offer(-(-PEOPLE // IN_EACH), places=IN_EACH)
    begins = clock.now().replace(microsecond=0) + timedelta(minutes=5)
    for hour in hours:
        hour.starts_at, hour.ends_at = begins, begins + timedelta(hours=1)
        hour.taken = IN_EACH
    ids: list[UUID] = []
    for n, woman in enumerate(women):
        booking = Booking(
            participant_id=woman.id, session_id=hours[n // IN_EACH].id, booked_at=clock.now(),
            calendar_uid=f"{uuid4().hex}@trial.example.org",
        )  # fmt: skip
        db.session.add(booking)
        db.session.flush()
        ids.append(booking.id)
    db.session.commit()
    return [f"/class/{booking_id}/" for booking_id in ids], people.sign_in(app, women)


def _pairs(ways: list[str], browsers: list[people.Browser]) -> list[tuple[str, people.Browser]]:
    return list(zip(ways, browsers, strict=True))


def _pressed(
    ways: list[str], browsers: list[people.Browser]
) -> tuple[list[Request], list[Request]]:
    presses, rooms = [], []
    for way, browser in _pairs(ways, browsers):
        visit = uuid4().hex
        presses.append(web.post(browser, way, TOLD | {"visit": visit}))
        rooms.append(Request("GET", f"{way}room?visit={visit}", browser.cookie))
    return presses, rooms
