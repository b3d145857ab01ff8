import contextlib
import contextvars
import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from remote_training.audit.models import Entry
from remote_training.classes.models import Session
from remote_training.core import engines
from remote_training.core.db import (
    UtcDateTime,
    db,
    is_writing,
    reader,
    unit_of_work,
    write,
)
from remote_training.studies.models import Site
from tests import make
from tests.fakes import NOON


def entry(at=NOON):
    return Entry(at=at, action="tests.try", subject="test", detail={})


def count():
    return db.session.scalar(sa.select(sa.func.count(Entry.id)))


def test_a_moment_without_a_zone_is_refused(app):
    db.session.add(entry(at=datetime(2026, 11, 24, 12, 0)))

    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        db.session.flush()


def test_a_moment_comes_back_in_utc(app):
    in_tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    db.session.add(entry(at=in_tokyo))
    db.session.commit()
    db.session.expire_all()

    found = db.session.scalars(sa.select(Entry.at)).one()

    assert found == NOON
    assert found.tzinfo is UTC


def test_nothing_stays_nothing():
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        assert UtcDateTime().process_bind_param(None, dialect) is None
        assert UtcDateTime().result_processor(dialect, None)(None) is None


def test_what_happens_in_a_unit_of_work_is_committed_together(app):
    with unit_of_work():
        db.session.add_all([entry(), entry()])
    db.session.rollback()

    assert count() == 2


def test_after_a_fault_nothing_of_it_is_kept(app):
    with pytest.raises(RuntimeError), unit_of_work():
        db.session.add(entry())
        db.session.flush()
        assert count() == 1
        raise RuntimeError("half way")

    assert count() == 0


def test_it_can_be_worn_again_and_again(app):
    @unit_of_work()
    def add():
        db.session.add(entry())

    add()
    add()
    db.session.rollback()

    assert count() == 2
    assert not is_writing()


@pytest.mark.parametrize(
    ("method", "writes"), [("GET", False), ("HEAD", False), ("POST", True), ("DELETE", True)]
)
def test_a_request_that_may_write_says_so(method, writes, app):
    def in_request():
        with app.test_request_context(method=method):
            return is_writing()

    assert contextvars.Context().run(in_request) is writes


def test_a_row_that_points_at_nothing_is_refused(app):
    db.session.add(Session(site_id=make.contact().id, trainer_id=make.account().id, **hour()))

    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()


def hour():
    return {
        "on_date": NOON.date(),
        "module": "base",
        "language": "en",
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=1),
        "places": 1,
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_keeps_what_it_said(app):
    asked = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
    }
    with db.engine.connect() as connection:
        told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked}

    assert told == asked


