"""Booking with nobody and with a hundred thousand people in the database: the cost must not grow.

The crowd is copied within the database, from one row of each table that the services wrote.
Two platforms, one empty and one full, are driven in turns, so that whatever else the machine
does in the meantime slows both. `BENCH_PEOPLE` and `BENCH_CLASSES` say how many there are,
where a machine is busy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from benchmarks import people, web
from benchmarks.measure import Figure, Request, Run, Server, served
from remote_training.accounts.models import Account, BrowserSession
from remote_training.audit.models import Entry
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts.models import Contact
from remote_training.core.db import Model, db
from remote_training.messages.models import Message, State
from remote_training.outside import clock
from remote_training.participants.models import Allocation, Participant

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "100000"))
CLASSES = int(os.environ.get("BENCH_CLASSES", "50000"))
IN_EACH = 8  # people in each class of the crowd
MOST = 1.2  # times the cost of the empty database
WOMEN, HOURS, ROUNDS = 40, 24, 6


def crowd() -> Iterator[Figure]:
    """Bookings a second and CPU milliseconds each, full beside empty."""
    with people.databases() as first, people.databases() as second:
        for name in first:
            empty, full = people.platform(first[name]), people.platform(second[name])
            with full.app_context():
                gather(full)
            runs = _in_turns([(first[name], empty), (second[name], full)])
            yield _figure(name, *runs)
            for app in (empty, full):
                with app.app_context():
                    db.engine.dispose()


def _in_turns(platforms: list[tuple[str, Flask]]) -> list[Run]:
    asked = [_requests(app) for _url, app in platforms]
    with ExitStack() as servers:
        running: list[Server] = [
            servers.enter_context(served("wsgi:app", people.environment(url)))
            for url, _app in platforms
        ]
        for server, requests in zip(running, asked, strict=True):
            server.drive(requests[:WOMEN], status=303)  # what is made at the first request
        runs: list[list[Run]] = [[], []]
        for turn in range(ROUNDS):
            for n in (0, 1) if turn % 2 else (1, 0):
                share = asked[n][WOMEN:][turn::ROUNDS]
                runs[n].append(running[n].drive(share, status=303))
    return [_together(one) for one in runs]


def _requests(app: Flask) -> list[Request]:
    with app.app_context():
        women = people.enrol(app, WOMEN)
        ids = [hour.id for hour in people.offer(HOURS, places=WOMEN, apart=people.TWICE_A_WEEK)]
        browsers = people.sign_in(app, women)
    return [web.post(browser, f"/classes/{hour}/book", {}) for hour in ids for browser in browsers]


def _together(runs: list[Run]) -> Run:
    return Run(*(sum(getattr(run, part) for run in runs) for part in Run.__dataclass_fields__))


def _figure(database: str, empty: Run, full: Run) -> Figure:
    wrong = empty.wrong + full.wrong
    cost = full.cpu_ms / empty.cpu_ms
    note = f"CPU {cost:.2f} of empty" + ("" if cost <= MOST else " TOO MUCH")
    note += f", {wrong} WRONG" if wrong else ""
    return Figure(
        f"booking among {PEOPLE:,}/none", database, full.rate, empty.rate, full.rate / empty.rate,
        1 / MOST, full.cpu_ms, empty.cpu_ms, note=note,
    )  # fmt: skip


# ------------------------------------------------------------------ the crowd


def gather(app: Flask) -> None:
    """Fill the database: people, visits, classes, places in them, their mails and history.

    Everybody is a copy of one woman at the first site, and every class of one hour there, from
    a year ago to a year ahead; who was invented first comes to the first classes.
    """
    [woman], now = people.enrol(app, 1, prefix="donor"), clock.now()
    people.sign_in(app, [woman])
    [hour] = people.offer(1, places=12, apart=people.TWICE_A_WEEK)
    booking = bookings.book(woman, hour, now=now, by=None)
    db.session.execute(sa.update(Message).values(state=State.SENT))
    hour.starts_at -= timedelta(minutes=20) * (CLASSES // 2)
    hour.ends_at -= timedelta(minutes=20) * (CLASSES // 2)
    hour.taken = IN_EACH
    db.session.commit()
    hers, places = f"i % {PEOPLE}", CLASSES * IN_EACH
    _copy(Contact, woman.contact_id, PEOPLE, {"email_index": _text("i")})
    _copy(Account, woman.account_id, PEOPLE, {"contact_id": _id("i")})
    _copy(Participant, woman.id, PEOPLE, {
        "study_number": "'X' || i", "account_id": _id("i"),
        "contact_id": _id("i"),
    })  # fmt: skip
    _copy(Allocation, _of(Allocation), PEOPLE, {"participant_id": _id("i")})
    _copy(BrowserSession, _of(BrowserSession), PEOPLE, {
        "account_id": _id("i"), "token_hash": _text("i"),
    })  # fmt: skip
    _copy(Session, hour.id, CLASSES, {
        "starts_at": _later("starts_at"), "ends_at": _later("ends_at"),
        "on_date": _day("starts_at"),
    })  # fmt: skip
    _copy(Booking, booking.id, places, {
        "participant_id": _id(hers), "session_id": _id(f"i / {IN_EACH}"),
        "calendar_uid": _text("i"),
    })  # fmt: skip
    _copy(Message, _of(Message), places, {"contact_id": _id(hers)})
    _copy(Entry, _of(Entry), places, {"subject_id": _id("i")})
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()


def _copy(model: type[Model], donor: object, count: int, own: Mapping[str, str]) -> None:
    """Copy a row so many times, with a fresh id and, as SQL of `i`, what is each one's own."""
    table: sa.Table = model.__table__  # type: ignore[assignment]
    values = {column.name: f"t.{column.name}" for column in table.columns}
    values |= {"id": _id("i"), **own}
    statement = sa.text(
        f"INSERT INTO {table.name} ({', '.join(values)}) "
        f"SELECT {', '.join(values.values())} FROM {table.name} AS t, {_series(count)} "
        "WHERE t.id = :donor"
    )
    donor_is = sa.bindparam("donor", type_=table.c.id.type)
    db.session.execute(statement.bindparams(donor_is), {"donor": donor})
    db.session.commit()


def _of(model: type[Model]) -> object:
    return db.session.scalars(sa.select(model.id).limit(1)).one()


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def _series(count: int) -> str:
    if not _is_sqlite():
        return f"generate_series(0, {count - 1}) AS n(i)"
    counting = f"SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1}"
    return f"(WITH RECURSIVE n(i) AS ({counting}) SELECT i FROM n) AS n"


def _text(number: str) -> str:
    """32 signs, another for each number, and scattered as ids are."""
    scattered = f"(({number}) * 2654435761) % 4294967296"
    if _is_sqlite():
        return f"printf('%08x%024x', {scattered}, {number})"
    scattered = f"((({number})::bigint) * 2654435761) % 4294967296"
    return f"(lpad(to_hex({scattered}), 8, '0') || lpad(to_hex({number}), 24, '0'))"


def _id(number: str) -> str:
    return _text(number) if _is_sqlite() else f"{_text(number)}::uuid"


def _later(column: str) -> str:
    """Twenty minutes after the one before."""
    if _is_sqlite():
        return f"strftime('%Y-%m-%d %H:%M:%f000', t.{column}, '+' || (20 * i) || ' minutes')"
    return f"t.{column} + i * interval '20 minutes'"


def _day(column: str) -> str:
    moment = _later(column)
    return f"date({moment})" if _is_sqlite() else f"({moment})::date"
