"""How SQLite would answer what the platform asks: no page and no round reads a whole table.

Every statement of the suite is looked at once a process. SQLite plans without knowing how many
rows there are, so that a small table of a test shows what a large one would cost.
"""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

GROWING = (
    "account", "answer", "assessment", "attendance", "audit_entry", "booking", "browser_session",
    "contact", "form", "hook_event", "link", "meeting_event", "meeting_person", "message", "permit",
)  # fmt: skip
WHOLE = re.compile(rf"^(SCAN ({'|'.join(GROWING)})(?! USING)\b|MATERIALIZE|.*AUTOMATIC)")
OURS = Path(__file__).resolve().parents[1] / "remote_training"
READS_ALL = (  # where everything is wanted
    "exports", "operations", "core/migrations.py", "contacts/resealing.py", "messages/cli.py",
)  # fmt: skip
_seen: set[str] = set()


@contextmanager
def watched(engine: sa.Engine) -> Iterator[list[str]]:
    """A list that fills with the statements of the platform that read a whole table."""
    found: list[str] = []

    def look(
        connection: sa.Connection,
        _cursor: Any,
        statement: str,
        values: Any,
        _context: Any,
        many: bool,
    ) -> None:
        if many or statement in _seen or connection.dialect.name != "sqlite":
            return
        _seen.add(statement)
        driver: Any = connection.connection.driver_connection
        if whole := _whole(driver, statement, values):
            who = _who()
            if who is not None and not who.startswith(READS_ALL):
                found.append(f"{who}: {', '.join(whole)}: {' '.join(statement.split())[:300]}")

    sa.event.listen(engine, "before_cursor_execute", look)
    yield found
    sa.event.remove(engine, "before_cursor_execute", look)


def _whole(driver: sqlite3.Connection, statement: str, values: Any) -> list[str]:
    try:
        plan = driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    except sqlite3.Error:  # a pragma, a savepoint: nothing that has a plan
        return []
    return [step for *_ids, step in plan if WHOLE.match(step)]


def _who() -> str | None:
    """The innermost line of ours that asks; None for a test that asks by itself."""
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        if path.is_relative_to(OURS):
            return f"{path.relative_to(OURS)}:{frame.lineno}"
        if path.name.startswith("test_"):
            return None
    return None
