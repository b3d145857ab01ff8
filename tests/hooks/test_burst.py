"""Many classes at once: comings and goings at the pace of a busy hour, a fifth of them sent twice.

The web and the worker are programs of their own, as in production; what happens is sent in no
order, each at its moment, whether or not those before it were answered. With SOAK=1 it is 24,000
events in five minutes, on both databases; in the suite six seconds at the same pace, on SQLite.
"""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from benchmarks.measure import served
from benchmarks.people import open_room
from remote_training.attendance.models import Attendance
from remote_training.core.db import db
from remote_training.hooks.models import HookEvent, State
from remote_training.meetings.models import MeetingEvent
from remote_training.outside import clock
from tests import make
from tests.conftest import DATABASES, SECRET, own_app, own_database
from tests.fakes import NOON
from tests.hooks import sending

ROOT = Path(__file__).resolve().parents[2]
WORKER = "from remote_training.cli import main; main()"
IS_LONG = bool(os.environ.get("SOAK"))
SEED = int(os.environ.get("SOAK_SEED", "5"))
CLASSES, PLACES, VISITS = (100, 20, 6) if IS_LONG else (4, 10, 6)
EVENTS = CLASSES * PLACES * VISITS * 2
AGAIN = 0.2
PACE = 24_000 * (1 + AGAIN) / 300  # a second
CONNECTIONS = 8
STAY, EVERY = 400, 520  # seconds in the room, and from one coming in to the next
BEGAN = timedelta(minutes=52)  # so long ago: all that is told has happened, the class goes on
SLOWEST = 1.0 if IS_LONG else 3.0  # seconds; beside other tests what Zoom itself waits at most
STARTED_WITHIN = 60.0  # seconds
BEHIND = 3.0  # seconds that the worker may be behind while events come in
OTHERS = 32  # events of a room that is not ours, sent before anything is measured
WORKED_OFF_WITHIN = 30.0  # seconds after the last was sent


@dataclass(frozen=True)
class Taken:
    """How one message was taken: its status (0: no answer), and how long after its moment."""

    status: int
    seconds: float


@pytest.fixture(params=DATABASES if IS_LONG else DATABASES[:1])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test alone."""
    return own_database(request.param, tmp_path)


@pytest.fixture
def platform(url: str) -> Iterator[Flask]:
    """An app on that database."""
    with own_app(url) as app:
        yield app


def settings(url: str) -> dict[str, str]:
    """The settings of the web and the worker on that database."""
    return {
        "DATABASE_URL": url,
        "SECRET_KEYS": SECRET,
        "PUBLIC_URL": "http://localhost",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_FROM": "classes@trial.example.org",
        "DEMO": "off",
        "ZOOM_WEBHOOK_SECRET": sending.SECRET,
    }


@contextmanager
def working(environment: dict[str, str]) -> Iterator[None]:
    """A worker at its work, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, "worker"],
        cwd=ROOT,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def open_rooms(begins: datetime) -> None:
    """Classes of one hour, each with its room and those who are registered in it."""
    women, trainer = [make.participant(baseline_on=None) for _ in range(PLACES)], make.trainer()
    for n in range(CLASSES):
        hour = make.session(starts_at=begins, trainer=trainer, places=PLACES)
        open_room(hour, _room(n), women, at=begins)
    db.session.commit()


def burst(draw: random.Random, begins: datetime) -> list[bytes]:
    """Everything that happens, shuffled, with a fifth of it a second time."""
    bodies, shift = [], (begins - NOON).total_seconds()
    for n in range(CLASSES):
        for m in range(PLACES):
            for visit in range(VISITS):
                who = {
                    "room": _room(n), "run": f"run-{n}", "registrant_id": f"R{m}",
                    "participant_uuid": f"U{n}-{m}", "user_id": str(100 * m + visit),
                }  # fmt: skip
                came = shift + visit * EVERY
                bodies.append(sending.zoom_person("participant_joined", came, **who))
                bodies.append(sending.zoom_person("participant_left", came + STAY, **who))
    bodies += draw.sample(bodies, k=round(len(bodies) * AGAIN))
    draw.shuffle(bodies)
    return bodies


