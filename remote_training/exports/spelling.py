"""How values are spelled by the database itself, the same on both."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


def text(column: Any) -> sa.ColumnElement[str]:
    """A state as the text that is stored."""
    return sa.type_coerce(column, sa.String())


def yes_no(column: Any) -> sa.ColumnElement[int]:
    """True as 1, false as 0; what is not known stays empty."""
    return sa.case((column.is_(sa.true()), 1), (column.is_(sa.false()), 0))


class moment(GenericFunction[str]):  # noqa: N801
    """A moment as text: `2026-11-24T12:00:00Z`."""

    type = sa.String()
    inherit_cache = True


@compiles(moment, "postgresql")
def _moment_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    inner = compiler.process(element.clauses, **kw)
    return f"to_char({inner} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


@compiles(moment, "sqlite")
def _moment_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    inner = compiler.process(element.clauses, **kw)
    return f"(substr({inner}, 1, 10) || 'T' || substr({inner}, 12, 8) || 'Z')"


class bytewise(GenericFunction[str]):  # noqa: N801
    """Text in the order of its bytes, in which SQLite orders anyway."""

    type = sa.String()
    inherit_cache = True


@compiles(bytewise, "postgresql")
def _bytewise_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f'{compiler.process(element.clauses, **kw)} COLLATE "C"'


@compiles(bytewise, "sqlite")
def _bytewise_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))
