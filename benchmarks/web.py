"""A page, a booking, an answer: over HTTP, two gunicorn workers, beside their floors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import sqlalchemy as sa
from flask import Flask

from benchmarks import floors, people
from benchmarks.measure import Figure, Request, Run, Server, served
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
        requests = [Request("GET", "/classes/", browser.cookie) for browser in browsers] * 40
        hello = [Request("GET", "/")] * 8000
        with served("wsgi:app", people.environment(url)) as ours:
            run = _warm(ours, requests)
        with _floor(url) as floor:
            least = _warm(floor, hello)
        yield _figure("class page", name, run, least, PAGE_AIM)


def booking() -> Iterator[Figure]:
    """A booking with session, CSRF, rules and outbox row, beside a checked INSERT."""
    for name, url, app in _platforms():
        with app.app_context():
            women = people.enrol(app, PEOPLE)
            hours = people.offer(24, places=PEOPLE, apart=people.TWICE_A_WEEK)
            browsers = people.sign_in(app, women)
            ids = [hour.id for hour in hours]
        pairs = [(browser, hour_id) for hour_id in ids for browser in browsers]
        requests = [post(browser, f"/classes/{hour_id}/book", {}) for browser, hour_id in pairs]
        with served("wsgi:app", people.environment(url)) as ours:
            run = ours.drive(requests, status=303)
        with _floor(url, [str(hour_id) for hour_id in ids]) as floor:
            least = floor.drive(
                [
                    Request("POST", "/book", body=urlencode({"session": h, "person": n}))
                    for n, (_browser, h) in enumerate(pairs)
                ],
                status=200,
            )
        yield _figure("booking", name, run, least, BOOKING_AIM)


def answer() -> Iterator[Figure]:
    """An answer saved, with nothing stored and with a million stored, beside one INSERT."""
    for name, url, app in _platforms():
        with app.app_context():
            women = people.enrol(app, 2 * PEOPLE)
            for woman in women:
                assessments.plan(woman, now=clock.now())
            db.session.commit()
            browsers = people.sign_in(app, women)
            requests = _answers(browsers)
        half = len(requests) // 2
        with served("wsgi:app", people.environment(url)) as ours:
            empty = ours.drive(requests[:half], status=303)
            with app.app_context():
                store_answers(STORED)
            full = ours.drive(requests[half:], status=303)
        with _floor(url) as floor:
            least = floor.drive(_bare_answers(len(requests)), status=200)
        yield _figure("answer saved", name, empty, least, ANSWER_AIM)
        yield Figure(
            "answer, 1,000,000 stored", name, full.rate, empty.rate, full.rate / empty.rate,
            1 / 1.2, full.cpu_ms, empty.cpu_ms, note="floor: the same when empty",
        )  # fmt: skip


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


def _answers(browsers: list[people.Browser]) -> list[Request]:
    found = dict(
        db.session.execute(
            sa.select(Assessment.participant_id, Assessment.id).where(Assessment.week == 0)
        ).all()
    )
    return [
        post(browser, f"/questions/{found[browser.participant.id]}/{n}", {"answer": str(n % 4)})
        for n in range(1, ASKED + 1)
        for browser in browsers
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


def _floor(url: str, hours: list[str] | None = None) -> object:
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


def _warm(server: Server, requests: list[Request]) -> Run:
    server.drive(requests[: len(requests) // 8], status=200)
    return server.drive(requests, status=200)


def _figure(name: str, database: str, run: Run, floor: Run, aim: float) -> Figure:
    note = f"{run.wrong} of {run.answers} WRONG" if run.wrong else ""
    ratio = run.rate / floor.rate
    return Figure(
        name, database, run.rate, floor.rate, ratio, aim, run.cpu_ms, floor.cpu_ms, note=note
    )