def wait_until_both_work(port: int) -> None:
    """Have some events of nobody's room taken by the web, and seen by the worker: both are warm."""
    others = [
        sending.zoom_person("participant_joined", n, room="7", user_id=str(n))
        for n in range(OTHERS)
    ]
    assert {one.status for one in send(port, others)} == {204}
    assert wait_until_worked_off(STARTED_WITHIN) < STARTED_WITHIN, "the worker did not start"


def send(port: int, bodies: Sequence[bytes]) -> list[Taken]:
    """Send each at its moment, over a few connections that are kept open."""
    began = time.perf_counter() + 0.2
    stamp = clock.now()

    def share(first: int) -> list[Taken]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        idle, found = threading.Event(), []
        for n in range(first, len(bodies), CONNECTIONS):
            due = began + n / PACE
            idle.wait(max(0.0, due - time.perf_counter()))
            headers = sending.zoom_headers(bodies[n], stamp=stamp)
            status = _status(connection, bodies[n], headers)
            found.append(Taken(status, time.perf_counter() - due))
        connection.close()
        return found

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [one for own in pool.map(share, range(CONNECTIONS)) for one in own]


def _status(connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> int:
    try:
        connection.request("POST", "/hooks/zoom", body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
    return answer.status


def wait_until_worked_off(within: float) -> float:
    """Wait until no message waits any more, or so many seconds; how many that took."""
    began, idle = time.perf_counter(), threading.Event()
    waiting = sa.select(sa.func.count(HookEvent.id)).where(HookEvent.state == State.NEW)
    while db.session.scalar(waiting) and time.perf_counter() - began < within:
        db.session.rollback()
        idle.wait(0.1)
    db.session.rollback()
    return time.perf_counter() - began


@pytest.mark.random
@pytest.mark.timeout(600)
def test_each_event_of_a_busy_hour_is_acknowledged_within_a_second_and_minutes_are_right(
    platform: Flask, url: str
) -> None:
    begins = clock.now().replace(microsecond=0) - BEGAN
    open_rooms(begins)
    bodies = burst(random.Random(SEED), begins)
    assert len(bodies) == round(EVENTS * (1 + AGAIN))
    with working(settings(url)), served("wsgi:app", settings(url)) as web:
        wait_until_both_work(web.port)
        taken = send(web.port, bodies)
        behind = counted().get(State.NEW, 0)
        late = wait_until_worked_off(WORKED_OFF_WITHIN)
    told = figures(taken, late)
    if IS_LONG:
        print(f"{platform.extensions['settings'].database.partition(':')[0]}: {told}")
    assert Counter(one.status for one in taken) == {204: len(bodies)}, told
    assert max(one.seconds for one in taken) < SLOWEST, told
    assert behind < PACE * BEHIND, f"{behind} waited when the last had been sent: {told}"
    assert late < WORKED_OFF_WITHIN, told
    came_once = {State.APPLIED: EVENTS, State.NOT_OURS: OTHERS}
    assert counted() == came_once, "what came twice is once"
    assert db.session.scalar(sa.select(sa.func.count(MeetingEvent.id))) == EVENTS
    minutes = db.session.scalars(sa.select(Attendance.machine_minutes)).all()
    assert Counter(round(60 * found) for found in minutes) == {VISITS * STAY: CLASSES * PLACES}


def figures(taken: Sequence[Taken], late: float) -> str:
    """What was measured, in a sentence."""
    waits = sorted(one.seconds for one in taken)
    wrong = sum(one.status != 204 for one in taken)
    middle, rare = waits[len(waits) // 2], waits[int(len(waits) * 0.999)]
    return (
        f"{len(taken)} messages at {PACE:.0f} a second, {wrong} not taken; acknowledged after"
        f" {1000 * middle:.0f} ms as a rule, one in a thousand after {1000 * rare:.0f} ms or more,"
        f" the slowest after {1000 * waits[-1]:.0f} ms; worked off {late:.1f} s after the last"
    )


def counted() -> dict[State, int]:
    """How many messages came to what."""
    state = HookEvent.state
    rows = db.session.execute(sa.select(state, sa.func.count(HookEvent.id)).group_by(state))
    return {row[0]: row[1] for row in rows}


def _room(n: int) -> str:
    return str(8_000_000_000 + n)
