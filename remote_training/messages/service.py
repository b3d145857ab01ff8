"""The outbox: queue, claim, finish."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.messages.models import Message


def queue(
    kind: str,
    *,
    to: UUID,
    facts: dict[str, Any],
    not_after: datetime,
    now: datetime,
    dedupe_key: str | None = None,
) -> Message | None:
    """Put a message in the outbox; it leaves only if the caller's work is committed.

    `to` names a contact in the vault: no address is kept here. `facts` hold ids and
    codes as text. With a `dedupe_key` that is already there nothing is queued, and
    None is returned.
    """
    if dedupe_key is not None and _is_queued(dedupe_key):
        return None
    message = Message(
        kind=kind,
        contact_id=to,
        facts=facts,
        queued_at=now,
        due_at=now,
        not_after=not_after,
        dedupe_key=dedupe_key,
    )
    db.session.add(message)
    return message


def _is_queued(dedupe_key: str) -> bool:
    found = sa.select(sa.literal(True)).where(Message.dedupe_key == dedupe_key)
    return db.session.scalar(found) is not None
