"""A platform whose rooms are kept at a Zoom on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from remote_training.core.settings import Settings
from remote_training.meetings import jobs
from remote_training.meetings.sharing import InDatabase
from remote_training.outside.zoom import ZoomMeetings
from remote_training.outside.zoom_api import ZoomAccount
from tests.fakes import FakeClock
from tests.servers.zoom import ZoomServer, zoom_server


def account(zoom: ZoomServer, **changes: str) -> ZoomAccount:
    """Who we are to the server."""
    known = zoom.account
    plain = {
        "account_id": known.account_id,
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "oauth_url": f"{zoom.url}/oauth/token",
        "api_url": f"{zoom.url}/v2",
    }
    return ZoomAccount(**plain | changes)


@pytest.fixture
def zoom(clock: FakeClock) -> Iterator[ZoomServer]:
    """A Zoom whose clock is that of the app."""
    with zoom_server(clock) as server:
        yield server


@pytest.fixture
def zoom_app(app: Flask, zoom: ZoomServer, clock: FakeClock) -> Iterator[Flask]:
    """The app with all its rooms at that Zoom."""
    world = app.extensions["outside"]
    kept: Settings = app.extensions["settings"]
    provider = ZoomMeetings(
        account(zoom),
        InDatabase(),
        now=clock,
        pause=lambda seconds: clock.forward(seconds=seconds) and None,
    )
    world.meetings["zoom"] = provider
    app.extensions["settings"] = kept.model_copy(update={"meetings": "zoom"})
    yield app
    app.extensions["settings"] = kept
    del world.meetings["zoom"]


class Worker:
    """The worker's rounds, by the clock of the test."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def round(self, **told: bool) -> jobs.Round:
        """One round."""
        return jobs.keep(self._clock, **told)

    def until_calm(self, *, most: int = 200, seconds: float = 30) -> int:
        """Rounds until none finds anything to do and nothing waits; how many there were."""
        for n in range(most):
            done = self.round()
            if not done.rooms and not done.hosts and not self.waits():
                return n
            self._clock.forward(seconds=seconds)
        raise AssertionError("it never came to rest")

    def waits(self) -> bool:
        """Whether a room is not as it is wanted."""
        from remote_training.core.db import db
        from remote_training.meetings import due, service

        db.session.rollback()
        standings = due.standings(service.kept_sites(), now=self._clock())
        db.session.rollback()
        return any(not one.is_as_wanted for one in standings)


@pytest.fixture
def worker(zoom_app: Flask, clock: FakeClock) -> Worker:
    """Somebody who keeps the rooms."""
    return Worker(clock)
