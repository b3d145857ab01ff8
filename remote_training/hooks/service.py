"""Keeping what a provider sent: one row, and nothing else, so that it is answered at once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from remote_training.contacts import resealing
from remote_training.core.crypto import keyring
from remote_training.core.db import db
from remote_training.hooks.models import HookEvent, State

KEPT_FOR = timedelta(days=90)
AT_ONCE = 500
ROWS: Any = HookEvent.__table__


def keep(
    provider: str, kind: str, body: bytes, *, now: datetime, signed_at: datetime | None = None
) -> bool:
    """Keep a message as it came; False for one that we have. `body` must have been checked."""
    row_id = uuid4()
    sealed = keyring().seal(body.decode("latin-1"), about=f"{ROWS.name}/{row_id}/body")
    row: dict[str, Any] = {
        "id": row_id,
        "provider": provider,
        "kind": kind,
        "digest": _digest(provider, kind, body),
        "received_at": now,
        "signed_at": signed_at,
        "body_sealed": sealed,
        "state": State.NEW,
        "tries": 0,
    }
    added = db.session.connection().execute(_insertion(db.engine.dialect.name), row)
    return added.first() is not None


@lru_cache
def _insertion(dialect: str) -> Any:
    """The statement that keeps a row, once; made once, as it is needed at every event."""
    insert: Any = sqlite.insert(ROWS) if dialect == "sqlite" else postgresql.insert(ROWS)
    return insert.on_conflict_do_nothing(index_elements=["digest"]).returning(ROWS.c.id)


def forget(*, now: datetime) -> int:
    """Empty the texts that are older than 90 days; that they came stays. Returns how many.

    At most 500 at once, oldest first.
    """
    old = (
        sa.select(HookEvent.id)
        .where(HookEvent.received_at < now - KEPT_FOR, HookEvent.body_sealed.is_not(None))
        .order_by(HookEvent.received_at, HookEvent.id)
        .limit(AT_ONCE)
    )
    ids = db.session.scalars(old).all()
    if ids:
        db.session.execute(
            sa.update(HookEvent).where(HookEvent.id.in_(ids)).values(body_sealed=None)
        )
    return len(ids)


def reseal(limit: int) -> int:
    """Seal texts with the newest key, `limit` at most; returns how many had another."""
    return resealing.reseal(HookEvent, "body", limit)


def _digest(provider: str, kind: str, body: bytes) -> str:
    return hashlib.sha256(f"{provider}/{kind}/".encode() + body).hexdigest()
