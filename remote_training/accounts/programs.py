"""Access tokens: with what a program asks in the name of a member of staff.

A token is worth what its owner is at that moment: it opens what one role opens, at the sites
where the owner has that role, and shows the arm where the owner may see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts import queries
from remote_training.accounts.errors import TooManyTokens, WrongRole, WrongTokenName
from remote_training.accounts.models import AccessToken, Role
from remote_training.audit import service as audit
from remote_training.core.crypto import new_token, token_hash
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.text import clean_line
from remote_training.core.words import say

ROLES = (Role.COORDINATOR, Role.RESEARCHER)  # whose questions a program may ask
OPENS = {
    Role.COORDINATOR: say("Classes, bookings, time-points"),
    Role.RESEARCHER: say("Data set and codebook"),
}
MARK = "rt_"  # by which those who search for lost secrets know one of ours
DAYS = (7, 30, 90, 365)
MOST = 20
LONGEST_NAME = 80


@dataclass(frozen=True)
class Caller:
    """In whose name a program asks, and how far it may."""

    token_id: UUID
    account_id: UUID
    role: Role
    site_ids: tuple[UUID, ...]
    shows_arm: bool
    language: str
    zone: str


def make(account_id: UUID, name: str, role: Role, *, days: int, now: datetime) -> str:
    """Make a token and give it: it is kept nowhere, and shown once.

    Raises `WrongTokenName`, `WrongRole` for a role that the account has not, `TooManyTokens`.
    """
    if role not in ROLES or all(one.role is not role for one in queries.grants_of(account_id)):
        raise WrongRole(say("This page is for somebody with another role."))
    if sum(one.is_open(now) for one in of(account_id)) >= MOST:
        raise TooManyTokens(
            say("You have %(count)s of them. Please end one that you do not need."), count=MOST
        )
    token = MARK + new_token()
    row = AccessToken(
        account_id=account_id,
        name=name_of(name),
        role=role,
        token_hash=token_hash(token),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(row)
    db.session.flush()
    audit.note(
        "accounts.make_token", "access_token", row.id, by=account_id, now=now, role=role, days=days
    )
    return token


def name_of(typed: str) -> str:
    """The name of a token on one line, or `WrongTokenName`."""
    name = clean_line(typed)
    if not name:
        raise WrongTokenName(say("Please fill this in."))
    if len(name) > LONGEST_NAME:
        raise WrongTokenName(say("Please shorten this to %(count)s letters."), count=LONGEST_NAME)
    return name


def of(account_id: UUID) -> Sequence[AccessToken]:
    """The tokens of an account that nobody has ended, newest first; some may have run out."""
    found = (
        sa.select(AccessToken)
        .where(AccessToken.account_id == account_id, AccessToken.ended_at.is_(None))
        .order_by(AccessToken.made_at.desc(), AccessToken.id)
    )
    return db.session.scalars(found).all()


def mine(token_id: UUID, account_id: UUID) -> AccessToken:
    """The token of this id, ended or not, if it is this account's, or `NotFound`."""
    found = sa.select(AccessToken).where(
        AccessToken.id == token_id, AccessToken.account_id == account_id
    )
    row = db.session.scalars(found).one_or_none()
    if row is None:
        raise NotFound(say("This access is not among yours."))
    return row


def end(row: AccessToken, *, now: datetime, by: UUID | None) -> None:
    """End a token at once. Ending twice changes nothing."""
    if row.ended_at is None:
        row.ended_at = now
        audit.note("accounts.end_token", "access_token", row.id, by=by, now=now)


def end_all(account_id: UUID, *, role: Role | None = None, now: datetime, by: UUID | None) -> None:
    """End the tokens of an account, or those for one role."""
    for row in of(account_id):
        if role in (None, row.role):
            end(row, now=now, by=by)


def ever_was(token: str) -> bool:
    """Whether such a token was ever made, whatever became of it."""
    found = sa.select(AccessToken.id).where(AccessToken.token_hash == token_hash(token))
    return db.session.execute(found).first() is not None


def caller(token: str, *, now: datetime) -> Caller | None:
    """Who asks with a token; None where it opens nothing (any more). That it was used is kept."""
    found = (
        sa.select(AccessToken)
        .where(AccessToken.token_hash == token_hash(token))
        .options(joinedload(AccessToken.account))
    )
    row = db.session.scalars(found).one_or_none()
    if row is None or not row.is_open(now) or not row.account.is_active:
        return None
    grants = queries.grants_of(row.account_id)
    site_ids = tuple(grant.site_id for grant in grants if grant.role is row.role)
    if not site_ids:
        return None
    row.used_at = now
    return Caller(
        token_id=row.id,
        account_id=row.account_id,
        role=row.role,
        site_ids=site_ids,
        shows_arm=queries.may_see_arm(grants),
        language=row.account.language,
        zone=row.account.zone,
    )
