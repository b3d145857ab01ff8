"""The floors: the least that the same work needs, without a platform round it."""

from __future__ import annotations

import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg_pool
from flask import Flask, request
from icalendar import Calendar, Event

BEGIN, HOUR = datetime(2026, 11, 24, 12, tzinfo=UTC), timedelta(hours=1)

app = Flask(__name__)
_local = threading.local()
_pool: psycopg_pool.ConnectionPool | None = None


def url() -> str:
    """The database of the floor: a file, or a PostgreSQL address for psycopg."""
    return os.environ["FLOOR_DATABASE"]


def is_sqlite() -> bool:
    """Whether the floor runs on SQLite."""
    return not url().startswith("postgresql")


def connection() -> sqlite3.Connection:
    """This thread's SQLite connection, with the promises that the platform makes."""
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(url(), isolation_level=None, timeout=20)
        _local.connection.execute("PRAGMA journal_mode = WAL")
        _local.connection.execute("PRAGMA synchronous = FULL")
    return _local.connection


def pool() -> psycopg_pool.ConnectionPool:
    """This process's PostgreSQL connections."""
    global _pool
    if _pool is None:
        _pool = psycopg_pool.ConnectionPool(url(), min_size=4, max_size=16, open=True)
    return _pool


@app.get("/")
def hello() -> str:
    """The floor of a page."""
    return "hello"


@app.get("/feed")
def feed() -> bytes:
    """The floor of a feed: 36 events, as icalendar makes and writes them."""
    calendar = Calendar()
    for name, value in (("version", "2.0"), ("prodid", "-//floor//EN"), ("method", "PUBLISH")):
        calendar.add(name, value)
    for n in range(36):
        event, begin = Event(), BEGIN + n * HOUR
        for name, value in (
            ("uid", f"{n:048}@trial.example.org"), ("sequence", 0), ("dtstamp", BEGIN),
            ("dtstart", begin), ("dtend", begin + HOUR), ("summary", "Training class"),
            ("description", "Tuesday 24 November 2026, 13:00 to 14:00, Amsterdam time."),
            ("organizer", "mailto:classes@trial.example.org"), ("class", "PRIVATE"),
            ("status", "CONFIRMED"), ("transp", "OPAQUE"),
            ("location", f"https://trial.example.org/class/{n:036}/"),
            ("url", f"https://trial.example.org/class/{n:036}/"),
        ):  # fmt: skip
            event.add(name, value)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


@app.post("/book")
def book() -> tuple[str, int]:
    """The floor of a booking: count under a lock, insert."""
    session, person = request.form["session"], request.form["person"]
    taken = _book_sqlite(session, person) if is_sqlite() else _book_postgresql(session, person)
    return ("booked", 200) if taken else ("full", 409)


def _book_sqlite(session: str, person: str) -> bool:
    c = connection()
    c.execute("BEGIN IMMEDIATE")
    try:
        places = c.execute("SELECT places FROM hour WHERE id = ?", (session,)).fetchone()[0]
        held = c.execute("SELECT count(*) FROM place WHERE hour_id = ?", (session,)).fetchone()[0]
        if held < places:
            c.execute("INSERT INTO place VALUES (?, ?, ?)", (uuid4().hex, session, person))
    finally:
        c.execute("COMMIT")
    return bool(held < places)


def _book_postgresql(session: str, person: str) -> bool:
    with pool().connection() as c:
        places = c.execute(
            "SELECT places FROM hour WHERE id = %s FOR UPDATE", (session,)
        ).fetchone()[0]
        held = c.execute("SELECT count(*) FROM place WHERE hour_id = %s", (session,)).fetchone()[0]
        if held < places:
            c.execute("INSERT INTO place VALUES (%s, %s, %s)", (uuid4().hex, session, person))
    return bool(held < places)


@app.post("/answer")
def answer() -> str:
    """The floor of an answer saved: one INSERT."""
    row = (
        uuid4().hex,
        request.form["assessment"],
        request.form["item"],
        int(request.form["value"]),
    )
    if is_sqlite():
        connection().execute("INSERT INTO given VALUES (?, ?, ?, ?)", row)
    else:
        with pool().connection() as c:
            c.execute("INSERT INTO given VALUES (%s, %s, %s, %s)", row)
    return "saved"


TABLES = """
CREATE TABLE hour (id VARCHAR(40) PRIMARY KEY, places INTEGER);
CREATE TABLE place (id VARCHAR(40) PRIMARY KEY, hour_id VARCHAR(40), person VARCHAR(40));
CREATE INDEX ix_place ON place (hour_id);
CREATE TABLE given
    (id VARCHAR(40) PRIMARY KEY, assessment VARCHAR(40), item VARCHAR(40), value INTEGER);
"""
