"""A new calendar address, from the press that makes it to the page that shows it.

The page is one that can be loaded again: what it shows is carried, sealed, in the cookie of
the browser in which it was made, for a quarter of an hour, and opens for its owner alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import request, session

from remote_training.accounts import feeds
from remote_training.core.crypto import CannotOpen, open_from_page, seal_for_page

KEPT = "calendar"
LASTS = timedelta(minutes=15)


def make(account_id: UUID, *, now: datetime) -> None:
    """Make a new address as the form asks for it; the one before it ends."""
    address = feeds.make(account_id, has_alarms="alarm" in request.form, now=now)
    session[KEPT] = seal_for_page(f"{now.isoformat()} {address}", about=_about(account_id))


def shown(account_id: UUID, *, now: datetime) -> str | None:
    """The address that was made here a moment ago, while it stands; else None."""
    try:
        plain = open_from_page(str(session.get(KEPT, "")), about=_about(account_id))
    except CannotOpen:
        return None
    made_at, _space, address = plain.partition(" ")
    is_fresh = now - datetime.fromisoformat(made_at) < LASTS
    return address if is_fresh and feeds.is_live(address, account_id) else None


def _about(account_id: UUID) -> str:
    return f"calendar address/{account_id}"
