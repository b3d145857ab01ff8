"""Those who are booked hear of a change to their class: by mail, and in their calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.bookings.outlook import Change
from remote_training.core.db import db
from remote_training.messages import queries as outbox_queries
from remote_training.messages import service as outbox
from remote_training.messages.service import Planned


def to_calendars(changes: Sequence[Change]) -> None:
    """Let the calendars of those whose class begins or ends otherwise hear of it."""
    moved = [one for change in changes if change.is_for_calendars for one in change.told]
    raised = sa.update(Booking).where(Booking.id.in_([one.id for one in moved]))
    raised = raised.values(sequence=Booking.sequence + 1)
    db.session.execute(raised.execution_options(synchronize_session=False))
    for booking in moved:
        db.session.expire(booking, ["sequence"])


def to_people(change: Change, *, now: datetime) -> None:
    """Queue a mail for each who holds a place.

    Where a mail about an earlier change still waits to be sent, this one overtakes it, and
    says what was before that one.
    """
    session = change.session
    before = {booking.id: _key(booking, session.sequence - 1) for booking in change.told}
    unsent = outbox_queries.pending(list(before.values()))
    planned = []
    for booking in change.told:
        facts = dict(unsent.get(before[booking.id], {}))
        facts |= {"booking_id": str(booking.id), "of_class": str(session.sequence)}
        if change.is_moved:
            facts.setdefault("was", change.was.isoformat())
        if change.has_other_length:
            facts.setdefault("minutes_were", str(change.minutes_were))
        if change.is_given_by_another:
            facts["trainer"] = "another"
        if change.has_other_language:
            facts.setdefault("language_was", change.language_was)
        to, key = booking.participant.contact_id, _key(booking, session.sequence)
        planned.append(Planned("class_changed", to, facts, session.starts_at, key))
    outbox.queue_all(planned, now=now)


def _key(booking: Booking, sequence: int) -> str:
    return f"class_changed/{booking.id.hex}/{sequence}"
