"""Asking for a sign-in link, and the short code for a link that opens in another browser.

Source: trust, T2 (a link opened elsewhere gives a code), T5 (who is known is not told).
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from remote_training.accounts import queries, tokens
from remote_training.accounts.models import Account, Link, LinkKind, LinkRequest
from remote_training.core.crypto import keyring, new_token, token_hash
from remote_training.core.db import db
from remote_training.messages import service as outbox

MARK = "asked"  # the entry of the cookie that marks the browser which asked
AT_ONCE = 100
STALE = timedelta(minutes=10)  # by then she has asked again
CODE_DIGITS = 6


def new_mark() -> str:
    """A mark for the browser that asks; its cookie keeps it, its hash goes with the link."""
    return new_token()


def ask(email: str, *, mark: str, now: datetime) -> None:
    """Note that somebody wants a link: the same row whether the address is known or not."""
    request = LinkRequest(id=uuid4(), asked_by=token_hash(mark), asked_at=now)
    request.email = email
    db.session.add(request)


def answer(*, now: datetime) -> int:
    """Queue a mail for each request whose address is a participant's; returns how many.

    All requests are gone after it. Two at the same moment answer each request once.
    """
    waiting = sa.select(LinkRequest).order_by(LinkRequest.asked_at, LinkRequest.id).limit(AT_ONCE)
    requests = db.session.scalars(waiting).all()
    return sum(_answer(request, now) for request in requests)


def give_code(link: Link, account: Account, *, now: datetime) -> str | None:
    """A fresh code for who pressed the link in another browser; None where it has ended.

    `account` is who she said she is: the code signs in that one.
    """
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    given = (
        sa.update(Link)
        .where(
            Link.id == link.id,
            *tokens.open_at(now),
        )
        .values(code_hash=_fingerprint(link, code), account_id=account.id)
        .execution_options(synchronize_session=False)
    )
    is_given = db.session.execute(given).rowcount == 1  # type: ignore[attr-defined]
    return code if is_given else None


def link_of_mark(mark: str, *, now: datetime) -> Link | None:
    """The open link that the browser with this mark asked for, if a code was given for it."""
    found = sa.select(Link).where(
        Link.kind == LinkKind.SIGN_IN,
        Link.asked_by == token_hash(mark),
        Link.code_hash.is_not(None),
        *tokens.open_at(now),
    )
    return db.session.scalars(found.order_by(Link.made_at.desc(), Link.id).limit(1)).one_or_none()


def code_fits(link: Link, typed: str) -> bool:
    """Whether this is the code of the link."""
    digits = "".join(sign for sign in typed if sign.isascii() and sign.isdigit())
    return hmac.compare_digest(link.code_hash or "", _fingerprint(link, digits))


def _answer(request: LinkRequest, now: datetime) -> bool:
    """Take one request, unless somebody else has, and queue its mail."""
    email, asked_by, asked_at = request.email, request.asked_by, request.asked_at
    db.session.expunge(request)
    taken = sa.delete(LinkRequest).where(LinkRequest.id == request.id)
    if db.session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        return False
    known = queries.participants_with_email(email)
    if not known or asked_at + STALE < now:
        return False
    outbox.queue(
        "sign_in",
        to=known[0].contact_id,
        facts={"account_id": str(known[0].id), "asked_by": asked_by},
        not_after=now + tokens.SIGN_IN_LASTS,
        now=now,
    )
    return True


def _fingerprint(link: Link, code: str) -> str:
    return keyring().blind_index(f"code/{link.id}/{code}")
