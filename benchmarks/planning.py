"""Planning a day's reminders for 100,000 people, beside the same rows written by SQL alone.

The floor reads the bookings of the day and writes their messages by one INSERT ... SELECT, in
the same database and run: no zone, no wish, no quiet hour, no cap, no key that is checked.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask

from benchmarks import people
from benchmarks.measure import Figure
from remote_training import tables
from remote_training.accounts.models import AccountKind
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages.models import Message, State
from remote_training.participants.models import ReminderWish, Way
from remote_training.reminders import jobs, planning
from remote_training.studies import queries as studies

COUNT = int(os.environ.get("PLANNED_PEOPLE", "100000"))
AIM = 0.1  # of what a database does without a rule
A_CLASS, AT_ONCE = 12, 5000
ZONES = ("Europe/Amsterdam",) * 8 + ("Europe/London", "Europe/Lisbon")
CHOSE = 20  # one of so many chose hours of her own
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # by then a day's classes of tomorrow are due
FIRST = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
OFFERED = NOW - timedelta(days=30)
SLOTS = 28  # a quarter of an hour apart, the last at 16:00

_PACKED: dict[str, Callable[..., Any]] = {
    "sqlite": lambda: sa.text("lower(hex(randomblob(16)))"),
    "postgresql": lambda: sa.func.gen_random_uuid(),
}


def plan() -> Iterator[Figure]:
    """A day's reminders, a tick that has nothing to do, and how much memory it took."""
    with people.databases() as databases:
        for database, url in databases.items():
            app = people.platform(url)
            with app.app_context():
                fill(app)
                yield _compared(database)
                db.session.remove()
                db.engine.dispose()


def _compared(database: str) -> Figure:
    floor = _timed(_bare)
    _forget()
    statements: list[str] = []
    note = _counting(statements)
    before = _peak()
    ours = _timed(_planned)
    grew = _peak() - before
    sa.event.remove(db.engine, "before_cursor_execute", note)
    anew = _timed(_looked_at_all)
    idle = min(_timed(_planned) for _ in range(5))
    rows = _count()
    db.session.rollback()
    if rows != COUNT:
        raise RuntimeError(f"{rows} of {COUNT} reminders were planned")
    return Figure(
        "plan a day's reminders",
        database,
        COUNT / ours[0],
        COUNT / floor[0],
        floor[0] / ours[0],
        AIM,
        1000 * ours[1] / COUNT,
        1000 * floor[1] / COUNT,
        note=f"{len(statements)} statements, {grew} MB more, "
        f"a tick without work {1000 * idle[0]:.1f} ms, all looked at anew {anew[0]:.2f} s",
    )


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process."""
    db.session.rollback()
    cpu, began = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def _planned() -> None:
    """What the worker does: the reminders of a day before, batch by batch."""
    _in_batches(lambda: planning.anew(NOW), lambda: planning.classes(NOW))


def _looked_at_all() -> None:
    """What a worker does that begins: all that is planned is looked at once more."""
    _in_batches(lambda: planning.all_anew(NOW))
    _planned()


def _in_batches(*parts: Callable[[], object]) -> None:
    faults = [fault for part in parts if (fault := jobs.fault_of(part)) is not None]
    if faults:
        raise faults[0]


def _bare() -> None:
    """The same rows without a rule."""
    dialect = db.engine.dialect.name
    booked, hour, woman = _table("booking"), _table("session"), _table("participant")
    reads = (
        sa.select(
            _PACKED[dialect](), sa.literal("reminder_day"), woman.c.contact_id,
            sa.literal({"booking_id": "x" * 36, "sequence": "0"}, sa.JSON()),
            sa.literal(State.PENDING.value), sa.literal(NOW, Message.due_at.type),
            sa.literal(NOW, Message.due_at.type), hour.c.starts_at, sa.literal(0),
            sa.literal("reminder_day/") + sa.cast(booked.c.id, sa.String) + sa.literal("/0"),
        )
        .select_from(booked.join(hour, hour.c.id == booked.c.session_id)
                     .join(woman, woman.c.id == booked.c.participant_id))
        .where(booked.c.cancelled_at.is_(None), hour.c.starts_at > NOW,
               hour.c.starts_at <= NOW + timedelta(hours=24), woman.c.withdrawn_on.is_(None))
    )  # fmt: skip
    columns = (
        "id", "kind", "contact_id", "facts", "state", "queued_at", "due_at", "not_after", "tries",
        "dedupe_key",
    )  # fmt: skip
    with db.engine.begin() as connection:
        connection.execute(sa.insert(_table("message")).from_select(columns, reads))


def _forget() -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.delete(_table("message")))
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))


def _count() -> int:
    found = sa.select(sa.func.count()).where(Message.kind == "reminder_day")
    return db.session.scalar(found) or 0


def _counting(statements: list[str]) -> Callable[..., None]:
    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    return note


def _peak() -> int:
    """The most memory this process has held, in megabytes."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held // (1024 if sys.platform != "darwin" else 1024 * 1024)


