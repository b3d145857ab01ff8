"""The schema: brought to the newest revision, and asked whether it is there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import alembic.command
import sqlalchemy as sa
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to a revision."""
    alembic.command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` down to a revision."""
    alembic.command.downgrade(config(url), revision)


def is_newest(connection: sa.Connection) -> bool:
    """Whether the schema is the one that this code was written for."""
    return MigrationContext.configure(connection).get_current_revision() == newest()


@lru_cache(maxsize=1)
def newest() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def config(url: str) -> Config:
    """The configuration of alembic for one database."""
    settings = Config(str(FOLDER / "alembic.ini"))
    settings.set_main_option("script_location", str(FOLDER))
    settings.attributes["url"] = url
    return settings
