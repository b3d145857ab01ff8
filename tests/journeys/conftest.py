"""The whole platform on loopback: a real web server, a real mail server, a real browser.

Only the clock is ours, so that a class can begin while the test looks on.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from remote_training import tables
from remote_training.app import create_app
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.outside.offline import OfflineMeetings
from remote_training.outside.smtp import SmtpMail
from remote_training.outside.world import Outside
from remote_training.reminders import jobs as reminders
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests.conftest import settings
from tests.fakes import FakeClock
from tests.servers.smtp import SmtpServer

PATIENCE = 10_000  # milliseconds
PHONE, DESK = {"width": 375, "height": 740}, {"width": 1280, "height": 900}


@dataclass
class Platform:
    """The platform as it stands on this port, and the mails that it sent."""

    app: Flask
    url: str
    clock: FakeClock
    smtp: SmtpServer
    folder: Path
    server: BaseWSGIServer | None = None
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve on this port."""
        port = int(self.url.rsplit(":", 1)[1])
        self.server = make_server("127.0.0.1", port, self.app, threaded=True, request_handler=Quiet)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Serve no longer; nobody listens on the port."""
        assert self.server is not None
        assert self.thread is not None
        self.server.shutdown()
        self.thread.join(timeout=10)
        self.server.server_close()

    def work(self) -> None:
        """Do what the worker does: plan what is due, send what is owed."""
        with self.app.app_context():
            reminders.plan(self.app.extensions["outside"].now())
            while outbox.deliver("journey", self.app.extensions["outside"]):
                continue

    def mails_to(self, address: str) -> list[EmailMessage]:
        """The mails that arrived for an address, oldest first."""
        return [mail for mail in self.smtp.mails if address in str(mail["To"])]


class Quiet(WSGIRequestHandler):
    """A request handler that writes no access log."""

    def log(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def demo() -> bool:
    """Whether the platform has the pages of the demo."""
    return False


@pytest.fixture
def platform(tmp_path: Path, smtp_server: SmtpServer, demo: bool) -> Iterator[Platform]:
    """The platform, running, with the sites of the study and nobody in it."""
    clock = FakeClock()
    url = f"http://127.0.0.1:{_free_port()}"
    chosen = settings(
        f"sqlite:///{tmp_path}/journey.db",
        public_url=url,
        smtp_url=smtp_server.url,
        demo=demo,
        data_dir=tmp_path / "data",
    )
    world = Outside(clock, SmtpMail(smtp_server.url), {"offline": OfflineMeetings(url)})
    app = create_app(chosen, world)
    with app.app_context():
        tables.metadata().create_all(db.engine)
        studies.install(study())
        db.session.commit()
    served = Platform(app, url, clock, smtp_server, tmp_path)
    served.start()
    yield served
    served.stop()
    with app.app_context():
        db.engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def phone(chrome: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Give a new phone each time it is asked: 375 px wide, nobody signed in."""
    opened: list[BrowserContext] = []

    def new() -> BrowserContext:
        opened.append(chrome.new_context(viewport=PHONE, locale="en-GB"))
        opened[-1].set_default_timeout(PATIENCE)
        return opened[-1]

    yield new
    for context in opened:
        context.close()


@pytest.fixture
def desk(chrome: Browser) -> Iterator[BrowserContext]:
    """A desk: 1280 px wide, nobody signed in."""
    context = chrome.new_context(viewport=DESK, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()
