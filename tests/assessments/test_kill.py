"""The web is killed in the middle of answering: what was acknowledged is there, once.

A real gunicorn on each database. Clients do as the page's script does: they send an answer
under its key until it is acknowledged. The database is the oracle.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.accounts import guard, visits
from remote_training.accounts.models import Scope
from remote_training.assessments.models import Answer, Assessment
from remote_training.assessments.sitting import sitting
from remote_training.core.db import db
from remote_training.outside import clock
from tests import make
from tests.conftest import DATABASES, NO_WORDING, SECRET, own_app, own_database

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200 if os.environ.get("SOAK") else 12
CLIENTS = 4
PATIENCE = 60  # seconds
SERVER = ("-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "4")

pytestmark = [pytest.mark.random, pytest.mark.timeout(900)]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test alone."""
    return own_database(request.param, tmp_path)


@pytest.fixture
def app(url: str) -> Iterator[Flask]:
    """An app on that database, to look into it."""
    with own_app(url) as app:
        yield app


class Web:
    """The web as a program of its own: a master, and two processes that answer."""

    def __init__(self, url: str, module: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.environment = os.environ | {
            "DATABASE_URL": url,
            "SECRET_KEYS": SECRET,
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "SMTP_URL": "smtp://127.0.0.1:1",
            "MAIL_FROM": "classes@trial.example.org",
            "WORDING_DIR": str(NO_WORDING),
            "PYTHONPATH": str(ROOT),
        }
        self.module = module
        self.master = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        bind = ("--bind", f"127.0.0.1:{self.port}", f"{self.module}:app")
        return subprocess.Popen(
            [sys.executable, *SERVER, *bind],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill_one(self, draw: Random) -> None:
        """Kill one of the processes that answer; the master begins another."""
        listed = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children")
        children = [int(pid) for pid in listed.read_text().split()]
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draw.choice(children), signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill all of it, as when the power goes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.master.pid, signal.SIGKILL)
        self.master.wait(timeout=20)

    def begin_anew(self) -> None:
        """Start again, on the same port."""
        self.kill_all()
        self.master = self._started()


@contextmanager
def web(url: str, module: str) -> Iterator[Web]:
    """The web, running; killed with the block at the latest."""
    served = Web(url, module)
    try:
        yield served
    finally:
        served.kill_all()


class Client(threading.Thread):
    """Answers its own questions over and over, each time with another value than before."""

    def __init__(self, web: Web, address: str, items: list[str], cookie: str) -> None:
        super().__init__(daemon=True)
        self.web, self.address, self.items = web, address, items
        self.cookie = cookie
        self.acknowledged: dict[UUID, tuple[str, int]] = {}
        self.sent: set[UUID] = set()
        self.is_ending = threading.Event()
        self.ticket = ""

    def run(self) -> None:
        """Until told to end; the last answer is acknowledged."""
        turn = 0
        while not self.is_ending.is_set():
            item, value, key = (
                self.items[turn % len(self.items)],
                turn // len(self.items) % 4,
                uuid4(),
            )
            self.sent.add(key)
            while not self._send(item, value, key):
                time.sleep(0.02)
            self.acknowledged[key] = (item, value)
            turn += 1

    def _send(self, item: str, value: int, key: UUID) -> bool:
        """Whether it was acknowledged; sent again under the same key where it was not."""
        try:
            if not self.ticket:
                page = self._ask("GET", None)
                self.ticket = re.findall(r'name="ticket" value="([^"]+)"', page)[0]
            form = {"ticket": self.ticket, "question": item, "answer": value, "client_key": key}
            self._ask("POST", urlencode(form))
        except (OSError, http.client.HTTPException, IndexError):
            return False
        return True

    def _ask(self, method: str, body: str | None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=10)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        accept = "application/json" if body else "text/html"
        headers = {"Cookie": f"visit={self.cookie}", "Accept": accept, **kind}
        with contextlib.closing(connection):
            connection.request(method, self.address, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status != 200:
            raise OSError(answer.status)
        return text


def ready(app: Flask) -> tuple[Assessment, str]:
    """A sitting that is open today by the real clock, and the cookie of her visit."""
    now = clock.now()
    today, week = now.date(), timedelta(days=7)
    woman = make.participant()
    row = make.assessment(
        participant=woman,
        forms=("phq-9", "gad-7"),
        opens_on=today - week,
        due_on=today,
        overdue_on=today + week,
        closes_on=today + 2 * week,
    )
    visit, token = visits.begin(woman.account, lasts=visits.PARTICIPANT_HOURS, now=now)
    visits.permit(visit, Scope.ANSWER, subject_id=row.id)
    db.session.commit()
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return row, str(signer.dumps({guard.VISITOR_COOKIE: token}))


def answer_under_fire(app: Flask, url: str, module: str, kills: int) -> list[Client]:
    """Let some clients answer while the web is killed; gives them once all is quiet."""
    row, cookie = ready(app)
    keys = [one.key for one in sitting(row).questions if one.item.alarming_from is None]
    seed = int(os.environ.get("SOAK_SEED", time.time_ns() % 100_000))
    print(f"SOAK_SEED={seed}")
    draw = Random(seed)
    with web(url, module) as served:
        clients = [
            Client(served, f"/questions/{row.id}/1", keys[n::CLIENTS], cookie)
            for n in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for kill in range(kills):
            wait_for_more(clients)
            time.sleep(draw.random() / 20)
            served.begin_anew() if kill % 10 == 9 else served.kill_one(draw)
        wait_for_more(clients)
        for client in clients:
            client.is_ending.set()
        served.begin_anew()
        for client in clients:
            client.join(timeout=PATIENCE)
            assert not client.is_alive()
    return clients


def wait_for_more(clients: list[Client]) -> None:
    """Wait until one more answer was acknowledged to somebody."""
    before = sum(len(client.acknowledged) for client in clients)
    end = time.monotonic() + PATIENCE
    while sum(len(client.acknowledged) for client in clients) == before:
        assert time.monotonic() < end, "nothing is acknowledged any more"
        time.sleep(0.001)


def lost(clients: list[Client]) -> set[UUID]:
    """The keys that were acknowledged and are not there."""
    db.session.rollback()
    kept = set(db.session.scalars(sa.select(Answer.client_key)))
    return {key for client in clients for key in client.acknowledged} - kept


def test_what_was_acknowledged_is_there_once_however_the_web_dies(app: Flask, url: str) -> None:
    clients = answer_under_fire(app, url, "wsgi", KILLS)

    assert lost(clients) == set()
    rows = db.session.scalars(sa.select(Answer)).all()
    sent = set.union(*(client.sent for client in clients))
    assert rows
    assert len({row.client_key for row in rows}) == len(rows)
    assert {row.client_key for row in rows} <= sent
    stands = {row.item: row.value for row in rows if row.replaced_at is None}
    for client in clients:
        last = {item.split("/")[1]: value for item, value in client.acknowledged.values()}
        assert last.items() <= stands.items()
    assert sum(len(client.acknowledged) for client in clients) > KILLS


def test_the_control_a_web_that_acknowledges_before_it_keeps_is_found_out(
    app: Flask, url: str
) -> None:
    clients = answer_under_fire(app, url, "tests.servers.hasty", 4)

    assert lost(clients)
