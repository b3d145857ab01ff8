"""A calendar feed of 36 classes, sent whole and answered "as before", beside their floors."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask

from benchmarks import people
from benchmarks.measure import Figure, Request, by_turns, served
from benchmarks.web import _floor, _platforms
from remote_training.accounts import feeds
from remote_training.bookings import service as bookings
from remote_training.core.db import db
from remote_training.outside import clock

WHOLE_AIM, AS_BEFORE_AIM = 1.0, 0.5
ENTRIES = 36


def feed() -> Iterator[Figure]:
    """Whole beside icalendar's `to_ical` of 36 events; unchanged beside Flask's "hello"."""
    for name, url, app in _platforms():
        with app.app_context():
            paths = _feeds(app)
            answers = [app.test_client().get(path) for path in paths]
        assert all(answer.data.count(b"BEGIN:VEVENT") == ENTRIES for answer in answers)
        known = [
            Request("GET", path, more=f"If-None-Match: {answer.headers['ETag']}")
            for path, answer in zip(paths, answers, strict=True)
        ]
        with served("wsgi:app", people.environment(url)) as ours, _floor(url) as floor:
            whole = [Request("GET", path) for path in paths] * 40
            turns = by_turns(ours, floor, whole, [Request("GET", "/feed")] * 800)
            yield turns.figure("feed of 36 classes", name, WHOLE_AIM)
            hello = [Request("GET", "/")] * 16000
            turns = by_turns(ours, floor, known * 80, hello, status=304)
            yield turns.figure("feed as before (304)", name, AS_BEFORE_AIM)


def _feeds(app: Flask) -> list[str]:
    """The feeds of twenty people who have booked 36 classes each."""
    women = people.enrol(app, 20)
    hours = [
        *people.offer(24, places=len(women), apart=people.TWICE_A_WEEK),
        *people.offer(12, places=len(women), apart=people.WEEKLY, module="fatigue", hour=6),
    ]
    for woman in women:
        for hour in hours:
            bookings.book(woman, hour, now=clock.now(), by=None)
    paths = [urlsplit(feeds.make(woman.account_id, now=clock.now())).path for woman in women]
    db.session.commit()
    return paths
