"""Where somebody is during one occasion, and whom to ring: told, used, forgotten."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.contacts.models import Whereabouts
from remote_training.core.db import db

KEPT = timedelta(days=2)

_rows = cast(sa.Table, Whereabouts.__table__).c
TOLD = sa.select(_rows.occasion_id).where(
    _rows.occasion_id.in_(sa.bindparam("occasion_ids", expanding=True))
)


def tell(
    contact_id: UUID,
    occasion_id: UUID,
    *,
    place: str,
    call_name: str = "",
    call_phone: str = "",
    now: datetime,
) -> Whereabouts:
    """Keep where a person is; what she told before about this occasion is replaced.

    Without a name and a number to call, those of her file are meant.
    """
    row = of(occasion_id)
    if row is None:
        row = Whereabouts(id=uuid4(), contact_id=contact_id, occasion_id=occasion_id)
        db.session.add(row)
    row.place, row.call_name, row.call_phone = place, call_name, call_phone
    row.given_at = now
    db.session.flush()
    return row


def of(occasion_id: UUID) -> Whereabouts | None:
    """What was told about an occasion."""
    found = sa.select(Whereabouts).where(Whereabouts.occasion_id == occasion_id)
    return db.session.scalars(found).one_or_none()


def told(occasion_ids: Collection[UUID]) -> set[UUID]:
    """Those of the occasions about which something was told."""
    return set(db.session.scalars(TOLD, {"occasion_ids": list(occasion_ids)}))


def told_at(occasion_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When something was told about these occasions, last, by occasion."""
    row = Whereabouts
    found = sa.select(row.occasion_id, row.given_at).where(row.occasion_id.in_(occasion_ids))
    return {one.occasion_id: one.given_at for one in db.session.execute(found)}


def forget(*, now: datetime) -> int:
    """Delete what was told more than two days ago; returns how many."""
    old = sa.delete(Whereabouts).where(Whereabouts.given_at < now - KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]