def test_writers_wait_for_each_other_and_lose_nothing(app):
    """Each reads, then writes what it read plus one: with a late lock some would be lost."""
    site_id, turns, threads = make.site().id, 5, 8
    _set_phone(site_id, "0")

    def add():
        with app.app_context():
            for _ in range(turns):
                with unit_of_work():
                    found = sa.select(Site).where(Site.id == site_id).with_for_update()
                    site = db.session.scalars(found).one()
                    site.phone = str(int(site.phone) + 1)

    running = [threading.Thread(target=add) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    db.session.rollback()

    assert make.site().phone == str(turns * threads)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_on_sqlite_who_reads_first_and_writes_late_is_refused(app):
    first, second = db.engine.connect(), db.engine.connect()
    try:
        first.execute(sa.select(Site.phone))
        second.exec_driver_sql("PRAGMA busy_timeout = 0")
        second.execute(sa.select(Site.phone)).all()
        first.execute(sa.update(Site).values(phone="1"))
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            second.execute(sa.update(Site).values(phone="2"))
    finally:
        second.exec_driver_sql("PRAGMA busy_timeout = 20000")
        first.close()
        second.close()


def another_may_write():
    """Whether a second program may begin to write to the SQLite file at this moment."""
    other = sqlite3.connect(db.engine.url.database, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        other.close()
    return True


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_on_sqlite_a_unit_of_work_has_the_lock_from_its_first_read(app):
    db.session.scalars(sa.select(Site.phone)).all()
    assert another_may_write()
    db.session.rollback()

    with unit_of_work():
        db.session.scalars(sa.select(Site.phone)).all()
        assert not another_may_write()

    assert another_may_write()


def _set_phone(site_id, phone):
    db.session.execute(sa.update(Site).where(Site.id == site_id).values(phone=phone))
    db.session.commit()


def cut_off_all():
    """End every other connection to this database, as a server does that is started anew."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid, 2000) {others}"))


def test_a_connection_whose_server_went_away_is_not_used(app):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("there is no server that could go away")
    count()
    db.session.rollback()
    cut_off_all()

    assert count() == 0

    db.session.rollback()
    sa.event.remove(db.engine, "checkout", engines._on_checkout)
    try:
        cut_off_all()
        with pytest.raises(sa.exc.OperationalError):
            count()
    finally:
        sa.event.listen(db.engine, "checkout", engines._on_checkout)
        db.session.rollback()


def prepared():
    """How many statements about the audit trail the driver has prepared on its connection."""
    asked = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%audit_entry%'"
    with db.engine.connect() as connection:
        return connection.scalar(sa.text(asked))


def test_what_the_driver_prepared_outlives_a_request_that_only_read(app):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("this driver prepares and keeps by itself")
    db.engine.dispose()
    for _ in range(8):
        with app.app_context(), app.test_request_context():
            count()
    assert prepared() == 1

    with app.app_context(), app.test_request_context(method="POST"):
        count()
        db.session.rollback()

    assert prepared() == 0, "the control: this is what a ROLLBACK costs"


@pytest.mark.parametrize("writes", ["row", "statement", "text"])
def test_a_request_that_only_reads_keeps_nothing_that_it_writes(app, writes):
    is_refused = db.engine.dialect.name == "postgresql"
    with app.app_context(), app.test_request_context():
        count()
        with pytest.raises(RuntimeError) if is_refused else contextlib.nullcontext():
            if writes == "row":
                db.session.add(entry())
                db.session.flush()
            elif writes == "statement":
                new = {"at": NOON, "action": "x", "subject": "y", "detail": {}}
                db.session.execute(sa.insert(Entry), [new])
            else:
                db.session.execute(sa.text("UPDATE site SET phone = '0'"))

    assert count() == 0
    assert "0" not in db.session.scalars(sa.select(Site.phone)).all()


def read_count():
    with reader() as read:
        return read.scalar(sa.select(sa.func.count(Entry.id)))


def test_rows_read_past_the_session_are_those_that_were_committed(app):
    db.session.add(entry())
    db.session.flush()

    with app.app_context(), app.test_request_context():
        assert read_count() == 0
    db.session.commit()

    with app.app_context(), app.test_request_context():
        assert read_count() == 1
        db.session.connection()
        with reader() as read:
            assert read.connection.driver_connection is not (
                db.session.connection().connection.driver_connection
            )


@pytest.mark.parametrize("method", [None, "POST"])
def test_a_unit_of_work_reads_what_it_wrote_itself(app, method):
    request = app.test_request_context(method=method) if method else contextlib.nullcontext()
    with app.app_context(), request, unit_of_work():
        db.session.add(entry())
        db.session.flush()

        assert read_count() == 1


def test_past_the_session_nothing_is_written(app):
    is_refused = db.engine.dialect.name == "postgresql"
    with app.app_context(), app.test_request_context():
        refused = pytest.raises(RuntimeError) if is_refused else contextlib.nullcontext()
        with refused, reader() as read:
            read.execute(sa.text("UPDATE site SET phone = '0'"))

    assert "0" not in db.session.scalars(sa.select(Site.phone)).all()


def test_a_unit_of_work_writes_all_or_nothing_after_its_request_has_read(app):
    with app.app_context(), app.test_request_context():
        count()
        with pytest.raises(sa.exc.IntegrityError), unit_of_work():
            db.session.add(entry())
            db.session.flush()
            db.session.add(entry(at=None))
    assert count() == 0
    db.session.rollback()

    with app.app_context(), app.test_request_context():
        count()
        with unit_of_work():
            db.session.add_all([entry(), entry()])
    assert count() == 2


@pytest.mark.parametrize("writes", ["row", "statement", "text"])
def test_what_was_written_outside_a_unit_of_work_is_not_kept_at_the_end(app, writes):
    site = db.session.scalars(sa.select(Site).order_by(Site.code)).first()
    db.session.rollback()
    with app.app_context():
        count()
        if writes == "row":
            db.session.add(entry())
        elif writes == "statement":
            db.session.execute(
                sa.insert(Entry), [{"at": NOON, "action": "x", "subject": "y", "detail": {}}]
            )
        else:
            db.session.execute(sa.text("UPDATE site SET phone = '0'"))

    assert count() == 0
    db.session.refresh(site)
    assert site.phone != "0"


def test_a_row_that_is_written_at_once_is_as_one_that_was_read(app):
    one = entry()

    assert write(one)
    assert not db.session.new
    assert db.session.get(Entry, one.id) is one
    db.session.commit()
    assert (one.at, one.action) == (NOON, "tests.try")
