"""The outbox over SMTP: everything a message needs, beside a bare send over one connection."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks import people
from benchmarks.measure import ROOT, Figure, free_port
from remote_training.bookings import service as bookings
from remote_training.core.db import db
from remote_training.messages import jobs
from remote_training.messages import service as outbox_service
from remote_training.messages.models import Message, State
from remote_training.outside import clock

AIM = 0.8
MESSAGES = 1000


def outbox() -> Iterator[Figure]:
    """Confirmations with an invitation each: claim, ask, compose, send, finish."""
    with people.databases() as databases:
        for name, url in databases.items():
            with mail_server() as (port, log):
                app = people.platform(url, f"smtp://127.0.0.1:{port}")
                with app.app_context():
                    _queue()
                    source = _one(app, log)
                    floor = _floor(port, source)
                    cpu, began = time.process_time(), time.perf_counter()
                    while jobs.deliver("benchmark", app.extensions["outside"]):
                        continue
                    seconds = time.perf_counter() - began
                    cpu_ms = 1000 * (time.process_time() - cpu) / MESSAGES
                    sent = _sent()
                    db.engine.dispose()
            note = "" if sent == MESSAGES else f"{sent} of {MESSAGES} SENT"
            rate = sent / seconds
            yield Figure(
                "outbox over SMTP",
                name,
                rate,
                floor[0],
                rate / floor[0],
                AIM,
                cpu_ms,
                floor[1],
                note=note,
            )


def _queue() -> None:
    """A thousand confirmations that are due."""
    women = people.enrol(db_app(), 50)
    hours = people.offer(MESSAGES // 50, places=50)
    for hour in hours:
        for woman in women:
            bookings.book(woman, hour, now=clock.now(), by=None)
        db.session.commit()
    assert outbox_service


def db_app() -> object:
    """The app at hand."""
    from flask import current_app

    return current_app


def _sent() -> int:
    found = sa.select(sa.func.count()).where(Message.state == State.SENT)
    return db.session.scalar(found) or 0


def _one(app: object, log: Path) -> bytes:
    """A mail of the size that ours have."""
    assert app
    assert log
    return (
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\n"
        + b"x" * 70
        + b"\r\n" * 200
    )


def _floor(port: int, source: bytes) -> tuple[float, float]:
    """Sends a second, CPU milliseconds each, over one connection kept open."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as connection:
        cpu, began = time.process_time(), time.perf_counter()
        for n in range(MESSAGES):
            head = f"Message-ID: <floor-{n}@example.org>\r\n".encode()
            connection.sendmail(
                "classes@trial.example.org", [f"bench{n}@example.org"], head + source
            )
        seconds = time.perf_counter() - began
        return MESSAGES / seconds, 1000 * (time.process_time() - cpu) / MESSAGES


@contextmanager
def mail_server() -> Iterator[tuple[int, Path]]:
    """A mail server in a process of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="benchmark-mail-") as folder:
        log = Path(folder) / "log"
        command = [
            sys.executable,
            "-m",
            "tests.servers.smtp",
            "--port",
            str(port),
            "--log",
            str(log),
        ]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ.copy())
        try:
            _wait(port)
            yield port, log
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        return
    raise RuntimeError("the mail server did not start")


DUE = timedelta(days=1)
