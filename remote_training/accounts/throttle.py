"""How often something may be tried: a counter in the database, shared by all processes.

One row for each subject and window. Its key is a keyed fingerprint: neither an address
nor a network number can be read from it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import cast
from uuid import uuid4

import sqlalchemy as sa

from remote_training.accounts.models import Attempt
from remote_training.core.crypto import keyring
from remote_training.core.db import db, insert

KEPT = timedelta(days=1)
HOUSEHOLD = 64  # bits of an IPv6 address that name one connection
ATTEMPTS = cast(sa.Table, Attempt.__table__)


def allow(what: str, who: str, *, limit: int, window: timedelta, now: datetime) -> bool:
    """Count one more try by `who` at `what`; whether it is within the limit of this window.

    One statement: of many at the same moment exactly `limit` are allowed.
    """
    counted = (
        insert(ATTEMPTS)
        .values(id=uuid4(), key=_key(what, who), window_at=_begin(window, now), count=1)
        .on_conflict_do_update(
            index_elements=["key", "window_at"], set_={"count": ATTEMPTS.c.count + 1}
        )
        .returning(ATTEMPTS.c.count)
    )
    return int(db.session.execute(counted).scalar_one()) <= limit


def seconds_left(window: timedelta, *, now: datetime) -> int:
    """Until the counters of this window begin anew: at least one second."""
    length = int(window.total_seconds())
    return length - int(now.timestamp()) % length


def forgive(what: str, who: str, *, window: timedelta, now: datetime) -> None:
    """Take one try back: it was no failure."""
    forgiven = (
        sa.update(ATTEMPTS)
        .where(
            ATTEMPTS.c.key == _key(what, who),
            ATTEMPTS.c.window_at == _begin(window, now),
            ATTEMPTS.c.count > 0,
        )
        .values(count=ATTEMPTS.c.count - 1)
    )
    db.session.execute(forgiven)


def forget(*, now: datetime) -> int:
    """Delete the counters of windows that began more than a day ago; returns how many."""
    old = sa.delete(ATTEMPTS).where(ATTEMPTS.c.window_at < now - KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]


def network(address: str | None) -> str:
    """What counts as one network: an IPv4 address, or the first half of an IPv6 one."""
    try:
        number = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(number, IPv6Address):
        mapped = number.ipv4_mapped
        return str(mapped) if mapped else f"{int(number) >> HOUSEHOLD:x}/{HOUSEHOLD}"
    return str(number)


def _begin(window: timedelta, now: datetime) -> datetime:
    length = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)


def _key(what: str, who: str) -> str:
    return keyring().blind_index(f"try/{what}/{who}")
