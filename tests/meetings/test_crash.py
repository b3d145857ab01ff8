"""A worker that dies anywhere, and several at the same moment: the rooms end up the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings import jobs, sweep
from remote_training.meetings.models import MeetingPerson, MeetingRoom, RoomUpkeep
from tests import make
from tests.fakes import NOON, FakeClock
from tests.meetings.conftest import Worker
from tests.servers.zoom import ZoomServer

CALLS = range(1, 10)


class Killed(BaseException):
    """The process ends here, as after `kill -9`: nobody tidies up."""


class Deadly:
    """A provider at whose n-th call the process ends: before it was made, or after."""

    def __init__(self, provider: Any, nth: int, *, after: bool) -> None:
        self._provider, self._left, self._after = provider, nth, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._provider, name)
        if not callable(found):
            return found

        def call(*told: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            answer = found(*told)
            if self._left == 0:
                raise Killed
            return answer

        return call


@pytest.fixture
def deadly(zoom_app: Flask) -> Iterator[Any]:
    """Put the deadly provider in the place of the real one; the real one comes back."""
    meetings = zoom_app.extensions["outside"].meetings
    real = meetings["zoom"]

    def put(nth: int, *, after: bool) -> None:
        meetings["zoom"] = Deadly(real, nth, after=after)

    def take_back() -> None:
        meetings["zoom"] = real

    put.take_back = take_back  # type: ignore[attr-defined]
    yield put
    take_back()


def busy_class() -> None:
    """A class in which two hold a place, and one gave hers back."""
    booking = make.booking()
    gone = make.booking(session=booking.session)
    gone.cancelled_at = NOON
    booking.session.taken -= 1
    db.session.commit()
    make.booking(session=booking.session)


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("nth", CALLS)
def test_a_worker_that_dies_at_any_call_is_followed_by_one_that_finishes(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, deadly: Any, nth: int, after: bool
) -> None:
    busy_class()
    deadly(nth, after=after)
    with suppress(Killed):
        worker.round()
    db.session.remove()
    deadly.take_back()
    clock.forward(minutes=3)
    worker.until_calm()
    assert len(zoom.rooms.created) == 1
    (meeting,) = zoom.rooms.meetings.values()
    live = sa.select(MeetingPerson.alias).join(MeetingPerson.booking)
    live = live.where(Booking.cancelled_at.is_(None))
    approved = sorted(one.email for one in meeting.registrants if one.status == "approved")
    assert approved == sorted(db.session.scalars(live))
    assert len(approved) == 2
    row = db.session.scalars(sa.select(RoomUpkeep)).one()
    assert (row.lease_until, row.begun_at, row.last_error, row.differs) == (
        None,
        None,
        None,
        frozenset(),
    )


def test_while_the_lease_of_the_dead_goes_on_nobody_touches_the_room(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, deadly: Any
) -> None:
    busy_class()
    deadly(4, after=False)
    with pytest.raises(Killed):
        worker.round()
    db.session.remove()
    deadly.take_back()
    before = len(zoom.log)
    clock.forward(seconds=60)
    worker.round()
    assert [one for one in zoom.log[before:] if one.method != "GET"] == []


@pytest.mark.random
def test_three_workers_at_the_same_moment_make_each_room_once(
    zoom_app: Flask, worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    sessions = [make.session(starts_at=NOON + timedelta(days=1, hours=n)) for n in range(4)]
    for session in sessions:
        make.booking(session=session)
    ready, faults = threading.Barrier(3), []

    def work() -> None:
        with zoom_app.app_context():
            ready.wait(10)
            try:
                jobs.keep(clock)
            except Exception as error:
                faults.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    clock.forward(minutes=1)
    worker.until_calm()
    assert faults == []
    assert len(zoom.rooms.created) == len(sessions)
    assert [len(meeting.registrants) for meeting in zoom.rooms.meetings.values()] == [1] * 4


def test_a_room_that_another_worker_keeps_just_now_is_not_taken_for_nobodys(
    zoom_app: Flask, worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    make.booking()
    worker.until_calm()
    [room] = db.session.execute(sa.select(MeetingRoom.__table__)).mappings().all()
    people = db.session.execute(sa.select(MeetingPerson.__table__)).mappings().all()
    db.session.execute(sa.delete(MeetingPerson))
    db.session.execute(sa.delete(MeetingRoom))
    db.session.commit()
    kept = []

    def keep_it_now(connection: sa.Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        if not kept and "SELECT meeting_room.external_id" in statement:
            kept.append(room)
            connection.execute(sa.insert(MeetingRoom), [dict(room)])
            connection.execute(sa.insert(MeetingPerson), [dict(one) for one in people])

    clock.forward(hours=2)
    db.session.rollback()
    [host] = sweep.due(now=clock())
    db.session.rollback()
    sa.event.listen(db.engine, "after_cursor_execute", keep_it_now)
    try:
        assert sweep.sweep(host, now=clock) is None
    finally:
        sa.event.remove(db.engine, "after_cursor_execute", keep_it_now)
    assert kept, "the other worker was between the two looks"
    assert list(zoom.rooms.meetings) == [int(room["external_id"])]


def test_looking_for_what_is_due_takes_as_many_statements_for_many_as_for_few(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, count_queries: list[str]
) -> None:
    make.booking()
    worker.until_calm()
    count_queries.clear()
    worker.round()
    few = len(count_queries)
    for n in range(5):
        make.booking(session=make.session(starts_at=NOON + timedelta(days=2, hours=n)))
    worker.until_calm()
    count_queries.clear()
    worker.round()
    assert 0 < len(count_queries) == few
