"""What is due to be said at a moment: found in batches, put in the outbox, each key once for ever.

A class is looked at when one of its reminders comes, and when something happens that decides
one: a place is taken, it moves, somebody chooses otherwise. A tick at which nothing is due and
nothing happened asks one index, whatever is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.bookings import reminding
from remote_training.bookings.models import Booking
from remote_training.classes.models import LOOKED_AT_ANEW, Session
from remote_training.core.db import db
from remote_training.messages import service as messages
from remote_training.messages.models import Message
from remote_training.messages.service import Planned
from remote_training.participants import wishes
from remote_training.participants.models import Participant, ReminderWish
from remote_training.participants.wishes import Reminder
from remote_training.studies.current import study

BATCH = 5000
CLASSES, PEOPLE, AT_ONCE = 100, 100, 1000  # locked at once
MORE = object()  # there may be more: ask again
DAY = timedelta(days=1)
ASKED_FROM, ASKED_TO = time(9, 0), time(21, 0)  # in her zone
OF_CLASSES = (Reminder.HOUR_BEFORE, Reminder.DAY_BEFORE)  # what is nearest goes first
KINDS = {Reminder.DAY_BEFORE: "reminder_day", Reminder.HOUR_BEFORE: "reminder_hour"}

_CHOICES = (
    ReminderWish.earliest_hour, ReminderWish.latest_hour, ReminderWish.day_before,
    ReminderWish.hour_before,
)  # fmt: skip


def _takes_part() -> sa.ColumnElement[bool]:
    return sa.and_(Participant.withdrawn_on.is_(None), Participant.consented_on.is_not(None))


_IDS: sa.BindParameter[Sequence[UUID]] = sa.bindparam("ids", expanding=True)
_WHO = -1 - len(_CHOICES)  # her zone and her choices come last
_BOOKED: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        Booking.session_id, Booking.id, Booking.booked_at, Booking.sequence,
        Participant.contact_id, Participant.zone, *_CHOICES,
    )
    .join(Booking.participant)
    .outerjoin(ReminderWish, ReminderWish.participant_id == Participant.id)
    .where(Booking.session_id.in_(_IDS), Booking.cancelled_at.is_(None), _takes_part())
    .order_by(Booking.session_id, Booking.id)
)  # fmt: skip


def classes(now: datetime) -> object:
    """Queue the reminders of the next classes that are to be looked at; `MORE` until none is left.

    Each class says itself when it is looked at next: when the first of its reminders comes, of
    those still to come. It is locked meanwhile, so that whoever takes a place in it, which
    sets that back, does so before or after; what another worker has in hand is left to it.
    """
    hours = {hour.id: hour for hour in db.session.execute(_to_look_at(now))}
    if not hours:
        return None
    views: dict[Any, list[View]] = {}
    planned: list[Planned] = []
    next_at: dict[UUID, datetime] = {}
    for row in db.session.execute(_BOOKED, {"ids": list(hours)}):
        hour = hours[row.session_id]
        of = (hour.starts_at, *row[_WHO:])
        if (seen := views.get(of)) is None:
            seen = views[of] = _views(hour.starts_at, row, now)
        told_at = max(row.booked_at, hour.changed_at)
        for view in seen:
            if view.again_at is not None:
                next_at[hour.id] = min(view.again_at, next_at.get(hour.id, view.again_at))
            if view.until is not None and not reminding.is_fresh(view.reminder, told_at, view.at):
                planned.append(_reminder(view, view.until, row, hour.starts_at))
    messages.queue_all(planned, now=now)
    _look_again(hours, next_at)
    return MORE if len(hours) == CLASSES else None


def anew(now: datetime) -> object:
    """Have the classes of those looked at anew for whom something changed; `MORE` until all are.

    What changed: which reminders she wants and in which hours, her zone, whether she takes part.
    """
    found = sa.select(Participant.id).where(Participant.unplanned_since.is_not(None)).limit(PEOPLE)
    ids = db.session.scalars(found.with_for_update(skip_locked=True, key_share=True)).all()
    if not ids:
        return None
    hers = sa.select(Booking.session_id).where(
        Booking.participant_id.in_(ids), Booking.cancelled_at.is_(None)
    )
    _have_looked_at(sa.select(Session.id).where(Session.id.in_(hers), Session.starts_at > now))
    _write(sa.update(Participant).where(Participant.id.in_(ids)), {"unplanned_since": None})
    return MORE if len(ids) == PEOPLE else None


def all_anew(now: datetime) -> object:
    """Have all classes to come looked at anew, `MORE` until all are; none is planned twice."""
    is_seen = Session.remind_at.is_distinct_from(Session.changed_at)
    found = sa.select(Session.id).where(Session.starts_at > now, is_seen).limit(AT_ONCE)
    return MORE if _have_looked_at(found) == AT_ONCE else None


def _have_looked_at(found: sa.Select[UUID]) -> int:
    """Have these classes looked at anew, locked in the order of all who lock several."""
    in_order = found.order_by(Session.id).with_for_update(key_share=True)
    ids = db.session.scalars(in_order).all()
    _write(sa.update(Session).where(Session.id.in_(ids)), LOOKED_AT_ANEW)
    return len(ids)


@dataclass(frozen=True, slots=True)
class View:
    """What there is to do about one kind of reminder of a class, for all who chose the same.

    Attributes
    ----------
    at
        When it comes.
    until
        Until when it may leave; None where it is not due now.
    again_at
        When to look again; None where it need not be.
    """

    reminder: Reminder
    at: datetime
    until: datetime | None
    again_at: datetime | None


def _views(starts_at: datetime, row: sa.Row[Any], now: datetime) -> list[View]:
    of = (starts_at, _wishes(row), row.zone)
    return [
        View(
            reminder,
            at,
            reminding.not_after(reminder, *of, now=now),
            reminding.looked_at_next(reminder, *of, now=now),
        )
        for reminder in OF_CLASSES
        if (at := reminding.comes_at(reminder, *of)) is not None
    ]


def _to_look_at(now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """The nearest classes that are to be looked at, locked."""
    return (
        sa.select(Session.id, Session.starts_at, Session.changed_at)
        .where(
            Session.starts_at > now,
            Session.starts_at <= now + max(reminding.LONGEST.values()),
            Session.remind_at <= now,
            Session.called_off_at.is_(None),
        )
        .order_by(Session.starts_at, Session.id)
        .limit(CLASSES)
        .with_for_update(skip_locked=True, key_share=True)
    )


def _reminder(view: View, until: datetime, row: sa.Row[Any], starts_at: datetime) -> Planned:
    facts = {
        "booking_id": str(row.id),
        "sequence": str(row.sequence),
        "about_at": starts_at.isoformat(),
    }
    kind = KINDS[view.reminder]
    key = f"{kind}/{row.id.hex}/{row.sequence}"
    return Planned(kind, to=row.contact_id, facts=facts, not_after=until, key=key)


def _look_again(looked_at: Iterable[UUID], next_at: Mapping[UUID, datetime]) -> None:
    """Write when these classes are looked at next: one statement for each moment."""
    by_moment: dict[datetime | None, list[UUID]] = {}
    for one in looked_at:
        by_moment.setdefault(next_at.get(one), []).append(one)
    for moment, ids in by_moment.items():
        _write(sa.update(Session).where(Session.id.in_(ids)), {"remind_at": moment})


def _write(changed: sa.Update, values: Mapping[str, Any]) -> None:
    unread = changed.values(**values).execution_options(synchronize_session=False)
    db.session.execute(unread)


def _wishes(row: sa.Row[Any]) -> wishes.Wishes:
    """What holds for her; a row without choices has None for each."""
    return wishes.made(
        row.earliest_hour,
        row.latest_hour,
        day_before=row.day_before is not False,
        hour_before=row.hour_before is not False,
    )


def stages(now: datetime) -> Sequence[Stage]:
    """What has to be said about questions: the first asks, the others remind."""
    asks, *reminds = study().reminders.days
    kinds = [("questions_due", asks), *(("questions_reminder", days) for days in reminds)]
    ends = [*reminds, None]
    return [
        Stage(kind, days, before, now) for (kind, days), before in zip(kinds, ends, strict=True)
    ]


class Stage:
    """One mail about questions: due `days` after they are, until the next is, `before`."""

    def __init__(self, kind: str, days: int, before: int | None, now: datetime) -> None:
        self._kind, self._days, self._before, self._now = kind, days, before, now
        self._after: tuple[Any, UUID] | None = None

    def batch(self) -> object:
        """Queue the next of them; `MORE` until there are none left."""
        rows = db.session.execute(self._found()).all()
        planned = [one for row in rows if (one := self._planned(*row)) is not None]
        messages.queue_all(planned, now=self._now)
        if len(rows) < BATCH:
            return None
        last = rows[-1][0]
        self._after = (last.due_on, last.id)
        return MORE

    def _found(self) -> sa.Select[*tuple[Any, ...]]:
        """Open questions of which this is not said yet.

        A day more on both sides: what day it is where she is, her zone says.
        """
        earliest, latest = (self._now - DAY).date(), (self._now + DAY).date()
        key = _key(f"{self._kind}/{self._days}", Assessment.id, Assessment.due_on)
        found: sa.Select[*tuple[Any, ...]] = (
            sa.select(Assessment, ReminderWish, key)
            .join(Assessment.participant)
            .outerjoin(ReminderWish, ReminderWish.participant_id == Participant.id)
            .options(contains_eager(Assessment.participant))
            .where(
                Assessment.completed_at.is_(None),
                Assessment.due_on <= latest - timedelta(days=self._days),
                Assessment.opens_on <= latest,
                Assessment.closes_on >= earliest,
                _takes_part(),
                ~sa.exists().where(Message.dedupe_key == key),
            )
            .order_by(Assessment.due_on, Assessment.id)
            .limit(BATCH)
        )
        if self._before is not None:
            found = found.where(Assessment.due_on > earliest - timedelta(days=self._before))
        if self._after is not None:
            found = found.where(sa.tuple_(Assessment.due_on, Assessment.id) > self._after)
        return found

    def _planned(
        self, assessment: Assessment, wish: ReminderWish | None, key: str
    ) -> Planned | None:
        now, hers = self._now, wishes.of_row(wish)
        if not self._is_time(assessment, now):
            return None
        quiet_at = reminding.loud_until(now, hers, assessment.participant.zone)
        if quiet_at is None:
            return None
        facts, ends_at = {"assessment_id": str(assessment.id)}, assessment.ends_at
        if self._kind == "questions_reminder":
            if not hers.questions:
                return None
            facts["about_at"], ends_at = ends_at.isoformat(), min(ends_at, quiet_at)
        to = assessment.participant.contact_id
        return Planned(self._kind, to=to, facts=facts, not_after=ends_at, key=key)

    def _is_time(self, assessment: Assessment, now: datetime) -> bool:
        """Whether it is day, and this is what is to be said on it, where she is."""
        local = now.astimezone(ZoneInfo(assessment.participant.zone))
        since_due = (local.date() - assessment.due_on).days
        is_open = states.is_open(assessment, now=now)
        is_newest = self._days <= since_due and (self._before is None or since_due < self._before)
        return is_open and is_newest and ASKED_FROM <= local.time() < ASKED_TO


def _key(what: str, row_id: Any, version: Any) -> sa.Label[str]:
    """The key of a planned message, spelled by the database itself: the same in both."""
    bare = sa.func.replace(sa.cast(row_id, sa.String), "-", "")
    return (sa.literal(f"{what}/") + bare + "/" + sa.cast(version, sa.String)).label("key")
