"""Writing one answer: the newest stands, whatever the order in which they arrive."""

from __future__ import annotations

from datetime import datetime
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
    """Replace what stands if this is newer and differs, and add this one: two statements.

    The same answer again only moves when it was given. One that is older than what stands
    is kept as replaced. A `client_key` that is known changes nothing. False where no row
    was added: the same again, or somebody wrote at this very moment, and trying once more
    finds what they wrote.
    """
    here = sa.and_(ROWS.c.form_id == form_id, ROWS.c.item == item, ROWS.c.replaced_at.is_(None))
    differs = sa.or_(ROWS.c.state != state, ROWS.c.value.is_distinct_from(value))
    stood = (
        sa.update(ROWS)
        .where(here, ROWS.c.given_at <= given_at)
        .values(
            replaced_at=sa.case((differs, now)),
            given_at=sa.case((differs, ROWS.c.given_at), else_=given_at),
        )
    )
    if client_key is not None:
        known = ROWS.alias("known")
        stood = stood.where(~sa.exists().where(known.c.client_key == client_key))
    newer = ROWS.alias("newer")
    is_late = sa.exists().where(
        newer.c.form_id == form_id,
        newer.c.item == item,
        newer.c.replaced_at.is_(None),
        newer.c.given_at > given_at,
    )
    added = (
        _insert()
        .values(
            id=uuid4(),
            form_id=form_id,
            item=item,
            state=state,
            value=value,
            language=language,
            translation=translation,
            client_key=client_key,
            given_at=given_at,
            answered_at=now,
            replaced_at=sa.case((is_late, now)),
        )
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    db.session.execute(stood)
    return bool(db.session.execute(added).rowcount == 1)  # type: ignore[attr-defined]


def _insert() -> Any:
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(ROWS) if is_sqlite else postgresql.insert(ROWS)
