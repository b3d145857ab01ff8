"""The entry of a place in her calendar: whether anything that put it there may have left.

A confirmation that waits while she gives the place back is never sent. Then there is nothing
that a CANCEL could take out, and some calendars would show one for an entry they never had. Where
it is not certain that nothing has left, the CANCEL goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages.bounces import CAME_BACK
from remote_training.messages.models import Message, State
from remote_training.reminders import subjects

INVITING = ("booking_confirmed", "booking_in_calendar", "class_changed")
TAKING_OUT = ("booking_cancelled", "booking_moved", "class_called_off")
FOR_CALENDARS = {"was", "minutes_were"}  # with one of these a changed class has a new entry
Told = TypeVar("Told")

_INVITATIONS = sa.select(
    Message.id, Message.kind, Message.facts, Message.state, Message.tries, Message.fault
).where(
    Message.contact_id.in_(sa.bindparam("contact_ids", expanding=True)), Message.kind.in_(INVITING)
)


class Place(NamedTuple):
    """A booking, and whether its entry may be in her calendar."""

    booking: Booking
    may_be_in_calendar: bool


@contextmanager
def places(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Place]]:
    """The bookings that these messages put into a calendar, or take out of it."""
    with subjects.bookings(messages) as booked:
        left = _what_left(messages)
        yield {one: Place(row, left.get(row.id, True)) for one, row in booked.items()}


def of_booking(
    asked: Callable[[Booking, Message, datetime], Told],
) -> Callable[[Place, Message, datetime], Told]:
    """Ask of a place what is asked of its booking."""

    def of_place(place: Place, message: Message, now: datetime) -> Told:
        return asked(place.booking, message, now)

    return of_place


def _what_left(messages: Sequence[Message]) -> dict[UUID, bool]:
    """Of each booking with an invitation: whether one of them may have left."""
    taking_out = {one.contact_id for one in messages if one.kind in TAKING_OUT}
    if not taking_out:
        return {}
    together = {one.id for one in messages}
    found: dict[UUID, bool] = {}
    for row in db.session.execute(_INVITATIONS, {"contact_ids": list(taking_out)}):
        if row.kind != "class_changed" or row.facts.keys() & FOR_CALENDARS:
            about = UUID(row.facts["booking_id"])
            found[about] = found.get(about, False) or _may_have_left(row, together)
    return found


def _may_have_left(row: sa.Row[Any], together: set[UUID]) -> bool:
    """Whether a mail server may have been given it.

    A second try says nothing of the first. What another worker has in hand may be as good as on
    the wire. What is made ready together with the word that the place is gone is void: both read
    the same booking.
    """
    if row.tries > 1:
        return True
    if row.state is State.FAILED:
        return (row.fault or "").startswith(CAME_BACK)
    if row.state is State.SENDING:
        return row.id not in together
    return row.tries == 1 and row.state is not State.VOID
