"""Whether anything has changed on the page of a class: one statement, asked again and again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from remote_training.attendance.models import Mark, Note
from remote_training.bookings.models import Booking, CalendarAnswer
from remote_training.classes.models import Session
from remote_training.contacts.models import Whereabouts
from remote_training.core.db import db
from remote_training.meetings.models import (
    MeetingEvent,
    MeetingRoom,
    Pulse,
    RoomUpkeep,
    UnmatchedPresence,
)
from remote_training.meetings.queries import SILENT

ANEW = 15  # seconds: what only time changes (minutes, who is to be rung) is at most so late
OPEN = timedelta(minutes=30)  # before the doors open, and ...
AFTER = timedelta(hours=1)  # ... after the class, looked at now and then
OFTEN, SELDOM = 1.5, 30.0  # seconds

SESSION = sa.bindparam("session_id", type_=sa.Uuid())


def _of_class(row: Any, *facts: Any) -> list[Any]:
    return [sa.select(fact).where(row.session_id == SESSION).scalar_subquery() for fact in facts]


def _of_places(row: Any, booking_id: Any, *facts: Any) -> list[Any]:
    own = Booking.session_id == SESSION
    return [
        sa.select(fact)
        .select_from(row)
        .join(Booking, Booking.id == booking_id)
        .where(own)
        .scalar_subquery()
        for fact in facts
    ]


count, newest = sa.func.count, sa.func.max
STAMP = sa.select(
    *_of_class(
        MeetingEvent,
        count(MeetingEvent.id),
        count(MeetingEvent.booking_id),
        count(MeetingEvent.replaced_at),
        newest(MeetingEvent.received_at),
    ),
    *_of_class(
        UnmatchedPresence,
        count(UnmatchedPresence.id),
        count(UnmatchedPresence.decision),
        newest(UnmatchedPresence.decided_at),
    ),
    *_of_class(Booking, count(Booking.id), count(Booking.cancelled_at)),
    sa.select(count(Pulse.id))
    .where(Pulse.session_id == SESSION, Pulse.is_over.is_(False))
    .where(Pulse.seen_at <= sa.bindparam("silent_since"))
    .scalar_subquery(),
    *_of_class(RoomUpkeep, RoomUpkeep.instead_sealed, RoomUpkeep.differs_at),
    *_of_class(MeetingRoom, count(MeetingRoom.id), count(MeetingRoom.replaced_at)),
    *_of_places(Mark, Mark.booking_id, count(Mark.id)),
    *_of_places(Note, Note.booking_id, count(Note.id), count(Note.removed_at)),
    *_of_places(
        Whereabouts, Whereabouts.occasion_id, count(Whereabouts.id), newest(Whereabouts.given_at)
    ),
    *_of_places(CalendarAnswer, CalendarAnswer.booking_id, count(CalendarAnswer.id)),
)


def of(session: Session, *spoken: str, now: datetime) -> str:
    """A stamp that is another one as soon as the page of a class would say something else.

    `spoken` is what else the page depends on: its reader's language. What only the running of
    time changes may be 15 seconds late.
    """
    asked = {"session_id": session.id, "silent_since": now - SILENT}
    told = db.session.execute(STAMP, asked).one()
    facts = (*told, session.changed_at, session.called_off_at, *spoken)
    when = int(now.timestamp()) // ANEW
    return hashlib.sha256(repr((facts, when)).encode()).hexdigest()[:32]


def pace(session: Session, *, now: datetime) -> float | None:
    """After how many seconds the page asks again; None where it need not any more."""
    if session.is_called_off or now >= session.ends_at + AFTER:
        return None
    is_the_hour = session.doors_open_at - OPEN <= now < session.ends_at
    return OFTEN if is_the_hour else SELDOM
