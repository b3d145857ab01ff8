"""States of the outbox: claim, begin, finish, put back, sweep."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.core.db import db, unit_of_work
from remote_training.messages import queries, service
from remote_training.messages.models import Message, State
from remote_training.messages.service import LEASE, Planned
from tests import make
from tests.fakes import NOON

AGAIN = frozenset({"again"})
LATER = NOON + timedelta(days=1)


def queued(kind: str = "once", **changes: Any) -> Message:
    """A message that is due."""
    plain = {"to": make.contact().id, "facts": {}, "not_after": LATER, "now": NOON}
    message = service.queue(kind, **plain | changes)
    db.session.commit()
    return message


def claimed(owner: str = "a", *, now: datetime = NOON) -> list[Message]:
    """What this owner gets now."""
    with unit_of_work():
        rows = list(service.claim(owner, limit=100, now=now))
        for row in rows:
            db.session.expunge(row)
    return rows


def state() -> State:
    """The state of the only message."""
    return db.session.scalars(sa.select(Message.state)).one()


def test_what_is_due_is_claimed_once(app: Flask) -> None:
    queued()
    assert len(claimed("a")) == 1
    assert claimed("b") == []
    assert state() is State.CLAIMED


@pytest.mark.parametrize(
    "now",
    [NOON - timedelta(seconds=1), LATER],
    ids=["not due yet", "too late"],
)
def test_what_is_not_due_or_too_late_is_not_claimed(app: Flask, now: datetime) -> None:
    queued()
    assert claimed(now=now) == []


SHORTCUTS = ("hashagg", "hashjoin", "mergejoin", "material", "memoize", "sort")


def test_no_more_is_claimed_than_was_asked_for(app: Flask) -> None:
    """Whatever way PostgreSQL takes: a limit inside `IN` may be asked once for each row."""
    for _ in range(12):
        queued()
    with unit_of_work():
        for shortcut in SHORTCUTS if db.engine.dialect.name == "postgresql" else ():
            db.session.execute(sa.text(f"SET LOCAL enable_{shortcut} = off"))
        assert len(service.claim("a", limit=5, now=NOON)) == 5
    counts = sa.select(sa.func.count()).where(Message.state == State.CLAIMED)
    assert db.session.scalar(counts) == 5


def test_two_workers_never_meet(app: Flask) -> None:
    for _ in range(40):
        queued()
    got: dict[str, list[Any]] = {"a": [], "b": [], "c": []}

    def work(name: str) -> None:
        with app.app_context():
            while rows := _some(name):
                got[name] += rows

    def _some(name: str) -> list[Any]:
        with unit_of_work():
            return [row.id for row in service.claim(name, limit=3, now=NOON)]

    threads = [threading.Thread(target=work, args=(name,)) for name in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [one for rows in got.values() for one in rows]
    assert len(everything) == len(set(everything)) == 40


def test_a_message_goes_from_pending_to_sent(app: Flask) -> None:
    queued()
    rows = claimed()
    with unit_of_work():
        assert len(service.begin_sending(rows, owner="a", now=NOON)) == 1
    assert state() is State.SENDING
    with unit_of_work():
        assert service.finish(rows, State.SENT, owner="a", now=NOON) == 1
    assert state() is State.SENT


def test_a_late_writer_writes_nothing(app: Flask) -> None:
    queued("again")
    late = claimed("a")
    with unit_of_work():
        service.begin_sending(late, owner="a", now=NOON)
    after = NOON + LEASE
    with unit_of_work():
        service.sweep(again=AGAIN, now=after)
    assert len(claimed("b", now=after)) == 1
    with unit_of_work():
        assert service.finish(late, State.FAILED, owner="a", now=after) == 0
        assert not service.put_back(late[0], owner="a", now=after)
        assert service.give_back(late, owner="a") == 0
        assert service.begin_sending(late, owner="a", now=after) == []
    assert state() is State.CLAIMED


def test_without_the_fence_the_late_writer_would_win(app: Flask) -> None:
    """The negative control: the same write, asking for the row alone."""
    queued("again")
    late = claimed("a")
    with unit_of_work():
        service.sweep(again=AGAIN, now=NOON + LEASE)
    claimed("b", now=NOON + LEASE)
    unfenced = sa.update(Message).where(Message.id == late[0].id).values(state=State.FAILED)
    with unit_of_work():
        db.session.execute(unfenced)
    assert state() is State.FAILED


def test_a_lease_that_ran_out_cannot_begin(app: Flask) -> None:
    queued()
    rows = claimed()
    with unit_of_work():
        assert service.begin_sending(rows, owner="a", now=NOON + LEASE) == []


@pytest.mark.parametrize(
    ("kind", "is_sending", "becomes"),
    [
        ("once", False, State.PENDING),
        ("again", False, State.PENDING),
        ("once", True, State.UNCERTAIN),
        ("again", True, State.PENDING),
    ],
    ids=[
        "not begun, once",
        "not begun, again",
        "on the wire, once: nobody sends it twice",
        "on the wire, again: sent once more",
    ],
)
def test_what_a_dead_worker_leaves_is_settled_by_policy(
    app: Flask, kind: str, is_sending: bool, becomes: State
) -> None:
    queued(kind)
    rows = claimed()
    if is_sending:
        with unit_of_work():
            service.begin_sending(rows, owner="a", now=NOON)
    with unit_of_work():
        assert service.sweep(again=AGAIN, now=NOON + LEASE - timedelta(seconds=1)) == {}
        service.sweep(again=AGAIN, now=NOON + LEASE)
    assert state() is becomes


def test_what_is_too_late_expires(app: Flask) -> None:
    queued()
    with unit_of_work():
        service.sweep(again=AGAIN, now=LATER)
    assert state() is State.EXPIRED


def test_pauses_double_to_an_hour_and_differ_between_rows(app: Flask) -> None:
    message = queued(not_after=NOON + timedelta(days=9))
    other = queued()
    minutes = []
    for tries in (1, 2, 3, 4, 5, 6, 7, 8, 400):
        message.tries = other.tries = tries
        minutes.append(service.backoff(message) / timedelta(minutes=1))
        assert service.backoff(message) == service.backoff(message)
    for pause, plain in zip(minutes, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True):
        assert 0.75 * plain <= pause <= 1.25 * plain
    assert service.backoff(message) != service.backoff(other)


def test_the_last_try_is_shortly_before_it_is_too_late(app: Flask) -> None:
    message = queued(not_after=NOON + timedelta(minutes=40))
    message.tries = 9
    assert service.next_try(message, NOON) == message.not_after - service.LAST_CALL


def test_what_was_not_tried_counts_no_try(app: Flask) -> None:
    queued()
    rows = claimed()
    with unit_of_work():
        assert service.give_back(rows, owner="a") == 1
    again = claimed("b")
    assert [row.tries for row in again] == [1]


def test_nothing_is_claimed_or_begun_while_the_queue_stands_still(app: Flask) -> None:
    queued()
    rows = claimed()
    queued()
    with unit_of_work():
        service.stop_queue("535", now=NOON)
        service.stop_queue("535", now=NOON)
    assert claimed("b") == []
    with unit_of_work():
        assert service.begin_sending(rows, owner="a", now=NOON) == []
        assert service.resume_queue(now=NOON)
    assert len(claimed("b")) == 1
    with unit_of_work():
        assert not service.resume_queue(now=NOON)


def test_a_planned_message_is_queued_once_for_ever(app: Flask) -> None:
    to = make.contact().id
    planned = [Planned("once", to=to, facts={}, not_after=LATER, key=f"k/{n}") for n in range(3)]
    with unit_of_work():
        assert service.queue_all(planned, now=NOON) == 3
        assert service.queue_all(planned, now=NOON) == 0
        assert service.queue("once", to=to, facts={}, not_after=LATER, now=NOON,
                             dedupe_key="k/0") is None  # fmt: skip
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 3


def test_a_status_names_nobody(app: Flask) -> None:
    queued()
    with unit_of_work():
        service.beat("host-1", now=NOON)
        service.beat("host-1", now=NOON + timedelta(seconds=20))
    found = queries.status(now=NOON + timedelta(seconds=30))
    assert found.counts["pending"] == 1
    assert found.oldest_due_seconds == 30
    assert found.worker_seen_at == NOON + timedelta(seconds=20)
    assert found.stopped_at is None
