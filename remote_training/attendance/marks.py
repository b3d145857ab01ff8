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
from remote_training.attendance import service
from remote_training.attendance.errors import ChangedMeanwhile
from remote_training.attendance.models import Mark, Status
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.core.words import say


class Press(NamedTuple):
    """One press. `seen` is the mark that stood on her page, as `roster.Line.seen` has it; None
    where she was asked on a page of its own, with all that was said before.
    """

    key: str | None = None
    seen: str | None = None


ON_A_PAGE_OF_ITS_OWN = Press()


def give(
    booking: Booking,
    status: Status | None,
    *,
    reason: str,
    press: Press = ON_A_PAGE_OF_ITS_OWN,
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
    if before is not None and before.by_id != by and press.seen not in (None, before.id.hex):
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


def _is_known(key: str) -> bool:
    return db.session.scalar(sa.select(sa.exists().where(Mark.key == key))) is True
