"""The app with everybody in it: who may do what is asked on one database, for speed."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.access import people


@pytest.fixture
def database() -> str:
    """Who may come in is decided before any statement that differs between databases."""
    return "sqlite"


@pytest.fixture
def cast(app: Flask) -> people.Cast:
    """Everybody of the matrix, at their places."""
    return people.gather(app)
