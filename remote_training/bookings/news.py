"""Those who are booked, or wait, hear of a change to their class: by mail, and in calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remote_training.bookings import waiting_queries
from remote_training.bookings.models import Booking, Waiting
from remote_training.bookings.outlook import Change
from remote_training.classes.models import Session
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
    unsent = _unsent("class_changed", change.told, session)
    planned = []
    for booking in change.told:
        facts = unsent[booking.id] | {"booking_id": str(booking.id)}
        if change.is_given_by_another:
            facts["trainer"] = "another"
        planned.append(_planned("class_changed", booking, facts, change))
    outbox.queue_all(planned, now=now)


def to_who_waits(change: Change, *, now: datetime) -> None:
    """Queue a mail for each who waits, where another time, length or language came of it.

    It overtakes an earlier one as `to_people` does, also where this change alone says nothing
    to her: the earlier one is void by it.
    """
    session = change.session
    if not change.is_heard:
        return
    waiting = waiting_queries.of_session(session)
    unsent = _unsent("waiting_changed", waiting, session)
    planned = [
        _planned("waiting_changed", one, unsent[one.id] | {"waiting_id": str(one.id)}, change)
        for one in waiting
        if change.is_for_who_waits or unsent[one.id]
    ]
    outbox.queue_all(planned, now=now)


def _unsent(
    kind: str, about: Sequence[Booking | Waiting], session: Session
) -> dict[UUID, dict[str, Any]]:
    """What the mail about the change before would say, where it has not left; by their ids."""
    keys = {one.id: _key(kind, one, session.sequence - 1) for one in about}
    found = outbox_queries.unsent(list(keys.values()))
    return {id_: dict(found.get(key, {})) for id_, key in keys.items()}


def _planned(kind: str, about: Booking | Waiting, facts: dict[str, Any], change: Change) -> Planned:
    session = change.session
    facts["of_class"] = str(session.sequence)
    if change.is_moved:
        facts.setdefault("was", change.was.isoformat())
    if change.has_other_length:
        facts.setdefault("minutes_were", str(change.minutes_were))
    if change.has_other_language:
        facts.setdefault("language_was", change.language_was)
    to, key = about.participant.contact_id, _key(kind, about, session.sequence)
    return Planned(kind, to, facts, session.starts_at, key)


def _key(kind: str, about: Booking | Waiting, sequence: int) -> str:
    return f"{kind}/{about.id.hex}/{sequence}"
