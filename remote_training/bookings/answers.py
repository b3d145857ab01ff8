"""What her calendar answered to an invitation: kept for each booking and its SEQUENCE.

An answer counts for the invitation that it answers: after a class has moved, what she said
to the old time says nothing about the new one.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts.models import Account
from remote_training.bookings import places
from remote_training.bookings.models import Booking, CalendarAnswer
from remote_training.calendars.reply import Says
from remote_training.core.db import db
from remote_training.participants.models import Participant


def with_uid(uid: str) -> Booking | None:
    """The booking of a calendar entry, with all that an answer to it touches."""
    found = (
        sa.select(Booking)
        .where(Booking.calendar_uid == uid)
        .options(
            joinedload(Booking.session),
            joinedload(Booking.participant).joinedload(Participant.contact),
            joinedload(Booking.participant).joinedload(Participant.account).load_only(Account.id),
        )
    )
    return db.session.scalars(found).one_or_none()


def hold(booking: Booking) -> None:
    """Hold the class and read anew how the booking stands: one answer at a time."""
    places.lock(booking.session)
    db.session.refresh(booking, ["cancelled_at", "sequence"])


def record(
    booking: Booking, says: Says, *, sequence: int, said_at: datetime, now: datetime
) -> bool:
    """Keep an answer; False for one that is older than, or the same as, what was heard.

    Of two different ones that bear the same second, the one that comes later counts: a
    second is all that a calendar program writes.

    A program whose clock runs ahead is believed no further than the present, so that it
    cannot outdo what she says later. Behind `hold`.
    """
    said_at = min(said_at, now)
    heard = db.session.scalars(
        sa.select(CalendarAnswer).where(
            CalendarAnswer.booking_id == booking.id, CalendarAnswer.sequence == sequence
        )
    ).one_or_none()
    if heard is None:
        heard = CalendarAnswer(booking_id=booking.id, sequence=sequence)
        db.session.add(heard)
    elif said_at < heard.said_at or (said_at, says) == (heard.said_at, heard.says):
        return False
    heard.says, heard.said_at, heard.heard_at = says, said_at, now
    return True


def newest(booking: Booking) -> Says | None:
    """What she answered to the invitation as it now stands, if anything."""
    return _standing([booking.id]).get(booking.id)


def says_no(booking_ids: Collection[UUID]) -> set[UUID]:
    """Those of these bookings to which her calendar said no, as they now stand."""
    return {id_ for id_, says in _standing(booking_ids).items() if says is Says.DECLINED}


def _standing(booking_ids: Collection[UUID]) -> dict[UUID, Says]:
    found = (
        sa.select(CalendarAnswer.booking_id, CalendarAnswer.says)
        .join(CalendarAnswer.booking)
        .where(
            CalendarAnswer.booking_id.in_(booking_ids),
            CalendarAnswer.sequence == Booking.sequence,
            Booking.cancelled_at.is_(None),
        )
    )
    return {row.booking_id: row.says for row in db.session.execute(found)}
