"""A page, a booking, an answer: over HTTP, two gunicorn workers, beside their floors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import sqlalchemy as sa
from flask import Flask

from benchmarks import floors, people
from benchmarks.measure import Figure, Request, Server, by_turns, served
from remote_training.assessments import service as assessments
from remote_training.assessments.models import Assessment, Form
from remote_training.core.db import db
from remote_training.outside import clock

PAGE_AIM, BOOKING_AIM, ANSWER_AIM = 0.25, 0.5, 0.5
PEOPLE, HOURS = 80, 36
STORED = 1_000_000
ASKED = 7  # questions that each of them answers


def page() -> Iterator[Figure]:
    """The page of classes of somebody signed in, 36 classes on it, beside Flask's "hello"."""
    for name, url, app in _platforms():
        with app.app_context():
            women = people.enrol(app, 20)
            people.offer(HOURS, places=12, apart=timedelta(hours=12))
            browsers = people.sign_in(app, women)
        asked = [Request("GET", "/classes/", browser.cookie) for browser in browsers] * 120
        hello = [Request("GET", "/")] * 16000
        with served("wsgi:app", people.environment(url)) as ours, _floor(url) as floor:
            yield by_turns(ours, floor, asked, hello).figure("class page", name, PAGE_AIM)


def booking() -> Iterator[Figure]:
    """A booking with session, CSRF, rules and outbox row, beside a checked INSERT."""
    for name, url, app in _platforms():
        with app.app_context():
            women = people.enrol(app, PEOPLE)
            hours = people.offer(24, places=PEOPLE, apart=people.TWICE_A_WEEK)
            browsers = people.sign_in(app, women)
            ids = [hour.id for hour in hours]
        pairs = [(browser, hour_id) for hour_id in ids for browser in browsers]
        asked = [post(browser, f"/classes/{hour_id}/book", {}) for browser, hour_id in pairs]
        least = [
            Request("POST", "/book", body=urlencode({"session": hour_id, "person": n}))
            for n, (_browser, hour_id) in enumerate(pairs)
        ]
        floor_server = _floor(url, [str(hour_id) for hour_id in ids])
        with served("wsgi:app", people.environment(url)) as ours, floor_server as floor:
            turns = by_turns(ours, floor, asked, least, status=303)
            yield turns.figure("booking", name, BOOKING_AIM)


def answer() -> Iterator[Figure]:
    """An answer saved, beside one INSERT; then with a million stored, beside none stored."""
    with people.databases() as first, people.databases() as second:
        for name in first:
            empty, full = people.platform(first[name]), people.platform(second[name])
            with full.app_context():
                asked_full = _answers(full)
                store_answers(STORED)
            asked = _answers(empty)
            beside_floor, beside_full = asked[: len(asked) // 2], asked[len(asked) // 2 :]
            with served("wsgi:app", people.environment(first[name])) as ours:
                with _floor(first[name]) as floor:
                    least = _bare_answers(len(beside_floor))
                    turns = by_turns(ours, floor, beside_floor, least, status=303)
                    yield turns.figure("answer saved", name, ANSWER_AIM)
                with served("wsgi:app", people.environment(second[name])) as theirs:
                    turns = by_turns(
                        theirs, ours, asked_full, beside_full, status=303, floor_status=303
                    )
                yield turns.figure(
                    f"answer, {STORED:,} stored", name, 1 / 1.2, "floor: the same when empty"
                )
            for app in (empty, full):
                with app.app_context():
                    db.engine.dispose()


def store_answers(count: int) -> None:
    """Put answers of people who are not among us into the table, in large pieces."""
    ids = [uuid4() for _ in range(count // 100)]
    sittings = [{"id": i, "timepoint": f"x{n}"} for n, i in enumerate(ids)]
    forms = [{"id": i, "assessment_id": i} for i in ids]
    for table, rows in ((Assessment, sittings), (Form, forms)):
        fields = donated(table)
        for start in range(0, len(rows), 5000):
            batch = [fields | row for row in rows[start : start + 5000]]
            db.session.execute(sa.insert(table.__table__), batch)
    if db.engine.dialect.name == "sqlite":
        made = "lower(hex(randomblob(16)))"
        counting = "SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99"
        series = f"(WITH RECURSIVE n(i) AS ({counting}) SELECT i FROM n)"
        now = "'2026-01-01 00:00:00.000000'"
    else:
        made, series, now = (
            "gen_random_uuid()",
            "(SELECT generate_series(0, 99) AS i) AS n",
            "now()",
        )
    db.session.execute(
        sa.text(
            "INSERT INTO answer "
            "(id, form_id, item, state, value, language, given_at, answered_at) "
            f"SELECT {made}, a.id, 'x' || i, 'given', i % 11, 'en', {now}, {now} "
            f"FROM assessment a, {series} WHERE a.timepoint LIKE 'x%'"
        )
    )
    db.session.commit()


def donated(table: type[Assessment | Form]) -> dict[str, object]:
    """The columns of some row of a table, without what is its own."""
    donor = db.session.scalars(sa.select(table).limit(1)).one()
    own = ("id", "timepoint", "assessment_id")
    names = [column.name for column in table.__table__.columns if column.name not in own]
    return {name: getattr(donor, name) for name in names}


def _answers(app: Flask) -> list[Request]:
    """What people answer who have just been enrolled: each one question after the other."""
    with app.app_context():
        women = people.enrol(app, 2 * PEOPLE)
        for woman in women:
            assessments.plan(woman, now=clock.now())
        db.session.commit()
        browsers = people.sign_in(app, women)
        sittings = sa.select(Assessment.participant_id, Assessment.id).where(Assessment.week == 0)
        found = dict(db.session.execute(sittings).all())
        pages = [(browser, found[browser.participant.id]) for browser in browsers]
    return [
        post(browser, f"/questions/{sitting}/{n}", {"answer": str(n % 4)})
        for n in range(1, ASKED + 1)
        for browser, sitting in pages
    ]


def _bare_answers(count: int) -> list[Request]:
    rows = ({"assessment": n // 7, "item": f"i{n % 7}", "value": n % 11} for n in range(count))
    return [Request("POST", "/answer", body=urlencode(row)) for row in rows]


def post(browser: people.Browser, path: str, data: dict[str, str]) -> Request:
    """A form of hers, as her browser sends it."""
    body = urlencode(data | {"csrf_token": browser.csrf})
    return Request("POST", path, browser.cookie, body)


def _platforms() -> Iterator[tuple[str, str, Flask]]:
    with people.databases() as databases:
        for name, url in databases.items():
            app = people.platform(url)
            yield name, url, app
            with app.app_context():
                db.engine.dispose()


def _floor(url: str, hours: list[str] | None = None) -> AbstractContextManager[Server]:
    address = people.floor_database(url)
    connect = psycopg.connect if address.startswith("postgresql") else sqlite3.connect
    mark = "%s" if address.startswith("postgresql") else "?"
    with connect(address) as connection:  # type: ignore[operator]
        for statement in floors.TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        for hour in hours or []:
            connection.execute(f"INSERT INTO hour VALUES ({mark}, {mark})", (hour, PEOPLE))
    return served("benchmarks.floors:app", {"FLOOR_DATABASE": address})
