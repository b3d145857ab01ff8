"""The worker: plans what is due and sends what is owed, until it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

import click
import structlog
from flask import Flask, current_app
from flask.cli import with_appcontext

from remote_training.accounts import asking
from remote_training.attendance import reports
from remote_training.core import settings
from remote_training.core.db import db, unit_of_work
from remote_training.hooks import jobs as hooks
from remote_training.meetings import jobs as rooms
from remote_training.meetings import listening
from remote_training.messages import jobs as outbox
from remote_training.messages import service as messages
from remote_training.outside import clock
from remote_training.outside.world import outside
from remote_training.reminders import jobs

PLANNED_EVERY = 20.0  # seconds
SWEPT_EVERY = 5.0
ANSWERED_EVERY = 1.0  # somebody sits and waits for the link
HEARD_EVERY = 0.5  # a trainer looks at who is there: she sees it within three seconds
LETS_OTHERS = 0.1  # what waits for SQLite's lock looks at least so often whether it is free
REPORTED_EVERY = 30.0
LISTENED_EVERY = 60.0
IDLE = 1.0  # between two looks at an empty outbox
ROOMS_EVERY = 2.0  # somebody may have booked a class that begins in a minute
FORGOTTEN_EVERY = 3600.0
LONGEST_CALL = 8.0  # a provider that is silent does not keep the worker from ending
SWITCH = 0.0005  # the thread that talks to the mail server does not wait long for its turn

log = structlog.get_logger()


@click.command()
@with_appcontext
def worker() -> None:
    """Do the background work until SIGTERM; several may run at once."""
    sys.setswitchinterval(SWITCH)
    ending = threading.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: ending.set())
    name = f"{socket.gethostname()}-{os.getpid()}"
    beside = (_Rooms(name, ending), _Ears(name, ending))
    for thread in beside:
        thread.start()
    _Worker(name, ending).work()
    for thread in beside:
        thread.join(LONGEST_CALL)


class _Rooms(threading.Thread):
    """Keeps rooms at a provider in line, beside the mails: neither waits for the other's network.

    It also asks for what providers tell of past classes, and only to those who ask. Nothing
    where all rooms are our own.
    """

    def __init__(self, name: str, ending: threading.Event) -> None:
        super().__init__(name="rooms", daemon=True)
        self._worker = name
        self._ending = ending
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._chores = [
            _Chore(FORGOTTEN_EVERY, self._forget),
            _Chore(REPORTED_EVERY, self._report),
            _Chore(LISTENED_EVERY, self._listen),
        ]

    def run(self) -> None:
        """Go round until told to end: then the room in hand is finished, and no more."""
        with self._app.app_context():
            is_needed = rooms.is_needed() or listening.is_needed()
            while is_needed and not self._ending.is_set():
                self._round()
                self._ending.wait(ROOMS_EVERY)

    def _round(self) -> None:
        try:
            rooms.keep(outside().now, is_ending=self._ending.is_set)
            for chore in self._chores:
                if chore.is_due() and not self._ending.is_set():
                    chore.work()
        except Exception as error:  # noqa: BLE001 - a worker that dies opens nothing
            log.error("a round of the rooms broke off", worker=self._worker, error=error)
        finally:
            db.session.remove()

    def _forget(self) -> int:
        with unit_of_work():
            rooms.forget(now=outside().now())
        return 1

    def _report(self) -> int:
        return reports.ask_due(outside().now()).asked

    def _listen(self) -> int:
        return listening.listen(outside().now())


class _Ears(threading.Thread):
    """Works on what providers tell, beside the mails: a trainer does not wait for a mail server."""

    def __init__(self, name: str, ending: threading.Event) -> None:
        super().__init__(name="ears", daemon=True)
        self._worker = name
        self._ending = ending
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run(self) -> None:
        """Listen until told to end: then the messages in hand are finished, and no more."""
        with self._app.app_context():
            while not self._ending.is_set():
                is_all = self._hear() < hooks.AT_ONCE
                self._ending.wait(HEARD_EVERY if is_all else LETS_OTHERS)

    def _hear(self) -> int:
        try:
            if not hooks.is_needed():
                return 0
            db.session.rollback()  # on SQLite who has read cannot write after another has
            return hooks.work(outside().now())
        except Exception as error:  # noqa: BLE001 - a worker that dies hears nothing
            log.error("a round of the ears broke off", worker=self._worker, error=error)
            return 0
        finally:
            db.session.remove()


class _Worker:
    """One process that works; an error in one piece of work never ends it."""

    def __init__(self, name: str, ending: threading.Event) -> None:
        self._name = name
        self._ending = ending
        self._ticker = jobs.Ticker()
        lease = settings.current().mail_lease_seconds
        self._chores = [
            _Chore(ANSWERED_EVERY, self._answer),
            _Chore(PLANNED_EVERY, self._plan),
            _Chore(min(SWEPT_EVERY, lease / 2), self._sweep),
        ]

    def work(self) -> None:
        """Go round until told to end: then the mails in hand are finished, and no more."""
        log.info("worker begins", worker=self._name)
        while not self._ending.is_set():
            for chore in self._chores:
                if chore.is_due() and not self._ending.is_set():
                    self._safely(chore.work)
            if not self._safely(self._deliver):
                self._ending.wait(IDLE)
        log.info("worker ends", worker=self._name)

    def _answer(self) -> int:
        with unit_of_work():
            return asking.answer(now=outside().now())

    def _plan(self) -> int:
        now = outside().now()
        with unit_of_work():
            messages.beat(self._name, now=now)
        self._ticker.tick(now)
        return 1

    def _sweep(self) -> int:
        return len(outbox.sweep(outside().now()))

    def _deliver(self) -> int:
        return outbox.deliver(self._name, outside(), is_ending=self._ending.is_set)

    def _safely(self, work: Callable[[], int]) -> int:
        """One piece of work; what breaks it is told by its kind, and the worker goes on."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - a worker that dies sends nothing
            log.error("a round of the worker broke off", worker=self._name, error=error)
            return 0
        finally:
            db.session.remove()


class _Chore:
    """Work that is due again some seconds after it was last begun."""

    def __init__(self, seconds: float, work: Callable[[], int]) -> None:
        self._seconds = seconds
        self._next = clock.ticking()
        self.work = work

    def is_due(self) -> bool:
        """Whether it is its turn; asked once a turn."""
        if clock.ticking() < self._next:
            return False
        self._next = clock.ticking() + self._seconds
        return True
