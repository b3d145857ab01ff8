"""What is due to be said at a moment: found in batches, put in the outbox, each key once for ever.

Which beginnings of classes are due for whom is worked out first, for each zone and each choice
that occurs: so the database is asked for those bookings alone, and at night for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.bookings import reminding
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.messages import service as messages
from remote_training.messages.models import Message
from remote_training.messages.service import Planned
from remote_training.participants import wishes
from remote_training.participants.models import Participant, ReminderWish
from remote_training.participants.wishes import Reminder
from remote_training.studies.current import study

BATCH = 5000
MORE = object()  # there may be more: ask again
DAY = timedelta(days=1)
ASKED_FROM, ASKED_TO = time(9, 0), time(21, 0)  # in her zone
OF_CLASSES = (Reminder.HOUR_BEFORE, Reminder.DAY_BEFORE)  # what is nearest goes first
KINDS = {Reminder.DAY_BEFORE: "reminder_day", Reminder.HOUR_BEFORE: "reminder_hour"}

_CHOICES = (
    ReminderWish.earliest_hour, ReminderWish.latest_hour, ReminderWish.day_before,
    ReminderWish.hour_before,
)  # fmt: skip


class Classes:
    """One kind of class reminder at one moment."""

    def __init__(self, reminder: Reminder, now: datetime) -> None:
        self._reminder = reminder
        self._now = now
        self._due: sa.ColumnElement[bool] | None = None
        self._after: tuple[datetime, UUID] | None = None

    def batch(self) -> object:
        """Queue the next of them; `MORE` until there are none left."""
        if self._due is None:
            self._due = _due(self._reminder, self._now)
        if self._due is None:
            return None
        rows = db.session.execute(self._found(self._due)).all()
        planned = [one for row in rows if (one := self._planned(row)) is not None]
        messages.queue_all(planned, now=self._now)
        if len(rows) < BATCH:
            return None
        self._after = (rows[-1].starts_at, rows[-1].id)
        return MORE

    def _found(self, due: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
        key = _key(KINDS[self._reminder], Booking.id, Booking.sequence)
        found: sa.Select[*tuple[Any, ...]] = (
            sa.select(
                Booking.id, Booking.booked_at, Booking.sequence, Participant.contact_id,
                Participant.zone, Session.starts_at, Session.changed_at, *_CHOICES, key,
            )
            .join(Booking.session)
            .join(Booking.participant)
            .outerjoin(ReminderWish, ReminderWish.participant_id == Participant.id)
            .where(
                due,
                Session.called_off_at.is_(None),
                Booking.cancelled_at.is_(None),
                _takes_part(),
                ~sa.exists().where(Message.dedupe_key == key),
            )
            .order_by(Session.starts_at, Booking.id)
            .limit(BATCH)
        )  # fmt: skip
        if self._after is None:
            return found
        return found.where(sa.tuple_(Session.starts_at, Booking.id) > self._after)

    def _planned(self, row: sa.Row[Any]) -> Planned | None:
        hers, zone, now = _wishes(row), row.zone, self._now
        at = reminding.comes_at(self._reminder, row.starts_at, hers, zone)
        told_at = max(row.booked_at, row.changed_at)
        if at is None or reminding.is_fresh(self._reminder, told_at, at):
            return None
        until = reminding.not_after(self._reminder, row.starts_at, hers, zone, now=now)
        if until is None:
            return None
        facts = {
            "booking_id": str(row.id),
            "sequence": str(row.sequence),
            "about_at": row.starts_at.isoformat(),
        }
        kind = KINDS[self._reminder]
        return Planned(kind, to=row.contact_id, facts=facts, not_after=until, key=row.key)


def _due(reminder: Reminder, now: datetime) -> sa.ColumnElement[bool] | None:
    """Which beginnings of classes are due, for which zones and choices; None where none is."""
    begins = sa.select(Session.starts_at).distinct().order_by(Session.starts_at)
    latest = now + reminding.LONGEST[reminder]
    near = begins.where(Session.starts_at > now, Session.starts_at <= latest)
    starts = db.session.scalars(near).all()
    if not starts:
        return None
    parts = [
        sa.and_(_has_chosen(who), sa.or_(*(_between(first, last) for first, last in spans)))
        for who in _whoever_there_is()
        if (spans := list(_spans(reminder, starts, who, now)))
    ]
    return sa.or_(*parts) if parts else None


def _whoever_there_is() -> Sequence[sa.Row[Any]]:
    """The zones and choices that occur."""
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(Participant.zone, *_CHOICES)
        .outerjoin(ReminderWish, ReminderWish.participant_id == Participant.id)
        .distinct()
    )
    return db.session.execute(found).all()


def _has_chosen(who: sa.Row[Any]) -> sa.ColumnElement[bool]:
    same = [column.is_not_distinct_from(who._mapping[column.key]) for column in _CHOICES]
    return sa.and_(Participant.zone == who.zone, *same)


def _between(first: datetime, last: datetime) -> sa.ColumnElement[bool]:
    return Session.starts_at.between(first, last)


def _spans(
    reminder: Reminder, starts: Sequence[datetime], who: sa.Row[Any], now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Runs of beginnings that are due, the first and the last of each."""
    hers, zone = _wishes(who), who.zone
    if reminding.loud_until(now, hers, zone) is None:
        return

    def is_due(starts_at: datetime) -> bool:
        return reminding.not_after(reminder, starts_at, hers, zone, now=now) is not None

    for due, run in groupby(starts, key=is_due):
        if due:
            together = list(run)
            yield together[0], together[-1]


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


def _takes_part() -> sa.ColumnElement[bool]:
    return sa.and_(Participant.withdrawn_on.is_(None), Participant.consented_on.is_not(None))


def _key(what: str, row_id: Any, version: Any) -> sa.Label[str]:
    """The key of a planned message, spelled by the database itself: the same in both."""
    bare = sa.func.replace(sa.cast(row_id, sa.String), "-", "")
    return (sa.literal(f"{what}/") + bare + "/" + sa.cast(version, sa.String)).label("key")
