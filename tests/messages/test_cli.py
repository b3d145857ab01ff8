"""What operators type about the outbox, and the worker that goes on whatever breaks."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from remote_training.core.db import db, unit_of_work
from remote_training.messages import service
from remote_training.messages.cli import messages
from remote_training.messages.models import Heartbeat
from remote_training.outside.mail import MailLoginRefused
from remote_training.outside.world import Outside
from remote_training.reminders import cli
from tests import make
from tests.fakes import NOON, FakeMail


def welcome() -> None:
    """One mail that is due."""
    woman = make.participant()
    with unit_of_work():
        service.queue(
            "welcome",
            to=woman.contact_id,
            facts={"participant_id": str(woman.id)},
            not_after=NOON + timedelta(days=1),
            now=NOON,
        )


def test_the_queue_is_sent_by_hand(app: Flask, mailbox: FakeMail) -> None:
    welcome()
    said = app.test_cli_runner().invoke(messages, ["deliver"])
    assert said.exit_code == 0
    assert said.output.startswith("1 ")
    assert len(mailbox.sent) == 1


def test_a_queue_that_stands_still_is_shown_and_resumed(app: Flask, mailbox: FakeMail) -> None:
    welcome()
    mailbox.fault = MailLoginRefused("AUTH", 535)
    runner = app.test_cli_runner()
    runner.invoke(messages, ["deliver"])
    status = runner.invoke(messages, ["status"])
    assert status.exit_code == 1
    assert "535" in status.output
    assert status.output.rstrip().endswith("remote-training messages resume")
    mailbox.fault = None
    runner.invoke(messages, ["deliver"])
    assert mailbox.sent == [], "it stands still until somebody says go on"
    assert "goes on" in runner.invoke(messages, ["resume"]).output
    assert "was not" in runner.invoke(messages, ["resume"]).output
    runner.invoke(messages, ["deliver"])
    assert len(mailbox.sent) == 1
    assert runner.invoke(messages, ["status"]).exit_code == 0


class Broken(FakeMail):
    """A mailbox that breaks when it is opened, some times; then it asks the worker to end."""

    def __init__(self, ending: threading.Event, times: int) -> None:
        super().__init__()
        self.ending = ending
        self.left = times

    def open(self) -> AbstractContextManager[FakeMail]:
        """Break, or open."""
        self.left -= 1
        if self.left == 0:
            self.ending.set()
        if self.left >= 0:
            raise RuntimeError("broken")
        return super().open()


def test_a_worker_survives_what_breaks_and_is_seen_to_live(app: Flask) -> None:
    welcome()
    ending = threading.Event()
    outside: Outside = app.extensions["outside"]
    broken = Broken(ending, times=2)
    app.extensions["outside"] = Outside(outside.now, broken, outside.meetings)
    try:
        cli._Worker("host-1", ending).work()
    finally:
        app.extensions["outside"] = outside
    assert broken.left <= 0
    assert db.session.scalars(sa.select(Heartbeat.worker)).all() == ["host-1"]
