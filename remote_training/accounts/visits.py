"""Visits: who is here in which browser, until when, and what a visit may see.

A cookie holds a random token, the table its hash: ending a row ends the visit on that
device at the next request, whatever the cookie says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts.models import (
    Account,
    BrowserSession,
    Link,
    Permit,
    Scope,
    Validity,
)
from remote_training.core.crypto import new_token, token_hash
from remote_training.core.db import db, reader

STAFF_HOURS = timedelta(hours=10)
PARTICIPANT_HOURS = timedelta(hours=12)
REMEMBERED = timedelta(days=28)  # after a visit has run out

# asked on every page: composed once, so that no request composes them again
VISIT = (
    sa.select(BrowserSession)
    .where(BrowserSession.token_hash == sa.bindparam("token_hash"))
    .options(joinedload(BrowserSession.account).joinedload(Account.contact))
)
PERMITS = (
    sa.select(Permit)
    .where(Permit.browser_session_id == sa.bindparam("visit_id"))
    .options(joinedload(Permit.link))
)
_VISIT, _ACCOUNT, _PERMIT, _LINK = (
    cast(sa.Table, model.__table__) for model in (BrowserSession, Account, Permit, Link)
)
HERE = (
    sa.select(
        _VISIT.c.id, _VISIT.c.expires_at,
        _ACCOUNT.c.id, _ACCOUNT.c.language, _ACCOUNT.c.zone,
        _PERMIT.c.scope, _PERMIT.c.subject_id,
        _LINK.c.id, _LINK.c.revoked_at, _LINK.c.used_at, _LINK.c.expires_at,
    )
    .join(_ACCOUNT, _ACCOUNT.c.id == _VISIT.c.account_id)
    .outerjoin(_PERMIT, _PERMIT.c.browser_session_id == _VISIT.c.id)
    .outerjoin(_LINK, _LINK.c.id == _PERMIT.c.link_id)
    .where(
        _VISIT.c.token_hash == sa.bindparam("token_hash"),
        _VISIT.c.ended_at.is_(None),
        _ACCOUNT.c.is_active,
    )
)  # fmt: skip
OWN = len(HERE.selected_columns)


class Reader(NamedTuple):
    """Whose account it is, and how its owner reads."""

    id: UUID
    language: str
    zone: str

    @classmethod
    def of(cls, account: Account) -> Reader:
        """The reader of an account."""
        return cls(account.id, account.language, account.zone)


class Opened(NamedTuple):
    """What one permit opens, and what the link is worth that it came from, if any."""

    scope: Scope
    subject_id: UUID | None
    link: Validity | None

    @classmethod
    def by(cls, permit: Permit) -> Opened:
        """What a permit opens."""
        link = permit.link.validity if permit.link is not None else None
        return cls(permit.scope, permit.subject_id, link)

    def covers(self, scope: Scope, subject_id: UUID | None, *, now: datetime) -> bool:
        """Whether a thing may be seen by it.

        A permit is worth as much as the link it came from: a revoked or ended one opens nothing.
        A permit for everything outlives its link, which is spent by using it.
        """
        if self.scope is Scope.EVERYTHING:
            return self.link is None or self.link.revoked_at is None
        fits = self.scope is scope and self.subject_id == subject_id
        return fits and (self.link is None or self.link.is_open(now))


@dataclass(frozen=True)
class Here:
    """A participant in her browser: plain values, as every page of hers needs them.

    `about` is what the page asked besides, in the same question.
    """

    visit_id: UUID
    reader: Reader
    opened: Sequence[Opened]
    about: Sequence[Any] = ()

    def may_see(self, scope: Scope, subject_id: UUID | None, *, now: datetime) -> bool:
        """Whether she may see a thing: by a permit for it, or for everything of her own."""
        return any(one.covers(scope, subject_id, now=now) for one in self.opened)


def begin(account: Account, *, lasts: timedelta, now: datetime) -> tuple[BrowserSession, str]:
    """Begin a visit; returns it with the token for the cookie, which is kept nowhere."""
    token = new_token()
    visit = BrowserSession(
        token_hash=token_hash(token), account_id=account.id, began_at=now, expires_at=now + lasts
    )
    db.session.add(visit)
    db.session.flush()
    return visit, token


def find(token: str, *, now: datetime) -> BrowserSession | None:
    """The live visit of a cookie's token, with its account, or None."""
    visit = db.session.scalars(VISIT, {"token_hash": token_hash(token)}).one_or_none()
    if visit is None or not visit.is_live(now) or not visit.account.is_active:
        return None
    return visit


