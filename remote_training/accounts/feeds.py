"""The address of somebody's own calendar feed: one at a time, made and taken away by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts import tokens
from remote_training.accounts.models import Link, LinkKind
from remote_training.audit import service as audit
from remote_training.core import settings
from remote_training.core.crypto import token_hash
from remote_training.core.db import db

NO_ALARM = "no"
IS_THERE = sa.select(Link.id).where(
    Link.account_id == sa.bindparam("account_id"),
    Link.kind == LinkKind.CALENDAR,
    Link.revoked_at.is_(None),
)


def is_made(account_id: UUID) -> bool:
    """Whether there is an address that gives this account's feed."""
    return db.session.execute(IS_THERE, {"account_id": account_id}).first() is not None


def make(account_id: UUID, *, has_alarms: bool = True, now: datetime) -> str:
    """Make a new address, which is kept nowhere and shown once; the one before it ends.

    Without `has_alarms` the address itself says so: it is the calendar program that asks.
    """
    take_away(account_id, now=now)
    token = tokens.mint(LinkKind.CALENDAR, account_id, now=now)
    audit.note("accounts.make_feed", "account", account_id, by=account_id, now=now)
    wish = "" if has_alarms else f"?alarm={NO_ALARM}"
    return f"{settings.current().address}/calendar/{token}.ics{wish}"


def is_live(address: str, account_id: UUID) -> bool:
    """Whether this address still gives this account's feed."""
    token = address.rpartition("/")[2].partition(".ics")[0]
    found = IS_THERE.where(Link.token_hash == token_hash(token))
    return db.session.execute(found, {"account_id": account_id}).first() is not None


def take_away(account_id: UUID, *, now: datetime) -> None:
    """End the address, if there is one."""
    if is_made(account_id):
        tokens.revoke_all(account_id, now=now, kinds=(LinkKind.CALENDAR,))
        audit.note("accounts.end_feed", "account", account_id, by=account_id, now=now)
