"""Many at once: one row for one event, and right minutes, whoever works on them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from remote_training.app import create_app
from remote_training.attendance import queries
from remote_training.attendance import service as attendance
from remote_training.core import migrations
from remote_training.core.db import db
from remote_training.hooks import jobs, service
from remote_training.hooks.models import HookEvent, State
from remote_training.meetings.models import EventKind, MeetingEvent, UnmatchedPresence
from remote_training.meetings.told import Told
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import fakes, make
from tests.conftest import settings
from tests.fakes import NOON
from tests.hooks import sending
from tests.hooks.conftest import register, room
from tests.servers.loopback import serving
from tests.servers.postgres import postgres_url

say = sending.zoom_person
THREADS = 8


def at_once(work: Callable[[int], object]) -> list[object]:
    """Do it in several threads that begin together."""
    gate = threading.Barrier(THREADS)

    def begin(n: int) -> object:
        gate.wait(timeout=30)
        return work(n)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def test_one_event_that_comes_eight_times_at_once_is_one_row(app: Flask) -> None:
    body = say("participant_joined", 0)
    headers = sending.zoom_headers(body)
    with serving(app) as url:

        def send(_n: int) -> int:
            return requests.post(
                f"{url}/hooks/zoom", data=body, headers=headers, timeout=30
            ).status_code

        assert at_once(send) == [204] * THREADS
    assert db.session.scalar(sa.select(sa.func.count(HookEvent.id))) == 1


def test_without_the_hash_eight_would_be_eight(app: Flask) -> None:
    """The negative control: what makes them one row is the hash of the text, nothing else."""
    for n in range(THREADS):
        assert service.keep("zoom", "events", f"{n}".encode(), now=NOON)
    assert not service.keep("zoom", "events", b"0", now=NOON)
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count(HookEvent.id))) == THREADS


@pytest.mark.random
def test_several_workers_at_once_count_as_one_does(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 7)
    hour = make.session(starts_at=NOON)
    women = [make.booking(session=hour) for _ in range(5)]
    place = room(women[0])
    bodies = [say("participant_joined", 0, registrant_id="", user_id="77", participant_uuid="X")]
    for n, booking in enumerate(women):
        register(place, booking, f"R{n}")
        facts = {"registrant_id": f"R{n}", "participant_uuid": f"U{n}"}
        for visit in range(6):
            who = facts | {"user_id": f"{n}{visit}"}
            bodies.append(say("participant_joined", 300 * visit, **who))
            bodies.append(say("participant_left", 300 * visit + 60 * (n + 1), **who))
    random.Random(3).shuffle(bodies)
    for body in bodies:
        service.keep("zoom", "events", body, now=NOON, signed_at=NOON)
    db.session.commit()
    end = hour.ends_at

    def worker(_n: int) -> int:
        with app.app_context():
            done = 0
            while count := jobs.work(end):
                done += count
            db.session.remove()
            return done

    assert sum(at_once(worker)) == len(bodies)  # type: ignore[arg-type]
    db.session.rollback()
    db.session.expire_all()
    states = db.session.scalars(sa.select(HookEvent.state).distinct()).all()
    assert states == [State.APPLIED]
    rows = [queries.of_booking(booking.id) for booking in women]
    assert [row.machine_minutes for row in rows if row] == [6, 12, 18, 24, 30]
    assert db.session.scalar(sa.select(sa.func.count(UnmatchedPresence.id))) == 1
    assert db.session.scalar(sa.select(sa.func.count(MeetingEvent.id))) == len(bodies)


def test_the_migration_goes_down_and_up_with_rows_of_every_kind(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("migration")
    url = f"sqlite:///{folder}/trial.db" if database == "sqlite" else postgres_url()
    migrations.upgrade(url)
    app = create_app(settings(url), fakes.world())
    with app.app_context():
        studies.install(study())
        db.session.commit()
        booking = make.booking(session=make.session(starts_at=NOON))
        her = room(booking)
        register(her, booking)
        told = [
            Told("zoom", sending.ROOM, "r", EventKind.JOINED, NOON, visit="1", person="REG"),
            Told("zoom", sending.ROOM, "r", EventKind.JOINED, NOON, visit="2", name="Kees"),
            Told("zoom", sending.ROOM, "r", EventKind.ENDED, NOON),
        ]
        attendance.hear_all("zoom", told, cause="webhook", now=NOON)
        service.keep("zoom", "events", b"{}", now=NOON)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    migrations.downgrade(url, "0010")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT kind FROM meeting_event")).scalars().all() == [
            "joined"
        ]
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT kind, source, run FROM meeting_event")).all()
    assert [tuple(row) for row in found] == [("joined", "page", "")]
    engine.dispose()
