"""A trainer's word by one press: given once however often it is sent, taken back by another.

Each press has a key, and says which mark it saw before it. One that comes late, after another
trainer has said something that she had not seen, is refused and not laid over it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.attendance import queries, service
from remote_training.attendance.errors import ChangedMeanwhile
from remote_training.attendance.models import Mark, Status
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.core.words import say


class Press(NamedTuple):
    """One press. `seen` is the mark that stood on her page, as `seen` has it; empty for none."""

    key: str | None = None
    seen: str = ""


NOTHING_SEEN = Press()


class Standing(NamedTuple):
    """What a trainer said last of somebody, as her page shows it; no status: it was taken back."""

    by: str
    at: datetime
    status: Status | None
    reason: str | None


def give(
    booking: Booking,
    status: Status | None,
    *,
    reason: str,
    press: Press = NOTHING_SEEN,
    now: datetime,
    by: UUID,
) -> None:
    """Let a trainer's word count, once for each press; None takes back what was said.

    Raises `ChangedMeanwhile`, and what `service.set_status` raises.
    """
    service.lock([booking.id])
    if press.key is not None and _is_known(press.key):
        return
    before = last([booking.id]).get(booking.id)
    if before is not None and before.by_id != by and press.seen != before.id.hex:
        raise ChangedMeanwhile(
            say("%(name)s has marked this person in the meantime. Please look, and press again."),
            name=db.session.get_one(Account, before.by_id).contact.first_name,
        )
    service.set_status(booking, status, reason=reason, now=now, by=by)
    key = press.key or uuid4().hex
    db.session.add(Mark(booking_id=booking.id, key=key, status=status, by_id=by, at=now))
    db.session.flush()


def last(booking_ids: Collection[UUID]) -> dict[UUID, Mark]:
    """The newest mark of each booking that has any."""
    found = sa.select(Mark).where(Mark.booking_id.in_(booking_ids)).order_by(Mark.at, Mark.id)
    return {row.booking_id: row for row in db.session.scalars(found)}


def seen(booking_id: UUID) -> str:
    """Which mark a page shows that is written now. To be read before what the page shows."""
    mark = last([booking_id]).get(booking_id)
    return mark.id.hex if mark is not None else ""


def standing(booking_id: UUID) -> Standing | None:
    """Who said what, when and why; None where no trainer has said anything."""
    row, mark = queries.of_booking(booking_id), last([booking_id]).get(booking_id)
    if row is not None and row.set_by_id is not None and row.set_at is not None:
        return Standing(_name(row.set_by_id), row.set_at, row.status, row.reason)
    if mark is not None and mark.status is None:
        return Standing(_name(mark.by_id), mark.at, None, None)
    return None


def _name(account_id: UUID) -> str:
    return db.session.get_one(Account, account_id).contact.name


def _is_known(key: str) -> bool:
    return db.session.scalar(sa.select(sa.exists().where(Mark.key == key))) is True
