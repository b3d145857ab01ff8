"""Writing one answer: the newest stands, whatever the order in which they arrive."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from remote_training.assessments.models import Answer, AnswerState
from remote_training.core.db import db

ROWS = cast(sa.Table, Answer.__table__)


def write(
    form_id: UUID,
    item: str,
    *,
    state: AnswerState,
    value: int | None,
    language: str,
    translation: str | None,
    given_at: datetime,
    client_key: UUID | None,
    now: datetime,
) -> bool:
    """Add this one, once what stands is replaced if this is newer and differs.

    One statement where nothing stood, three where something did. The same answer again only
    moves when it was given. One that is older than what stands is kept as replaced. A
    `client_key` that is known changes nothing. False where no row was added: the same again,
    or somebody wrote at this very moment, and trying once more finds what they wrote.
    """
    told = {
        "form": form_id,
        "asked": item,
        "told": state,
        "points": value,
        "spoken": language,
        "words": translation,
        "given": given_at,
        "arrived": now,
        "press": client_key,
    }
    if _is_added(told):
        return True
    db.session.execute(_replaced(client_key is not None), told)
    return _is_added(told)


def _is_added(told: dict[str, Any]) -> bool:
    added = _added(db.session.get_bind().dialect.name == "sqlite")
    return bool(db.session.execute(added, {**told, "row": uuid4()}).rowcount == 1)  # type: ignore[attr-defined]


@lru_cache(maxsize=2)
def _replaced(has_key: bool) -> sa.Update:
    """What stood and is older is replaced where it differs, and said again where it does not."""
    state, value = _given("told", ROWS.c.state), _given("points", ROWS.c.value)
    given_at = _given("given", ROWS.c.given_at)
    differs = sa.or_(ROWS.c.state != state, ROWS.c.value.is_distinct_from(value))
    stood = (
        sa.update(ROWS)
        .where(_stands(ROWS), ROWS.c.given_at <= given_at)
        .values(
            replaced_at=sa.case((differs, _given("arrived", ROWS.c.replaced_at))),
            given_at=sa.case((differs, ROWS.c.given_at), else_=given_at),
        )
    )
    if not has_key:
        return stood
    known = ROWS.alias("known")
    return stood.where(~sa.exists().where(known.c.client_key == _given("press", ROWS.c.client_key)))


@lru_cache(maxsize=2)
def _added(is_sqlite: bool) -> Any:
    """A new row: one that stands, or is replaced already where what stands is newer.

    None where an older one still stands, or the same key is known.
    """
    newer, given_at = ROWS.alias("newer"), _given("given", ROWS.c.given_at)
    is_late = sa.exists().where(_stands(newer), newer.c.given_at > given_at)
    arrived = _given("arrived", ROWS.c.answered_at)
    insert: Any = sqlite.insert(ROWS) if is_sqlite else postgresql.insert(ROWS)
    return (
        insert.values(
            id=_given("row", ROWS.c.id),
            form_id=_given("form", ROWS.c.form_id),
            item=_given("asked", ROWS.c.item),
            state=_given("told", ROWS.c.state),
            value=_given("points", ROWS.c.value),
            language=_given("spoken", ROWS.c.language),
            translation=_given("words", ROWS.c.translation),
            client_key=_given("press", ROWS.c.client_key),
            given_at=given_at,
            answered_at=arrived,
            replaced_at=sa.case((is_late, arrived)),
        )
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )


def _stands(rows: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        rows.c.form_id == _given("form", ROWS.c.form_id),
        rows.c.item == _given("asked", ROWS.c.item),
        rows.c.replaced_at.is_(None),
    )


def _given(name: str, column: sa.Column[Any]) -> sa.BindParameter[Any]:
    """A place for a value: the statement itself is made once."""
    return sa.bindparam(name, type_=column.type)
