"""The PostgreSQL of the tests: a real one, with a fresh database for each call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.servers.postgres import postgres_url


def _ask(url: str, *statements: str) -> object:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        answers = [connection.execute(sa.text(statement)) for statement in statements]
        answer = answers[-1].scalar() if answers[-1].returns_rows else None
    engine.dispose()
    return answer


def test_it_is_a_real_postgresql_of_our_days() -> None:
    assert str(_ask(postgres_url(), "SELECT version()")).startswith("PostgreSQL")
    assert int(str(_ask(postgres_url(), "SHOW server_version_num"))) >= 150000


def test_each_call_makes_a_database_of_its_own() -> None:
    one, other = postgres_url(), postgres_url()
    _ask(one, "CREATE TABLE chair (id int)", "INSERT INTO chair VALUES (1)")
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'chair'"
    assert (_ask(one, tables), _ask(other, tables)) == (1, 0)


def test_another_connection_sees_what_was_committed_and_not_what_was_not() -> None:
    engine = sa.create_engine(postgres_url())
    count = sa.text("SELECT count(*) FROM chair")
    with engine.connect() as one, engine.connect() as other:
        one.execute(sa.text("CREATE TABLE chair (id int)"))
        one.commit()
        one.execute(sa.text("INSERT INTO chair VALUES (1)"))
        assert other.execute(count).scalar() == 0
        other.rollback()
        one.commit()
        assert other.execute(count).scalar() == 1
    engine.dispose()


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "ended in peace"])
def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path, is_killed: bool) -> None:
    """The server is a stand-in: a program that ends on SIGINT, as PostgreSQL does."""
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    server = subprocess.Popen(waits, stdin=subprocess.PIPE)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postmaster.pid").write_text(f"{server.pid}\n{tmp_path}\n")
    program = (
        "import sys; from tests.servers import postgres_end;"
        "watcher = postgres_end.watch(sys.argv[1]); print(watcher.pid, flush=True);"
        "sys.stdin.read()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert worker.stdout is not None
    assert int(worker.stdout.readline())
    assert server.poll() is None
    if is_killed:
        worker.kill()
    worker.communicate()
    assert server.wait(timeout=20) == -signal.SIGINT
    assert server.stdin is not None
    server.stdin.close()
    until = time.monotonic() + 20
    while (tmp_path / "data").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not (tmp_path / "data").exists()