def look(token: str, *, now: datetime, asked: sa.Select[Any] = HERE) -> Here | None:
    """Who is here by a cookie's token, and what she may see, in one statement; None for nobody.

    `asked` is `HERE`, or what begins with its columns.
    """
    with reader() as read:
        found = read.execute(asked, {"token_hash": token_hash(token)}).all()
    if not found or found[0][1] <= now:
        return None
    visit_id, _expires_at, *her = found[0][:5]
    opened = [
        Opened(scope, subject_id, None if link_id is None else Validity(*validity))
        for scope, subject_id, link_id, *validity in (row[5:OWN] for row in found)
        if scope is not None
    ]
    return Here(visit_id, Reader(*her), opened, found[0][OWN:])


def end(visit: BrowserSession, *, now: datetime) -> None:
    """End one visit."""
    if visit.ended_at is None:
        visit.ended_at = now


def end_all(account_id: UUID, *, now: datetime) -> int:
    """End every visit of an account on every device; returns how many were live."""
    ended = (
        sa.update(BrowserSession)
        .where(BrowserSession.account_id == account_id, BrowserSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    return int(db.session.execute(ended).rowcount)  # type: ignore[attr-defined]


def permit(
    visit: BrowserSession, scope: Scope, *, subject_id: UUID | None = None, link: Link | None = None
) -> None:
    """Let a visit see something more; twice changes nothing."""
    if not _permits(visit, scope, subject_id):
        link_id = link.id if link is not None else None
        db.session.add(
            Permit(browser_session_id=visit.id, scope=scope, subject_id=subject_id, link_id=link_id)
        )


def permit_for(
    visit_id: UUID, scope: Scope, subject_id: UUID | None, *, now: datetime
) -> Permit | None:
    """The permit by which a visit, live or ended, may or might see a thing."""
    permits = db.session.scalars(PERMITS.order_by(Permit.id), {"visit_id": visit_id})
    covers = (one for one in permits if Opened.by(one).covers(scope, subject_id, now=now))
    return next(covers, None)


def standing_permit(
    permit_id: UUID, scope: Scope, subject_id: UUID | None, *, now: datetime
) -> Permit | None:
    """A permit that would still open a thing, whether or not its visit goes on.

    Not one whose link was revoked or has ended, nor of somebody who is switched off.
    """
    found = (
        sa.select(Permit)
        .where(Permit.id == permit_id)
        .options(
            joinedload(Permit.link),
            joinedload(Permit.visit).joinedload(BrowserSession.account).joinedload(Account.contact),
        )
    )
    one = db.session.scalars(found).one_or_none()
    if one is None or not one.visit.account.is_active:
        return None
    return one if Opened.by(one).covers(scope, subject_id, now=now) else None


def run_out(token: str, *, now: datetime) -> BrowserSession | None:
    """The visit of a cookie's token that ended by itself, within the last weeks; or None.

    One that somebody ended is over for good.
    """
    found = sa.select(BrowserSession).where(
        BrowserSession.token_hash == token_hash(token),
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at <= now,
        BrowserSession.expires_at > now - REMEMBERED,
    )
    return db.session.scalars(found).one_or_none()


def _permits(visit: BrowserSession, scope: Scope, subject_id: UUID | None) -> bool:
    found = sa.select(Permit.id).where(
        Permit.browser_session_id == visit.id,
        Permit.scope == scope,
        Permit.subject_id.is_(None) if subject_id is None else Permit.subject_id == subject_id,
    )
    return db.session.scalar(found) is not None


def carry_over(before: BrowserSession, visit: BrowserSession) -> None:
    """Let a new visit of the same person see what her visit before could see."""
    for old in db.session.scalars(PERMITS, {"visit_id": before.id}).all():
        permit(visit, old.scope, subject_id=old.subject_id, link=old.link)