def _table(name: str) -> sa.Table:
    return tables.metadata().tables[name]


def fill(app: Flask) -> None:
    """So many people, each with a place in one class of tomorrow: plain rows, no service."""
    assert app
    site, trainer = studies.sites()[0], people.offer(1, places=1)[0].trainer_id
    db.session.execute(sa.delete(Booking))
    db.session.commit()
    hours = [_hour(site.id, trainer, n) for n in range(-(-COUNT // A_CLASS))]
    with db.engine.begin() as connection:
        connection.execute(sa.delete(_table("session")))
        for start in range(0, len(hours), AT_ONCE):
            connection.execute(sa.insert(_table("session")), hours[start : start + AT_ONCE])
        for start in range(0, COUNT, AT_ONCE):
            some = [_woman(n, site.id) for n in range(start, min(start + AT_ONCE, COUNT))]
            for name in ("contact", "account", "participant"):
                connection.execute(sa.insert(_table(name)), [one[name] for one in some])
            booked = [
                _booking(start + n, one["participant"]["id"], hours[(start + n) // A_CLASS]["id"])
                for n, one in enumerate(some)
            ]
            connection.execute(sa.insert(_table("booking")), booked)
            wishes = [_wish(one) for n, one in enumerate(some) if n % CHOSE == 0]
            connection.execute(sa.insert(ReminderWish.__table__), wishes)
    _forget()


def _hour(site_id: Any, trainer_id: Any, n: int) -> dict[str, Any]:
    starts_at = FIRST + timedelta(minutes=15 * (n % SLOTS))
    return {
        "id": uuid4(), "on_date": starts_at.date(), "site_id": site_id, "trainer_id": trainer_id,
        "module": "base", "language": "en", "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1), "places": A_CLASS, "taken": A_CLASS,
        "sequence": 0, "changed_at": OFFERED, "remind_at": OFFERED,
    }  # fmt: skip


def _woman(n: int, site_id: Any) -> dict[str, dict[str, Any]]:
    contact_id, account_id = uuid4(), uuid4()
    sealed = {
        column.name: b"sealed"
        for column in _table("contact").columns
        if column.name == "name_sealed"
    }
    spoken = {"language": "en", "zone": ZONES[n % len(ZONES)]}
    return {
        "contact": {"id": contact_id, "email_index": f"{n:064}", **sealed},
        "account": {
            "id": account_id, "kind": AccountKind.PARTICIPANT, "contact_id": contact_id,
            "is_active": True, "created_at": NOW, **spoken,
        },
        "participant": {
            "id": uuid4(), "study_number": f"B{n:07}", "account_id": account_id,
            "contact_id": contact_id, "site_id": site_id, "consented_on": NOW.date(), **spoken,
        },
    }  # fmt: skip


def _booking(n: int, participant_id: Any, session_id: Any) -> dict[str, Any]:
    return {
        "id": uuid4(), "participant_id": participant_id, "session_id": session_id,
        "booked_at": NOW - timedelta(days=7), "calendar_uid": f"{n:040}@trial.example.org",
        "is_late": False, "sequence": 0,
    }  # fmt: skip


def _wish(one: dict[str, dict[str, Any]]) -> dict[str, Any]:
    woman: Any = one["participant"]
    return {
        "id": uuid4(), "participant_id": woman["id"], "day_before": True, "hour_before": True,
        "questions": True, "earliest_hour": 9, "latest_hour": 20, "chosen_at": NOW,
        "chosen_by_id": woman["account_id"], "way": Way.PAGE,
    }  # fmt: skip
