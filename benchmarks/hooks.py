"""Events of a provider in a burst: how fast they are taken, beside one INSERT each, and worked on.

24,000 comings and goings of 2,000 people in 100 classes, a fifth of them sent twice, in no order.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import perf_counter

import sqlalchemy as sa
from flask import Flask

from benchmarks import people
from benchmarks.measure import Figure, Request, by_turns, served
from benchmarks.web import _bare_answers, _floor, _platforms
from remote_training.attendance.models import Attendance
from remote_training.core.db import db
from remote_training.hooks import jobs
from remote_training.outside import clock

TAKEN_AIM = 0.35
SECRET = "a-secret-of-the-benchmarks"
CLASSES, PLACES = 100, 20
EVENTS = int(os.environ.get("BENCH_EVENTS", "24000"))
VISITS = EVENTS // (2 * CLASSES * PLACES)  # of one person in her class
AGAIN = 0.2
IN_FIVE_MINUTES = EVENTS * (1 + AGAIN) / 300  # events a second that have to be worked on
STAY, AWAY = timedelta(minutes=7), timedelta(minutes=2)


def hooks() -> Iterator[Figure]:
    """Taken: beside one INSERT over HTTP. Worked on: beside what a burst of five minutes needs."""
    for name, url, app in _platforms():
        with app.app_context():
            begins = clock.now().replace(microsecond=0) - timedelta(hours=2)
            _rooms(app, begins)
            requests = _burst(begins)
        settings = people.environment(url) | {"ZOOM_WEBHOOK_SECRET": SECRET}
        with served("wsgi:app", settings) as ours, _floor(url) as floor:
            turns = by_turns(ours, floor, requests, _bare_answers(len(requests)), status=204)
        note = f"one in a thousand took {turns.slow_ms:.0f} ms or more"
        yield turns.figure("events taken", name, TAKEN_AIM, note)
        with app.app_context():
            began, count = perf_counter(), 0
            while done := jobs.work(clock.now()):
                count += done
            rate = count / (perf_counter() - began)
            wrong = _wrong()
        yield Figure(
            "events worked on", name, rate, IN_FIVE_MINUTES, rate / IN_FIVE_MINUTES, 1.0,
            note=f"{wrong} attendances WRONG" if wrong else f"{count} kept; minutes right",
        )  # fmt: skip


def _rooms(app: Flask, begins: datetime) -> None:
    """Classes that were two hours ago, their rooms, and who is registered in them."""
    women = people.enrol(app, PLACES)
    for n, hour in enumerate(people.offer(CLASSES, places=PLACES)):
        hour.starts_at, hour.ends_at = begins, begins + timedelta(hours=1)
        people.open_room(hour, str(8_000_000_000 + n), women, at=begins)
    db.session.commit()


def _burst(begins: datetime) -> list[Request]:
    dice = random.Random(1)
    bodies = []
    for n in range(CLASSES):
        for m in range(PLACES):
            for v in range(VISITS):
                came = begins + v * (STAY + AWAY)
                bodies.append(_body("joined", n, m, v, came))
                bodies.append(_body("left", n, m, v, came + STAY))
    bodies += dice.sample(bodies, k=int(len(bodies) * AGAIN))
    dice.shuffle(bodies)
    return [_request(body) for body in bodies]


def _body(kind: str, room: int, person: int, visit: int, at: datetime) -> str:
    spelled = "join_time" if kind == "joined" else "leave_time"
    participant = {
        "user_id": str(person * 100 + visit), "user_name": "P", "participant_uuid": f"U{person}",
        "registrant_id": f"R{person}", "email": "", spelled: f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    about = {"id": str(8_000_000_000 + room), "uuid": f"run-{room}==", "participant": participant}
    event_ts = round(at.timestamp() * 1000)
    told = {"event": f"meeting.participant_{kind}", "event_ts": event_ts}
    return json.dumps(told | {"payload": {"object": about}})


def _request(body: str) -> Request:
    stamp = str(int(clock.now().timestamp()))
    text = f"v0:{stamp}:{body}".encode()
    signed = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    more = f"x-zm-signature: v0={signed}\r\nx-zm-request-timestamp: {stamp}"
    return Request("POST", "/hooks/zoom", body=body, more=more)


def _wrong() -> int:
    """How many attendances are not what was sent."""
    db.session.rollback()
    minutes = db.session.scalars(sa.select(Attendance.machine_minutes)).all()
    wanted = VISITS * STAY.total_seconds() / 60
    missing = CLASSES * PLACES - len(minutes)
    return missing + sum(abs(found - wanted) > 0.001 for found in minutes)
