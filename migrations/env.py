"""Runs the migrations on SQLite and PostgreSQL alike.

On SQLite foreign keys are off while tables are rebuilt: with them on, a batch that
rebuilds a parent table deletes the children of ON DELETE CASCADE without an error.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context

from remote_training import tables
from remote_training.core.db import UtcDateTime

LOCK = 7_305_114


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Write our own column types by their short names."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String({item.length})"
    return False


def open_sqlite(connection: Any, _record: object) -> None:
    """Open a SQLite file for migrating: transactions are begun by us, foreign keys are off."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 20000")
    connection.execute("PRAGMA foreign_keys = OFF")


def lock_sqlite(connection: sa.Connection) -> None:
    """Hold the file from before the revision is read until it is written."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def run() -> None:
    """Bring one database to the wanted revision, one process at a time."""
    engine = sa.create_engine(context.config.attributes["url"])
    try:
        migrate(engine)
    finally:
        engine.dispose()


def migrate(engine: sa.Engine) -> None:
    """Migrate under a lock; what breaks half way leaves everything as it was."""
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        sa.event.listen(engine, "connect", open_sqlite)
        sa.event.listen(engine, "begin", lock_sqlite)
    with engine.connect() as connection:
        if not is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=tables.metadata(),
            render_as_batch=is_sqlite,
            compare_type=True,
            render_item=render_item,
            transaction_per_migration=False,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if is_sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"{len(broken)} rows point at nothing after the migration")
        else:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()


run()
