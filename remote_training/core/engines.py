"""The engine of each database, and the promises that its connections keep."""

from __future__ import annotations

import select
import sqlite3
from typing import Any

import psycopg
import sqlalchemy as sa

from remote_training.core.db import is_writing

BUSY_SECONDS = 20


def engine_options(url: str) -> dict[str, Any]:
    """Options of the engine for an address: pool sizes fit 16 threads a process."""
    options: dict[str, Any] = {"pool_size": 20, "max_overflow": 60}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    else:
        options["isolation_level"] = "READ COMMITTED"
        options["skip_autocommit_rollback"] = True  # where there is no transaction to end
    return options


def prepare(engine: sa.Engine) -> None:
    """Make an engine keep its promises.

    SQLite: WAL, foreign keys, BEGIN IMMEDIATE to write. PostgreSQL: no connection is used
    whose server has gone.
    """
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
    else:
        sa.event.listen(engine, "checkout", _on_checkout)


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: sa.Connection) -> None:
    if is_writing():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # it waits for nobody and asks nothing yet: straight to the driver
        connection.connection.driver_connection.execute("BEGIN")  # type: ignore[union-attr]


def _on_checkout(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """Replace a connection on which something lies to be read: only a server that goes away
    speaks unasked. It costs no question to the server, as a ping before each use would.
    """
    looked = select.poll()
    looked.register(connection.pgconn.socket, select.POLLIN)
    if connection.closed or looked.poll(0):
        raise sa.exc.DisconnectionError("the server has closed this connection")
