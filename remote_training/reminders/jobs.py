"""The ticker: what has become due is put in the outbox, once.

Each message it plans has a key that is unique in the database: two tickers at the same
moment, or a tick that is repeated, plan it once. What was planned is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import contains_eager

from remote_training.accounts import asking, throttle
from remote_training.assessments import service as assessments
from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.attendance import service as attendance
from remote_training.bookings import rules, waiting_list
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import service as meetings
from remote_training.messages import jobs as outbox
from remote_training.messages import service as messages
from remote_training.messages.models import Message
from remote_training.messages.service import Planned
from remote_training.participants.models import Participant
from remote_training.safety import service as safety
from remote_training.studies.current import study

DAY = timedelta(days=1)
DAY_BEFORE = (timedelta(hours=24), timedelta(hours=3))  # before the class: from, to
DAY_TOO_LATE = timedelta(hours=2)
HOUR_BEFORE = (timedelta(minutes=60), timedelta(minutes=15))
HOUR_TOO_LATE = timedelta(0)
ASKED_FROM, ASKED_TO = time(9, 0), time(21, 0)  # in her zone

log = structlog.get_logger()


def plan(now: datetime) -> None:
    """Do everything that is due at `now`; each part commits its own work.

    Class reminders
        A day before (24 to 3 hours; too late 2 hours before the class), unless she booked less
        than 26 hours ahead: then the confirmation is fresh. An hour before (60 to 15
        minutes; too late when the class begins), unless she booked less than 75 minutes ahead.
    Waiting lists
        Offers whose time is over go to the next in line; what is free is given.
    Sign-in links
        For the addresses that were typed on the first page and are known.
    Questions
        One mail a sitting on the days that the study file names, while it can be answered
        and is not sent; from 9 to 21 in her zone. After a standstill only the newest.
    Alerts
        One more mail to the coordinators about each that nobody has looked at for the hours
        that the study names, at any time of day.

    The first part that fails is raised again after all of them had their turn.
    """
    parts: tuple[Callable[[], object], ...] = (
        lambda: asking.answer(now=now),
        lambda: throttle.forget(now=now),
        lambda: waiting_list.tick(now),
        lambda: _remind("reminder_day", now, DAY_BEFORE, DAY_TOO_LATE, rules.DAY_FRESH),
        lambda: _remind("reminder_hour", now, HOUR_BEFORE, HOUR_TOO_LATE, rules.HOUR_FRESH),
        lambda: assessments.plan_missing(now=now),
        lambda: _ask(now),
        lambda: safety.tell_again(now=now),
        lambda: meetings.close_silent(now=now),
        lambda: attendance.settle(now=now),
        lambda: outbox.sweep(now),
    )  # fmt: skip
    faults = [fault for part in parts if (fault := _fault_of(part)) is not None]
    if faults:
        raise faults[0]


def _fault_of(part: Callable[[], object]) -> Exception | None:
    db.session.rollback()
    try:
        with unit_of_work():
            part()
    except Exception as error:  # noqa: BLE001 - the other parts have their turn
        log.error("a part of the plan broke off", error=error)
        return error
    return None


def _remind(
    kind: str,
    now: datetime,
    window: tuple[timedelta, timedelta],
    too_late: timedelta,
    fresh: timedelta,
) -> None:
    """Queue one kind of class reminder for all classes that begin within the window."""
    longest, shortest = window
    key = _key(kind, Booking.id, Booking.sequence)
    found = (
        sa.select(
            Booking.id, Booking.booked_at, Booking.sequence, Participant.contact_id,
            Session.starts_at, key,
        )
        .join(Booking.session)
        .join(Booking.participant)
        .where(
            Session.starts_at > now + shortest,
            Session.starts_at <= now + longest,
            Session.called_off_at.is_(None),
            Booking.cancelled_at.is_(None),
            Booking.booked_at <= now + longest - fresh,
            _takes_part(),
            ~sa.exists().where(Message.dedupe_key == key),
        )
        .order_by(Session.starts_at, Booking.id)
    )  # fmt: skip
    planned = [
        Planned(
            kind,
            to=row.contact_id,
            facts={"booking_id": str(row.id), "sequence": str(row.sequence)},
            not_after=row.starts_at - too_late,
            key=row.key,
        )
        for row in db.session.execute(found)
        if row.booked_at <= row.starts_at - fresh
    ]
    messages.queue_all(planned, now=now)


def _ask(now: datetime) -> None:
    """Queue what has to be said about questions now."""
    asks, *reminds = study().reminders.days
    stages = [("questions_due", asks), *(("questions_reminder", days) for days in reminds)]
    ends = [*reminds, None]
    for (kind, days), before in zip(stages, ends, strict=True):
        planned = [
            Planned(
                kind,
                to=assessment.participant.contact_id,
                facts={"assessment_id": str(assessment.id)},
                not_after=assessment.ends_at,
                key=key,
            )
            for assessment, key in _unsaid(f"{kind}/{days}", days, before, now)
            if _is_time(assessment, days, before, now)
        ]
        messages.queue_all(planned, now=now)


def _unsaid(
    what: str, days: int, before: int | None, now: datetime
) -> Sequence[sa.Row[Assessment, str]]:
    """Open questions that were due `days` ago or more, less than `before`, and not told of yet.

    A day more on both sides: what day it is where she is, her zone says.
    """
    earliest, latest = (now - DAY).date(), (now + DAY).date()
    key = _key(what, Assessment.id, Assessment.due_on)
    found = (
        sa.select(Assessment, key)
        .join(Assessment.participant)
        .options(contains_eager(Assessment.participant))
        .where(
            Assessment.completed_at.is_(None),
            Assessment.due_on <= latest - timedelta(days=days),
            Assessment.opens_on <= latest,
            Assessment.closes_on >= earliest,
            _takes_part(),
            ~sa.exists().where(Message.dedupe_key == key),
        )
        .order_by(Assessment.due_on, Assessment.id)
    )
    if before is not None:
        found = found.where(Assessment.due_on > earliest - timedelta(days=before))
    return db.session.execute(found).all()


def _is_time(assessment: Assessment, days: int, before: int | None, now: datetime) -> bool:
    """Whether it is day, and this is what is to be said on it, where she is."""
    local = now.astimezone(ZoneInfo(assessment.participant.zone))
    since_due = (local.date() - assessment.due_on).days
    is_open = states.is_open(assessment, now=now)
    is_newest = days <= since_due and (before is None or since_due < before)
    return is_open and is_newest and ASKED_FROM <= local.time() < ASKED_TO


def _takes_part() -> sa.ColumnElement[bool]:
    return sa.and_(Participant.withdrawn_on.is_(None), Participant.consented_on.is_not(None))


def _key(what: str, row_id: Any, version: Any) -> sa.Label[str]:
    """The key of a planned message, spelled by the database itself: the same in both."""
    bare = sa.func.replace(sa.cast(row_id, sa.String), "-", "")
    return (sa.literal(f"{what}/") + bare + "/" + sa.cast(version, sa.String)).label("key")
