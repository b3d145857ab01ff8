"""Workers that are killed while they send: nothing is lost, and what is sent once is not twice.

The workers and the mail server are programs of their own; the server's log is the oracle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.core.db import db
from remote_training.messages import jobs
from remote_training.messages.models import Message, State
from remote_training.outside import clock
from tests.conftest import DATABASES, SECRET, own_app, own_database
from tests.messages import crowd

ROOT = Path(__file__).resolve().parents[2]
IS_LONG = bool(os.environ.get("SOAK"))
COUNT, KILLS = (2000, 12) if IS_LONG else (500, 6)
LEASE_SECONDS = 2
PATIENCE = 180
WORKER = "from remote_training.cli import main; main()"
AGAIN = ("booking_confirmed", "welcome")

pytestmark = [pytest.mark.random, pytest.mark.timeout(400)]


@contextmanager
def program(*arguments: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A program of its own, ended with the block at the latest."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if "-m" in arguments else subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test alone."""
    return own_database(request.param, tmp_path)


@pytest.fixture
def platform(url: str) -> Iterator[Flask]:
    """An app on that database, with the real clock."""
    with own_app(url) as app:
        yield app


def arrived(log: Path) -> Counter[str]:
    """How often each mail arrived, by the id of its message."""
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(json.loads(line)["message_id"].strip("<>").split("@")[0] for line in lines)


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> None:
    """Look every 50 ms until it is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds} s: {crowd.states()}"
        time.sleep(0.05)


def open_rows() -> int:
    """Messages of which it is not yet decided what became of them."""
    counts = crowd.states()
    return sum(counts.get(name, 0) for name in ("pending", "claimed", "sending"))


def test_killed_at_any_moment_nothing_is_lost_and_nothing_once_is_twice(
    platform: Flask, url: str, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SEED", time.time_ns() % 100000))
    print(f"SEED={seed}")
    draw, log = Random(seed), tmp_path / "arrived"
    crowd.fill(COUNT, draw, now=clock.now())
    with program("-m", "tests.servers.smtp", "--log", str(log), environment={}) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split()[1]
        environment = {
            "DATABASE_URL": url,
            "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "SECRET_KEYS": SECRET,
            "PUBLIC_URL": "http://localhost",
            "MAIL_FROM": "classes@trial.example.org",
            "MAIL_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        killed = 0
        for _ in range(KILLS):
            killed += kill_one(draw, log, environment)
        with program("-c", WORKER, "worker", environment=environment) as last:
            wait_until(lambda: open_rows() == 0, seconds=PATIENCE)
            last.send_signal(signal.SIGTERM)
            assert last.wait(timeout=15) == 0
        judge(arrived(log), killed)


def kill_one(draw: Random, log: Path, environment: dict[str, str]) -> bool:
    """Start a worker, and kill it after it has sent some; whether it was still at work."""
    before = arrived(log).total()
    enough = before + draw.randint(1, max(2, COUNT // KILLS - 10))
    with program("-c", WORKER, "worker", environment=environment) as worker:
        wait_until(
            lambda: arrived(log).total() >= enough or worker.poll() is not None or not open_rows(),
            seconds=PATIENCE,
        )
        time.sleep(draw.uniform(0, 0.02))
        worker.kill()
    return bool(open_rows())


def judge(got: Counter[str], killed: int) -> None:
    """Hold what arrived against what the outbox says."""
    rows = db.session.execute(sa.select(Message.id, Message.kind, Message.state)).all()
    assert len(rows) == COUNT
    assert killed > KILLS // 2, "the workers were killed while they had work"
    uncertain = 0
    for message_id, kind, state in rows:
        times = got.pop(str(message_id), 0)
        if kind in AGAIN:
            assert state is State.SENT
            assert times >= 1, "lost"
        else:
            assert times <= 1, "sent twice"
            assert state in (State.SENT, State.UNCERTAIN)
            assert times == 1 or state is State.UNCERTAIN, "lost, and nobody was told"
            uncertain += state is State.UNCERTAIN
    assert not got, "mails that nobody owed"
    assert uncertain <= 2 * jobs.GROUP * KILLS
    print(f"{uncertain} of {COUNT} uncertain after {KILLS} kills")


def test_a_worker_that_is_asked_to_end_ends_in_seconds_and_leaves_nothing_open(
    platform: Flask, url: str, tmp_path: Path
) -> None:
    log = tmp_path / "arrived"
    crowd.fill(200, Random(1), now=clock.now())
    with program("-m", "tests.servers.smtp", "--log", str(log), environment={}) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split()[1]
        environment = {
            "DATABASE_URL": url,
            "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "SECRET_KEYS": SECRET,
            "PUBLIC_URL": "http://localhost",
            "MAIL_FROM": "classes@trial.example.org",
        }
        with program("-c", WORKER, "worker", environment=environment) as worker:
            wait_until(lambda: arrived(log).total() > 10, seconds=PATIENCE)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=10) == 0
    counts = crowd.states()
    assert set(counts) <= {"sent", "pending"}
    assert counts["sent"] == arrived(log).total()
