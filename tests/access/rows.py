"""All rows of the test database, to look at and to put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import cast

from remote_training.core.db import db


@contextmanager
def _connection() -> Iterator[sqlite3.Connection]:
    db.session.rollback()
    held = db.engine.raw_connection()
    try:
        yield cast(sqlite3.Connection, held.driver_connection)
    finally:
        held.close()


def everything(but: Collection[str] = ()) -> list[str]:
    """Every row of every table, but of some, as statements."""
    left_out = tuple(f'INSERT INTO "{name}"' for name in but)
    with _connection() as connection:
        return [line for line in connection.iterdump() if not line.startswith(left_out)]


def keep() -> sqlite3.Connection:
    """A copy of the whole database."""
    copy = sqlite3.connect(":memory:")
    with _connection() as connection:
        connection.backup(copy)
    return copy


def put_back(copy: sqlite3.Connection) -> None:
    """Make the database what it was."""
    with _connection() as connection:
        copy.backup(connection)
