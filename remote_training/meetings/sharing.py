"""What all processes share about a provider, as rows: the same on both databases.

Each step is a short transaction apart; nobody waits for the network inside one.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from remote_training.core.crypto import CannotOpen
from remote_training.core.db import apart
from remote_training.meetings.provider_models import CallPace, ProviderToken
from remote_training.outside import clock
from remote_training.outside.meetings import Cause, MeetingUnavailable
from remote_training.outside.sharing import Fetch, Token

RENEWS = timedelta(seconds=30)  # so long one process may take to fetch a token
LOOKS, PAUSE = 20, 0.1  # how often, and how far apart, the others look whether it is there
FARTHEST = timedelta(minutes=1)  # a turn farther away is what a clock that jumped left behind

Row = TypeVar("Row", ProviderToken, CallPace)


class InDatabase:
    """`outside.sharing.Shared` for all processes of an installation.

    Each process remembers the token that it used last: the row is asked when that ends, or
    was refused because another process has a newer one.
    """

    def __init__(self) -> None:
        self._used: dict[str, Token] = {}

    def token(self, name: str, fetch: Fetch, *, now: datetime, stale: str | None = None) -> Token:
        """As `Shared.token`: one process fetches, the others wait for it, two seconds at most."""
        used = self._used.get(name)
        if used is None or not used.is_good(now, stale):
            used = self._used[name] = self._shared(name, fetch, now, stale)
        return used

    def turn(self, name: str, *, now: datetime, seconds: float) -> float:
        """As `Shared.turn`."""
        with apart() as session:
            row = _row(session, CallPace, name, next_at=now)
            is_near = now < row.next_at <= now + FARTHEST
            mine = row.next_at if is_near else now
            row.next_at = mine + timedelta(seconds=seconds)
        return (mine - now).total_seconds()

    def _shared(self, name: str, fetch: Fetch, now: datetime, stale: str | None) -> Token:
        for _look in range(LOOKS):
            known, is_ours = self._known_or_lease(name, now, stale)
            if known is not None:
                return known
            if is_ours:
                return self._renew(name, fetch)
            clock.pause(PAUSE)
        raise MeetingUnavailable(Cause.NO_ANSWER)

    def _known_or_lease(
        self, name: str, now: datetime, stale: str | None
    ) -> tuple[Token | None, bool]:
        """The token, if it is good; otherwise whether it is ours to fetch one."""
        with apart() as session:
            row = _row(session, ProviderToken, name)
            known = _opened(row)
            if known is not None and known.is_good(now, stale):
                return known, False
            is_free = row.lease_until is None or row.lease_until <= now
            if is_free:
                row.lease_until = now + RENEWS
            return None, is_free

    def _renew(self, name: str, fetch: Fetch) -> Token:
        try:
            fresh = fetch()
        except BaseException:
            self._keep(name, None)
            raise
        self._keep(name, fresh)
        return fresh

    def _keep(self, name: str, fresh: Token | None) -> None:
        with apart() as session:
            row = _row(session, ProviderToken, name)
            row.lease_until = None
            if fresh is not None:
                row.token = json.dumps([fresh.value, fresh.api_url])
                row.expires_at = fresh.expires_at


def _opened(row: ProviderToken) -> Token | None:
    """The token of a row; None where there is none, or it was sealed with a key that is gone."""
    try:
        sealed = row.token
    except CannotOpen:
        return None
    if not sealed or row.expires_at is None:
        return None
    value, api_url = json.loads(sealed)
    return Token(value, api_url, row.expires_at)


def _row(session: Session, model: type[Row], name: str, **first: object) -> Row:
    """The row of this name, held until the transaction ends; made where there is none."""
    found = sa.select(model).where(model.name == name).with_for_update()
    row = session.scalars(found).one_or_none()
    if row is not None:
        return row
    try:
        with session.begin_nested():
            session.add(model(id=uuid4(), name=name, **first))
    except IntegrityError:
        session.expire_all()  # somebody else made it a moment ago
    return session.scalars(found).one()
