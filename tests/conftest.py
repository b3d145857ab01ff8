"""What every test may ask for: an app on each database, a browser of the test client."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from playwright.sync_api import Browser as Chrome
from xdist.scheduler.loadgroup import LoadGroupScheduling

from remote_training import tables
from remote_training.accounts import guard, visits
from remote_training.accounts.models import Account, Scope
from remote_training.app import create_app
from remote_training.core.db import db
from remote_training.core.settings import Settings
from remote_training.operations import logs
from remote_training.participants.models import Participant
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import fakes, plans
from tests.fakes import NOON, FakeClock, FakeMail
from tests.servers.browser import chromium
from tests.servers.postgres import postgres_url
from tests.servers.smtp import smtp_server as smtp_server

SECRET = "a-key-for-the-tests-that-is-long-enough-1"
NO_WORDING = Path(__file__).parent / "no-wording"  # is not there: nothing was taken in
DATABASES = ("sqlite", "postgresql")

_apps: dict[str, Flask] = {}
_configure = structlog.configure


def _configure_anew(**settings: Any) -> None:
    """Processes do it once; here many tests do, and no logger may keep what one of them said."""
    _configure(**settings | {"cache_logger_on_first_use": False})


structlog.configure = _configure_anew


class Together(LoadGroupScheduling):
    """Sends the tests of some modules to one worker: what they share is made once.

    The `xdist_group` mark of xdist 3.8 does nothing with pytest 9.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module.endswith("exports/test_study.py") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """How tests are spread, where they are."""
    return Together(config, log)


class Browser(FlaskClient):
    """A test client whose requests run in a context of their own, as real ones do."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if not has_app_context():  # a redirect that is followed: we are inside already
            return super().open(*args, **kwargs)
        db.session.rollback()
        try:
            return contextvars.Context().run(super().open, *args, **kwargs)
        finally:
            db.session.expire_all()


def settings(database_url: str, **changes: Any) -> Settings:
    """Settings for a test app on a database."""
    plain = {
        "database_url": database_url,
        "secret_keys": SECRET,
        "public_url": "http://localhost",
        "smtp_url": "smtp://127.0.0.1:1",
        "mail_from": "classes@trial.example.org",
        "wording_dir": NO_WORDING,
    }
    return Settings(**plain | changes)


def new_app(database_url: str, **changes: Any) -> Flask:
    """An app with empty tables, on a database that nobody else uses."""
    app = create_app(settings(database_url, **changes), fakes.world())
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Browser
    with app.app_context():
        tables.metadata().create_all(db.engine)
        _make_ready_for_many_tests()
    return app


@contextmanager
def own_app(database_url: str) -> Iterator[Flask]:
    """An app on a database of one test alone, as other processes work on it as well."""
    app = new_app(database_url)
    with app.app_context():
        studies.install(study())
        db.session.commit()
        yield app
        db.session.rollback()
        db.engine.dispose()


def own_database(name: str, folder: Path) -> str:
    """The address of an empty database of one test alone: `sqlite` or `postgresql`."""
    return f"sqlite:///{folder}/trial.db" if name == "sqlite" else postgres_url()


def _make_ready_for_many_tests() -> None:
    """On PostgreSQL: no row is put in the place of an older one, for tests read them as written;
    and what empties the tables is planned once.
    """
    if db.engine.dialect.name != "postgresql":
        return
    names = list(tables.metadata().tables)
    one_by_one = "\n".join(
        f'IF EXISTS (SELECT FROM "{name}") THEN\n'
        f"  is_large := is_large OR pg_relation_size('\"{name}\"') > 8192;\n"
        f'  DELETE FROM "{name}";\nEND IF;'
        for name in names
    )
    every = ", ".join(f'"{name}"' for name in names)
    with db.engine.begin() as connection:
        for name in names:
            connection.exec_driver_sql(f'ALTER TABLE "{name}" SET (autovacuum_enabled = off)')
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION empty_tables() RETURNS void LANGUAGE plpgsql "
            "SET session_replication_role = replica AS $$ DECLARE is_large boolean := false; "
            f"BEGIN {one_by_one} IF is_large THEN TRUNCATE {every}; END IF; END $$"
        )


@cache
def _which_have_rows() -> str:
    """One statement that names the tables that have rows, on SQLite."""
    names = [table.name for table in reversed(tables.metadata().sorted_tables)]
    return " UNION ALL ".join(
        f"SELECT {n}, '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")"
        for n, name in enumerate(names)
    )


def empty(app: Flask) -> None:
    """Empty the tables that have rows, and put the sites of the study back.

    PostgreSQL truncates slowly, but deletes what has more than a page in a way that lets later
    rows stand before earlier ones: then all tables are truncated.
    """
    db.session.rollback()
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT empty_tables()")
        else:
            for _n, name in sorted(connection.exec_driver_sql(_which_have_rows()).all()):
                connection.exec_driver_sql(f'DELETE FROM "{name}"')
    studies.install(study())
    db.session.commit()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The name of the database: each test runs on both."""
    return str(request.param)


@pytest.fixture
def guarded_forms(app: Flask) -> Iterator[Flask]:
    """The app as it runs: every form is asked for its token."""
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def app(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app on an emptied database, its context pushed, the clock at noon."""
    if database not in _apps:
        folder = tmp_path_factory.mktemp("database")
        _apps[database] = new_app(_url(database, folder))
    app = _apps[database]
    world = app.extensions["outside"]
    world.now.moment = NOON
    world.mail.sent.clear()
    world.mail.fault = None
    with app.app_context(), plans.watched(db.engine) as reading_all:
        empty(app)
        yield app
        db.session.rollback()
    assert not reading_all, "this reads a whole table that grows: it needs an index"


def _url(database: str, folder: Path) -> str:
    return f"sqlite:///{folder}/test.db" if database == "sqlite" else postgres_url()


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What is logged, as a real process writes it, whatever earlier tests did with the log."""
    kept = StringIO()
    logs.configure(kept)
    yield kept
    structlog.reset_defaults()


@pytest.fixture
def clock(app: Flask) -> FakeClock:
    """The clock of the app: it stands at noon until it is moved."""
    return app.extensions["outside"].now


@pytest.fixture
def mailbox(app: Flask) -> FakeMail:
    """What the app sent."""
    return app.extensions["outside"].mail


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A browser in which nobody has been yet."""
    return app.test_client()


@pytest.fixture
def browse_as(app: Flask) -> Callable[[Participant | Account], FlaskClient]:
    """Give a browser in which somebody has signed in: a participant, or an account of staff."""

    def signed_in(who: Participant | Account) -> FlaskClient:
        client = app.test_client()
        is_participant = isinstance(who, Participant)
        account = who.account if is_participant else who
        now = app.extensions["outside"].now()
        visit, token = visits.begin(account, lasts=visits.STAFF_HOURS, now=now)
        if is_participant:
            visits.permit(visit, Scope.EVERYTHING)
        else:
            visit.second_factor_at = now
        db.session.commit()
        with client.session_transaction() as cookie:
            cookie[guard.VISITOR_COOKIE if is_participant else guard.STAFF_COOKIE] = token
        return client

    return signed_in


@pytest.fixture
def count_queries(app: Flask) -> Iterator[list[str]]:
    """A list that fills with the SQL statements of what happens in the test."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    """One browser a process: two of them at once do not go together in one thread."""
    with chromium() as browser:
        yield browser
