"""Raising an alert, and telling the coordinators of her site that there is one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.accounts.models import Account, Grant, Role
from remote_training.alerts.models import Alert
from remote_training.audit import service as audit
from remote_training.core.db import db, insert
from remote_training.messages import service as messages
from remote_training.messages.service import Planned
from remote_training.participants.models import Participant

ROWS = cast(sa.Table, Alert.__table__)
KIND = "alert_raised"
TOLD_WITHIN = timedelta(days=2)  # a mail of which nothing is known for so long is worth none


def sound(
    participant: Participant, key: str, *, occasion_id: UUID, said_at: datetime, now: datetime
) -> bool:
    """Raise an alert and queue a mail to each coordinator of her site, in one transaction.

    True for a new one. With a `key` that is there nothing happens: whoever says the same
    once more, or takes it back, changes nothing.
    """
    alert_id = uuid4()
    row = {
        "id": alert_id,
        "participant_id": participant.id,
        "key": key,
        "occasion_id": occasion_id,
        "said_at": said_at,
        "raised_at": now,
    }
    once: Any = insert(ROWS).values(row).on_conflict_do_nothing(index_elements=["key"])
    added: Any = db.session.execute(once.execution_options(preserve_rowcount=True))
    if added.rowcount != 1:
        return False
    audit.note("alerts.sound", "alert", alert_id, by=participant.account_id, now=now)
    tell({alert_id: participant.site_id}, round_=0, now=now)
    return True


def tell(alerts: dict[UUID, UUID], *, round_: int, now: datetime) -> int:
    """Queue one mail for each alert (with its site) to each coordinator there, once a round.

    It goes before all that waits. Returns how many are new. The mail holds no name, no answer and
    no number of hers.
    """
    told = coordinators(alerts.values())
    planned = [
        Planned(
            KIND,
            to=account.contact_id,
            facts={"alert_id": str(alert_id), "account_id": str(account.id)},
            not_after=now + TOLD_WITHIN,
            key=f"{KIND}/{alert_id.hex}/{account.id.hex}/{round_}",
            is_urgent=True,
        )
        for alert_id, site_id in alerts.items()
        for account in told.get(site_id, ())
    ]
    return messages.queue_all(planned, now=now)


def coordinators(site_ids: Collection[UUID]) -> dict[UUID, list[Account]]:
    """Who is told of what happens at these sites: their active coordinators, oldest first."""
    found = (
        sa.select(Grant.site_id, Account)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.site_id.in_(set(site_ids)), Grant.role == Role.COORDINATOR)
        .where(Account.is_active)
        .order_by(Account.created_at, Account.id)
    )
    by_site: dict[UUID, list[Account]] = {}
    for site_id, account in db.session.execute(found):
        by_site.setdefault(site_id, []).append(account)
    return by_site
