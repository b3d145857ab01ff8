"""Adding to the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from remote_training.audit.models import Entry
from remote_training.core.db import write


def note(
    action: str,
    subject: str,
    subject_id: UUID | None,
    *,
    by: UUID | None,
    now: datetime,
    reason: str | None = None,
    **detail: Any,
) -> Entry:
    """Add one entry, in the transaction of the change it tells.

    `action` is a verb with its room (`bookings.cancel`); `detail` may hold field names
    and codes only: what is typed about a person stays in the vault.
    """
    entry = Entry(
        at=now,
        actor_id=by,
        action=action,
        subject=subject,
        subject_id=subject_id,
        detail=detail,
        reason=reason,
    )
    write(entry)
    return entry
