"""The worker: plans what is due and sends what is owed, until it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

import click
import structlog
from flask.cli import with_appcontext
from prometheus_client import Counter

from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.outside import clock
from remote_training.outside.world import outside
from remote_training.reminders import jobs

TICK = 20.0  # seconds between two plans
IDLE = 1.0  # seconds between two looks at an empty outbox

FAULTS = Counter("worker_faults_total", "Rounds of the worker that broke off", ["error"])
log = structlog.get_logger()


@click.command()
@with_appcontext
def worker() -> None:
    """Do the background work until SIGTERM; several may run at once."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    ending = threading.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: ending.set())
    log.info("worker begins", worker=name)
    next_plan = 0.0
    while not ending.is_set():
        if clock.ticking() >= next_plan:
            next_plan = clock.ticking() + TICK
            _safely(_plan)
        sent = _safely(lambda: outbox.deliver(name, outside()))
        if not sent:
            ending.wait(IDLE)
    log.info("worker ends", worker=name)


def _plan() -> int:
    jobs.plan(outside().now())
    return 0


def _safely(work: Callable[[], int]) -> int:
    """One piece of work; what breaks it is told and counted, and the worker goes on."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - a worker that dies sends nothing
        db.session.rollback()
        FAULTS.labels(type(error).__name__).inc()
        log.error("worker round broke off", error=error)
        return 0
    finally:
        db.session.remove()
