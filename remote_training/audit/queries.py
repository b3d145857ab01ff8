"""Reading the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa

from remote_training.audit.models import Entry
from remote_training.core.db import db


def about(
    subject_ids: Collection[UUID],
    *,
    subjects: Collection[str],
    action: str | None = None,
    limit: int = 100,
) -> Sequence[Entry]:
    """What happened to these subjects of these kinds, newest first, at most `limit` entries.

    With an `action` that alone.
    """
    found = (
        sa.select(Entry)
        .where(Entry.subject.in_(subjects), Entry.subject_id.in_(subject_ids))
        .order_by(Entry.at.desc(), Entry.id)
        .limit(limit)
    )
    if action is not None:
        found = found.where(Entry.action == action)
    return db.session.scalars(found).all()
