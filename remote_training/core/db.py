"""The database: typed base, moments in UTC, one unit of work.

SQLite and PostgreSQL are served by the same code. On SQLite a writing transaction
begins with BEGIN IMMEDIATE: one that reads first and writes later would be refused
with SQLITE_BUSY, however long the busy timeout.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    make_transient_to_detached,
    mapped_column,
    registry,
)
from sqlalchemy.types import TypeDecorator

from remote_training.core.errors import Refused

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_writing: ContextVar[bool] = ContextVar("writing", default=False)
_only_reading: ContextVar[bool] = ContextVar("only_reading", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware, in UTC. A naive one is refused on its way in."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Take an aware moment to UTC, or raise `ValueError`."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        """What makes of a stored value an aware moment in UTC, also where no zone is kept."""
        return _from_text if dialect.name == "sqlite" else _to_utc


def _from_text(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored + "+00:00")


def _to_utc(stored: datetime | None) -> datetime | None:
    return None if stored is None else stored.astimezone(UTC)


_REGISTRY = registry(
    metadata=sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    ),
    type_annotation_map={
        datetime: UtcDateTime(),
        UUID: sa.Uuid(),
        dict[str, Any]: sa.JSON(),
        StrEnum: sa.Enum(
            StrEnum,
            native_enum=False,
            create_constraint=False,
            length=24,
            values_callable=lambda states: [state.value for state in states],
        ),
    },
)


class Base(DeclarativeBase):
    """What every row has: an id that says nothing."""

    registry = _REGISTRY

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, sort_order=-1)


class _UnitOfWork(FlaskSession):
    """A session that knows whether it may write."""

    def get_bind(
        self,
        mapper: Any | None = None,
        clause: Any | None = None,
        bind: sa.Engine | sa.Connection | None = None,
        **_more: Any,
    ) -> sa.Engine | sa.Connection:
        """The engine of the app; in a request that only reads, `_reading` of it."""
        if bind is not None:
            return bind
        end_reader()  # a request has one connection at a time
        return _reading(db.engine) if has_request_context() and not is_writing() else db.engine


@contextmanager
def reader() -> Iterator[sa.Connection]:
    """A connection for statements that give plain rows.

    In a request that only reads, one past the session of the ORM, which would cost more than the
    rows do, until the session is asked for something; else that of the unit of work, which sees
    what it wrote itself.
    """
    if not has_request_context() or is_writing():
        yield db.session.connection()
        return
    if "reader" not in g:
        g.reader = _reading(db.engine).connect()
    yield g.reader


def end_reader(_error: BaseException | None = None) -> None:
    """Give back the connection of `reader`, where there is one."""
    connection: sa.Connection | None = g.pop("reader", None)
    if connection is not None:
        connection.close()


@lru_cache(maxsize=8)
def _reading(engine: sa.Engine) -> sa.Engine:
    """An engine for requests that only read: on PostgreSQL without a transaction.

    There each statement sees what was committed when it began, in a transaction or not: two
    questions to the server are saved. What is no SELECT of ours is refused, as it would stay.
    """
    if engine.dialect.name == "sqlite":
        return engine
    reading = engine.execution_options(isolation_level="AUTOCOMMIT")
    sa.event.listen(reading, "before_cursor_execute", _refuse_to_write)
    return reading


def _refuse_to_write(
    _connection: sa.Connection,
    _cursor: object,
    _sql: str,
    _values: object,
    context: Any,
    _many: bool,
) -> None:
    if context.compiled is None or not context.compiled.statement.is_select:
        raise RuntimeError("a request that only reads has no transaction to write in")


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"class_": _UnitOfWork})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit what happened inside, or none of it. Also usable as a decorator.

    What was written before a refusal that `keeps` it is committed, too.
    """
    token = _writing.set(True)
    try:
        try:
            yield
        except Refused as refusal:
            if refusal.keeps:
                db.session.commit()
            raise
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _writing.reset(token)


def insert(table: sa.Table | type[Base]) -> Any:
    """An insert that can say what is done where the row is there already (`on_conflict_do_...`)."""
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def write(row: Base, into: sa.Executable | None = None) -> bool:
    """Write a new row at once, without the sorting of a unit of work; False where it was left out.

    Many requests write the same few rows. `into` may be an INSERT that leaves a row out which
    is there already. Afterwards the row is as one that was read.
    """
    table = cast(sa.Table, row.__table__)
    if table.foreign_keys:
        db.session.flush()  # it may point at something that is new itself
    row.id = row.id or uuid4()
    values = {name: value for name, value in row.__dict__.items() if name in table.c}
    done = db.session.execute(_insert(table) if into is None else into, values)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return False
    make_transient_to_detached(row)
    db.session.add(row)
    return True


@lru_cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table).execution_options(preserve_rowcount=True)


@contextmanager
def apart() -> Iterator[Session]:
    """A short transaction of its own, committed at the end whatever the caller's becomes.

    On SQLite only where the caller holds no writing transaction: nobody else could write.
    """
    token = _writing.set(True)
    try:
        with Session(db.engine) as session, session.begin():
            yield session
    finally:
        _writing.reset(token)


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees the database as of one moment, stops no writer, writes nothing."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        token = _only_reading.set(True)
        try:
            connection.begin()
        finally:
            _only_reading.reset(token)
        yield connection


def is_writing() -> bool:
    """Whether the transaction that begins now may write."""
    if _only_reading.get():
        return False
    in_writing_request = has_request_context() and request.method not in SAFE_METHODS
    return _writing.get() or in_writing_request
