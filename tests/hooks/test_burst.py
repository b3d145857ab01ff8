"""Many classes at once: comings and goings in a burst, a fifth of them sent twice, in no order.

24,000 events with SOAK=1, a tenth of that in the suite; sent as fast as they go, while the worker
works on them. Each is acknowledged within a second, and every minute is right.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from remote_training.attendance.models import Attendance
from remote_training.core.db import db
from remote_training.hooks import jobs
from remote_training.hooks.models import HookEvent, State
from remote_training.meetings.models import MeetingEvent
from tests import make
from tests.fakes import NOON
from tests.hooks import sending
from tests.hooks.conftest import register, room
from tests.servers.loopback import serving

IS_LONG = bool(os.environ.get("SOAK"))
SEED = int(os.environ.get("SOAK_SEED", "5"))
CLASSES, PLACES, VISITS = (100, 20, 6) if IS_LONG else (20, 10, 6)
EVENTS = CLASSES * PLACES * VISITS * 2
AGAIN = 0.2
SENDERS = 8
FIVE_MINUTES, ONE_SECOND = 300.0, 1.0
STAY, EVERY = 400, 520  # seconds in the room, and from one coming in to the next


def rooms() -> None:
    """Classes of one hour, each with its room and those who are registered in it."""
    women = [make.participant() for _ in range(PLACES)]
    trainer = make.trainer()
    for n in range(CLASSES):
        hour = make.session(starts_at=NOON, trainer=trainer, places=PLACES)
        own = [make.booking(session=hour, participant=woman) for woman in women]
        place = room(own[0], external_id=str(8_000_000_000 + n))
        for m, booking in enumerate(own):
            register(place, booking, f"R{n}-{m}")


def burst(draw: random.Random) -> list[bytes]:
    """Everything that happens, shuffled, with a fifth of it a second time."""
    bodies = []
    for n in range(CLASSES):
        for m in range(PLACES):
            for visit in range(VISITS):
                who = {
                    "room": str(8_000_000_000 + n), "run": f"run-{n}", "registrant_id": f"R{n}-{m}",
                    "participant_uuid": f"U{n}-{m}", "user_id": str(100 * m + visit),
                }  # fmt: skip
                came = visit * EVERY
                bodies.append(sending.zoom_person("participant_joined", came, **who))
                bodies.append(sending.zoom_person("participant_left", came + STAY, **who))
    bodies += draw.sample(bodies, k=round(len(bodies) * AGAIN))
    draw.shuffle(bodies)
    return bodies


@contextmanager
def worker(app: Flask) -> Iterator[None]:
    """The worker at its work, in a thread of its own, until nothing waits any more."""
    is_over = threading.Event()

    def work() -> None:
        with app.app_context():
            while True:
                is_last = is_over.is_set()
                try:
                    done = jobs.work(NOON + timedelta(minutes=55))
                except OperationalError:
                    continue  # the next tick
                finally:
                    db.session.remove()
                if not done:
                    if is_last:
                        return
                    is_over.wait(0.05)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    is_over.set()
    thread.join()


def send(url: str, bodies: list[bytes]) -> list[tuple[int, float]]:
    """Send some over one connection; the status of each, and how long it took."""
    found = []
    with requests.Session() as connection:
        for body in bodies:
            began = time.perf_counter()
            status = connection.post(
                f"{url}/hooks/zoom", data=body, headers=sending.zoom_headers(body), timeout=30
            ).status_code
            found.append((status, time.perf_counter() - began))
    return found


@pytest.mark.random
def test_a_burst_is_acknowledged_within_a_second_each_and_every_minute_is_right(
    app: Flask,
) -> None:
    rooms()
    bodies = burst(random.Random(SEED))
    assert len(bodies) == round(EVENTS * (1 + AGAIN))
    began = time.perf_counter()
    with serving(app) as url, worker(app), ThreadPoolExecutor(SENDERS) as pool:
        shares = [bodies[n::SENDERS] for n in range(SENDERS)]
        answers = [one for found in pool.map(lambda own: send(url, own), shares) for one in found]
        taken = time.perf_counter() - began
    worked = time.perf_counter() - began
    slowest = max(seconds for _status, seconds in answers)
    print(f"{len(answers)} in {taken:.1f} s, slowest {slowest:.3f} s, worked off in {worked:.1f} s")
    assert {status for status, _seconds in answers} == {204}
    assert slowest < ONE_SECOND
    assert worked < FIVE_MINUTES
    db.session.expire_all()
    states = db.session.execute(
        sa.select(HookEvent.state, sa.func.count(HookEvent.id)).group_by(HookEvent.state)
    ).all()
    assert [tuple(row) for row in states] == [(State.APPLIED, EVENTS)], "what came twice is once"
    assert db.session.scalar(sa.select(sa.func.count(MeetingEvent.id))) == EVENTS
    minutes = db.session.scalars(sa.select(Attendance.machine_minutes)).all()
    assert len(minutes) == CLASSES * PLACES
    assert {round(60 * found) for found in minutes} == {VISITS * STAY}
