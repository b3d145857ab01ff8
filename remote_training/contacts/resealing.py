"""A sealed field of any room, sealed anew when keys change."""

from __future__ import annotations

import sqlalchemy as sa

from remote_training.core.crypto import keyring
from remote_training.core.db import Model, db


def reseal(model: type[Model], field: str, limit: int) -> int:
    """Seal a field with the newest key where an older one sealed it; returns in how many rows.

    At most `limit` rows at a time, in the order of their ids.
    """
    column, start = getattr(model, f"{field}_sealed"), keyring().newest_start
    old = (
        sa.select(model)
        .where(column.is_not(None), sa.func.substr(column, 1, len(start)) != start)
        .order_by(model.id)
        .limit(limit)
    )
    rows = db.session.scalars(old).all()
    for row in rows:
        setattr(row, field, getattr(row, field))
    return len(rows)
