"""Two classes on one day of hers: one reminder the day before, with a link to each.

The first reminder that leaves names all classes that she holds on that day. The others are
held back then, unless she heard of theirs after it left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.bookings import reminding
from remote_training.bookings.models import Booking
from remote_training.messages.models import Message, State
from remote_training.reminders import subjects

KIND = "reminder_day"
DAY = timedelta(days=1)


def others(
    messages: Sequence[Message], rows: Mapping[UUID, object]
) -> dict[UUID, tuple[Booking, ...]]:
    """Her other classes of that day, by the id of each such reminder, soonest first."""
    about = {one.id: rows.get(one.id) for one in messages if one.kind == KIND}
    booked = {id_: row for id_, row in about.items() if isinstance(row, Booking)}
    if not booked:
        return {}
    begins = [row.session.starts_at for row in booked.values()]
    held = subjects.held_between(
        {row.participant_id for row in booked.values()}, min(begins) - DAY, max(begins) + DAY
    )
    by_day: dict[tuple[UUID, date], list[Booking]] = {}
    for one in held:
        by_day.setdefault((one.participant_id, _day(one)), []).append(one)
    return {
        id_: tuple(one for one in by_day.get((row.participant_id, _day(row)), ()) if one is not row)
        for id_, row in booked.items()
    }


def is_said_already(
    booking: Booking, same_day: Iterable[Booking], message: Message, waits: Sequence[sa.Row[Any]]
) -> bool:
    """Whether another reminder of that day has named this class, or is about to.

    `waits` are those that stand before this one and may still leave, and those that were sent.
    """
    of_day = [
        one for one in waits
        if one.kind == KIND and one.id != message.id and _is_about(one, booking)
    ]  # fmt: skip
    if _was_named(booking, of_day):
        return True
    live = {(str(one.id), str(one.sequence)): one for one in same_day}
    for one in of_day:
        leads = live.get((str(one.facts.get("booking_id")), str(one.facts.get("sequence"))))
        if one.state is not State.SENT and leads is not None and not _was_named(leads, of_day):
            return True
    return False


def _was_named(booking: Booking, of_day: Iterable[sa.Row[Any]]) -> bool:
    sent = (one for one in of_day if one.state is State.SENT)
    return any(reminding.is_named(booking.told_at, one.finished_at) for one in sent)


def _is_about(one: sa.Row[Any], booking: Booking) -> bool:
    about_at = one.facts.get("about_at")
    zone = ZoneInfo(booking.participant.zone)
    return about_at is not None and (
        datetime.fromisoformat(about_at).astimezone(zone).date() == _day(booking)
    )


def _day(booking: Booking) -> date:
    return booking.session.starts_at.astimezone(ZoneInfo(booking.participant.zone)).date()
