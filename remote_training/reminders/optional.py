"""Optional mail: what is read about it right before it leaves, and why it may be held back.

Optional is what somebody can do without: reminders. She stops each kind by itself, they come
in her hours only, and never more than so many on one day of hers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.accounts.models import LinkKind
from remote_training.assessments.models import Assessment
from remote_training.attendance.models import Attendance
from remote_training.bookings import reminding
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages.models import Message, State
from remote_training.participants import wishes
from remote_training.participants.models import ReminderWish
from remote_training.participants.wishes import Reminder, Wishes
from remote_training.reminders import same_day as same_days
from remote_training.studies.current import study

Row = TypeVar("Row", Booking, Assessment)
Reader = Callable[[Sequence[Message]], AbstractContextManager[Mapping[UUID, Row | None]]]

REMINDERS = {
    "reminder_day": Reminder.DAY_BEFORE,
    "reminder_hour": Reminder.HOUR_BEFORE,
    "questions_reminder": Reminder.QUESTIONS,
}
STOPS = {
    Reminder.DAY_BEFORE: LinkKind.STOP_DAY,
    Reminder.HOUR_BEFORE: LinkKind.STOP_HOUR,
    Reminder.QUESTIONS: LinkKind.STOP_QUESTIONS,
}
NOT_WISHED, QUIET, ENOUGH = "not wished", "quiet hours", "enough for one day"
TOGETHER = "named with another class of that day"
LONGEST_DAY = timedelta(hours=26)  # one on which the clock changes, and some more
WENT = (State.SENT, State.UNCERTAIN)
STANDS = (State.PENDING, State.CLAIMED, State.SENDING)
NEVER = "9999"  # later than any moment, as text

_IDS: sa.BindParameter[Sequence[UUID]] = sa.bindparam("ids", expanding=True)
_WISHES = sa.select(ReminderWish).where(ReminderWish.participant_id.in_(_IDS))
_THERE = sa.select(Attendance.booking_id).where(
    Attendance.booking_id.in_(_IDS), Attendance.first_joined_at.is_not(None)
)
_OTHERS = sa.select(
    Message.id, Message.contact_id, Message.kind, Message.state, Message.facts,
    Message.queued_at, Message.finished_at, Message.not_after,
).where(
    Message.contact_id.in_(_IDS),
    Message.kind.in_(REMINDERS),
    sa.or_(
        Message.state.in_(STANDS),
        sa.and_(Message.state.in_(WENT), Message.finished_at > sa.bindparam("since")),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Reminded(Generic[Row]):
    """What a reminder is about, and what holds for her now.

    Attributes
    ----------
    about
        None where it is no longer asked of her.
    is_there
        Whether she is in the room of the class, or was.
    others
        Her other optional mails that went lately or still wait.
    same_day
        The other classes that she holds on that day of hers, soonest first; of a reminder
        a day before alone.
    """

    about: Row | None
    wishes: Wishes | None
    is_there: bool
    others: Sequence[sa.Row[Any]]
    same_day: tuple[Booking, ...] = ()


def reminded(
    read: Reader[Row],
) -> Callable[[Sequence[Message]], AbstractContextManager[Mapping[UUID, Reminded[Row]]]]:
    """Read what reminders are about, and with it, in four statements more, what may hold them."""

    @contextmanager
    def about(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Reminded[Row]]]:
        with read(messages) as rows:
            yield _with_what_holds(messages, rows)

    return about


def _with_what_holds(
    messages: Sequence[Message], rows: Mapping[UUID, Row | None]
) -> dict[UUID, Reminded[Row]]:
    about = [row for row in rows.values() if row is not None]
    chosen = db.session.scalars(
        _WISHES,
        {"ids": [row.participant_id for row in about]},
        execution_options={"populate_existing": True},
    )
    by_her = {row.participant_id: row for row in chosen}
    booked = [row.id for row in about if isinstance(row, Booking)]
    there = set(db.session.scalars(_THERE, {"ids": booked})) if booked else set()
    others, same_day = _others(messages), same_days.others(messages, rows)
    return {
        one: Reminded(
            row,
            wishes.of_row(by_her.get(row.participant_id)) if row is not None else None,
            row is not None and row.id in there,
            others.get(row.participant.contact_id, []) if row is not None else [],
            same_day.get(one, ()),
        )
        for one, row in rows.items()
    }


def _others(messages: Sequence[Message]) -> dict[UUID, list[sa.Row[Any]]]:
    given = {
        "ids": list({message.contact_id for message in messages}),
        "since": max((m.due_at for m in messages), default=datetime.max.replace(tzinfo=UTC))
        - LONGEST_DAY,
    }
    found: dict[UUID, list[sa.Row[Any]]] = {}
    for row in db.session.execute(_OTHERS, given):
        found.setdefault(row.contact_id, []).append(row)
    return found


def held_back(one: Reminded[Row], message: Message, now: datetime) -> str | None:
    """Why a reminder does not go: she does not want it, it is quiet, or it is one too many."""
    if one.about is None or one.wishes is None:
        return NOT_WISHED
    if not one.wishes.wants(REMINDERS[message.kind]):
        return NOT_WISHED
    zone = one.about.participant.zone
    if reminding.loud_until(now, one.wishes, zone) is None:
        return QUIET
    if _is_named_with_another(one, message, now):
        return TOGETHER
    return ENOUGH if _is_one_too_many(one, message, zone, now) else None


def _is_named_with_another(one: Reminded[Row], message: Message, now: datetime) -> bool:
    """Whether another reminder of that day names this class: one that went, or goes first."""
    if message.kind != same_days.KIND or not isinstance(one.about, Booking):
        return False
    first = [
        other for other in one.others
        if other.state is State.SENT
        or (other.state in STANDS and other.not_after > now and _rank(other) < _rank(message))
    ]  # fmt: skip
    return same_days.is_said_already(one.about, one.same_day, message, first)


def _is_one_too_many(one: Reminded[Row], message: Message, zone: str, now: datetime) -> bool:
    """What went today counts; of what waits, the nearest goes first, then the newest.

    The order is the same for all who ask at once, so that together they send no more.
    """
    here = ZoneInfo(zone)
    today = datetime.combine(now.astimezone(here).date(), time(), here)
    others = [other for other in one.others if other.id != message.id]
    went = sum(other.state in WENT and other.finished_at >= today for other in others)
    before = sum(other.state in STANDS and _rank(other) < _rank(message) for other in others)
    most: int = study().reminders.most_per_day
    return bool(went + before >= most)


def _rank(message: Message | sa.Row[Any]) -> tuple[str, float, str]:
    begins = message.facts.get("about_at", NEVER)
    return (str(begins), -message.queued_at.timestamp(), str(message.id))
