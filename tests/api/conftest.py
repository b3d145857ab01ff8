"""A program with a token, asking as programs do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from remote_training.accounts import programs
from remote_training.accounts.models import Account, Role
from remote_training.core.db import db
from remote_training.studies.current import study
from tests import make
from tests.fakes import NOON

PREFIX = "/api/v1"


class Program:
    """What asks with one token; without one, nobody asks."""

    def __init__(self, app: Flask, token: str = "") -> None:
        self._client = app.test_client(use_cookies=False)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask an address below the prefix."""
        headers = {**self._headers, **more.pop("headers", {})}
        return self._client.open(PREFIX + path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """Look at something."""
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> Any:
        """Do something."""
        return self.ask("POST", path, **more)


@pytest.fixture
def program_of(app: Flask) -> Callable[..., Program]:
    """Give a program of a member of staff, for one of their roles."""

    def made(who: Account, role: Role = Role.COORDINATOR, *, days: int = 90) -> Program:
        token = programs.make(who.id, "weekly report", role, days=days, now=NOON)
        db.session.commit()
        return Program(app, token)

    return made


@pytest.fixture
def coordinator(program_of: Callable[..., Program]) -> Program:
    """A program of a coordinator at Utrecht."""
    return program_of(make.staff(Role.COORDINATOR))


@pytest.fixture
def study_asks(app: Flask) -> Iterator[Callable[..., None]]:
    """Change what the study file asks of bookings, for one test."""
    plain = study()

    def change(**rules: Any) -> None:
        booking = plain.booking.model_copy(update=rules)
        app.extensions["study"] = plain.model_copy(update={"booking": booking})

    yield change
    app.extensions["study"] = plain
