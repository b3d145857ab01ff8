"""Links in mails: made when a letter is written, found by their hash, revoked at once.

Source: contract, "Links in mail".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts.models import Account, Link, LinkKind
from remote_training.core.crypto import new_token, token_hash
from remote_training.core.db import db

BOOKINGS_LAST = timedelta(days=14)
SIGN_IN_LASTS = timedelta(minutes=10)
INVITATION_LASTS = timedelta(days=3)
TRIES = 5
LINKS = cast(sa.Table, Link.__table__)

_made: ContextVar[list[dict[str, Any]] | None] = ContextVar("made", default=None)


def mint(
    kind: LinkKind,
    account_id: UUID,
    *,
    now: datetime,
    subject_id: UUID | None = None,
    expires_at: datetime | None = None,
    asked_by: str | None = None,
) -> str:
    """Make a link and give its token, which is kept nowhere.

    `subject_id` is the booking (join), the assessment (answer) or the waiting (bookings, of a
    place that is offered). Without `expires_at`
    the subject's own end decides. `asked_by` marks the browser that asked.
    """
    token = new_token()
    link = {
        "kind": kind,
        "token_hash": token_hash(token),
        "account_id": account_id,
        "subject_id": subject_id,
        "made_at": now,
        "expires_at": expires_at,
        "asked_by": asked_by,
    }
    made = _made.get()
    if made is None:
        db.session.add(Link(**link))
    else:
        made.append(link)
    return token


@contextmanager
def together() -> Iterator[None]:
    """Write the links that are made inside in one statement, at the end; none after an error."""
    token = _made.set([])
    try:
        yield
        _write_made()
    finally:
        _made.reset(token)


def _write_made() -> None:
    if made := _made.get():
        db.session.execute(sa.insert(LINKS), made)
        made.clear()


def mint_sign_in(account_id: UUID, *, asked_by: str | None, now: datetime) -> str:
    """Make a sign-in link; one that was sent before and not used opens nothing any more."""
    _write_made()
    older = (
        sa.update(Link)
        .where(
            Link.account_id == account_id,
            Link.kind == LinkKind.SIGN_IN,
            Link.used_at.is_(None),
            Link.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    db.session.execute(older)
    ends = now + SIGN_IN_LASTS
    return mint(LinkKind.SIGN_IN, account_id, now=now, expires_at=ends, asked_by=asked_by)


def count_try(link: Link) -> bool:
    """Count one try at what the link asks; False where all five are used up."""
    counted = (
        sa.update(Link)
        .where(Link.id == link.id, Link.tries < TRIES)
        .values(tries=Link.tries + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(db.session.execute(counted).rowcount == 1)  # type: ignore[attr-defined]


def find(token: str) -> Link | None:
    """The link of a token with its account, open or not; None for a token that never was."""
    found = (
        sa.select(Link)
        .where(Link.token_hash == token_hash(token))
        .options(joinedload(Link.account).joinedload(Account.contact))
    )
    return db.session.scalars(found).one_or_none()


def open_at(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """What holds of a link that ends some day, and still opens something."""
    return Link.used_at.is_(None), Link.revoked_at.is_(None), Link.expires_at > now


def spend(link: Link, *, now: datetime) -> bool:
    """Use a link that is good once; True for exactly one of many who try at the same time."""
    spent = (
        sa.update(Link)
        .where(
            Link.id == link.id,
            *open_at(now),
        )
        .values(used_at=now)
    )
    return bool(db.session.execute(spent).rowcount == 1)  # type: ignore[attr-defined]


def revoke_all(account_id: UUID, *, now: datetime, kinds: tuple[LinkKind, ...] = ()) -> None:
    """End all links of an account, or those of some kinds."""
    revoked = sa.update(Link).where(Link.account_id == account_id, Link.revoked_at.is_(None))
    if kinds:
        revoked = revoked.where(Link.kind.in_(kinds))
    db.session.execute(revoked.values(revoked_at=now))
