"""From a provider's event to the trainer's page: web server, worker and database as they run."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.serving import make_server

from remote_training.accounts.models import Role
from remote_training.attendance import stamp
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.outside import clock
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import make
from tests.conftest import SECRET, new_app
from tests.hooks import sending
from tests.hooks.conftest import register, room
from tests.journeys.conftest import Platform, Quiet
from tests.journeys.everybody import cookie_of
from tests.messages import crowd
from tests.messages.test_kill import WORKER, program
from tests.servers.postgres import postgres_url

SOON = 3.0  # seconds
PEOPLE = 6


@contextmanager
def silent_mail_server() -> Iterator[str]:
    """A mail server that takes a call and says nothing: whoever sends mail hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def url(database: str, tmp_path: Path) -> str:
    """A database of this test alone."""
    return f"sqlite:///{tmp_path}/soon.db" if database == "sqlite" else postgres_url()


@pytest.fixture
def app(url: str) -> Iterator[Flask]:
    """An app on it, that hears Zoom, and whose clock is the real one's."""
    app = new_app(url, zoom_webhook_secret=SecretStr(sending.SECRET))
    with app.app_context():
        studies.install(study())
        app.extensions["outside"].now.moment = clock.now()
        yield app
        db.session.rollback()
        db.engine.dispose()


class Tablet:
    """A page that asks as `console.js` does."""

    def __init__(self, url: str, cookie: str) -> None:
        self.url, self.cookie, self.stamp, self.text = url, cookie, "", ""

    def look(self) -> str:
        """What the page shows now."""
        headers = {"Cookie": f"visit={self.cookie}", "If-None-Match": f'"{self.stamp}"'}
        try:
            with urlopen(Request(self.url, headers=headers), timeout=10) as answer:
                self.text = answer.read().decode()
        except HTTPError as error:
            assert error.code == 304
        found = re.search(r'data-stamp="(\w+)"', self.text)
        assert found is not None
        self.stamp = found[1]
        return self.text

    def sees(self, number: int, *, since: float) -> float:
        """Ask at the pace of the page until so many are here; how long that took, in seconds."""
        while f"<b>{number}</b> here" not in self.look():
            assert time.monotonic() - since < 10, "nothing came"
            time.sleep(stamp.OFTEN)
        return time.monotonic() - since


def send(server: str, number: int, at: datetime) -> None:
    """Zoom tells that somebody came in."""
    body = sending.zoom_person(
        "participant_joined", (at - sending.NOON).total_seconds(), room="81234567890",
        user_id=f"v{number}", participant_uuid=f"U{number}", registrant_id=f"REG{number}",
    )  # fmt: skip
    headers = sending.zoom_headers(body, stamp=at)
    with urlopen(Request(f"{server}/hooks/zoom", body, headers), timeout=10) as answer:
        assert answer.status == 204


def test_an_event_is_seen_on_the_page_within_three_seconds_also_while_mail_hangs(
    app: Flask, url: str
) -> None:
    session = make.session(starts_at=clock.now() - timedelta(minutes=10))
    booked = [make.booking(session=session) for _ in range(PEOPLE)]
    cookie = _prepared(app, session, booked)
    crowd.fill(30, Random(1), now=clock.now())
    db.session.commit()
    with silent_mail_server() as mail, serving(app) as server:
        environment = {
            "DATABASE_URL": url,
            "SMTP_URL": mail,
            "SECRET_KEYS": SECRET,
            "PUBLIC_URL": "http://localhost",
            "MAIL_FROM": "classes@trial.example.org",
        }
        tablet = Tablet(f"{server}/staff/classes/{session.id}/lines", cookie)
        with program("-c", WORKER, "worker", environment=environment) as worker:
            took = []
            for number in range(PEOPLE):
                began = time.monotonic()
                send(server, number, clock.now())
                took.append(tablet.sees(number + 1, since=began))
                assert worker.poll() is None
    print("seconds, the first with the start of the worker:", [round(one, 2) for one in took])
    assert max(took[1:]) < SOON


def _prepared(app: Flask, session: Session, booked: list[Booking]) -> str:
    place = room(booked[0])
    for number, booking in enumerate(booked):
        register(place, booking, f"REG{number}")
    platform = Platform(app, "", app.extensions["outside"].now, None, Path())  # type: ignore[arg-type]
    cookie = cookie_of(platform, session.trainer, Role.TRAINER)
    db.session.commit()
    return cookie
