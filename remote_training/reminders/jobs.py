"""The ticker: what has become due is put in the outbox, once.

Each message it plans has a key that is unique in the database: two tickers at the same
moment, or a tick that is repeated, plan it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.assessments import service as assessments
from remote_training.assessments.models import Assessment
from remote_training.attendance import service as attendance
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import service as meetings
from remote_training.messages import jobs as outbox
from remote_training.messages import service as messages
from remote_training.participants.models import Participant

DAY_BEFORE = (timedelta(hours=3), timedelta(hours=24))
HOUR_BEFORE = (timedelta(minutes=15), timedelta(minutes=60))
FRESH = timedelta(hours=2)  # who booked so lately has the confirmation at hand
ASKED_AT = time(9, 0)  # in her zone
REMINDED_AFTER = (3, 7)  # days after the questions were due
LATEST = timedelta(days=2)  # a mail about questions that could not go by then is not sent


def plan(now: datetime) -> None:
    """Everything that is due at `now`: reminders, questions, attendance that can be settled.

    A day before a class (24 to 3 hours) and an hour before (60 to 15 minutes), unless she
    booked within the last two hours; questions on the day they are due at 9 in her zone, and
    again 3 and 7 days later while they are not sent. One part that fails leaves the others.
    """
    parts: tuple[Callable[[], object], ...] = (
        lambda: _remind("reminder_day", DAY_BEFORE, now),
        lambda: _remind("reminder_hour", HOUR_BEFORE, now),
        lambda: assessments.plan_missing(now=now),
        lambda: _ask(now),
        lambda: meetings.close_silent(now=now),
        lambda: attendance.settle(now=now),
    )
    for part in parts:
        with unit_of_work():
            part()
    outbox.sweep(now)


def _remind(kind: str, window: tuple[timedelta, timedelta], now: datetime) -> None:
    """Queue one kind of class reminder for all classes that begin within the window."""
    soonest, latest = window
    found = (
        sa.select(Booking.id, Participant.contact_id, Session.starts_at)
        .join(Booking.session)
        .join(Booking.participant)
        .where(
            Session.starts_at > now + soonest,
            Session.starts_at <= now + latest,
            Session.called_off_at.is_(None),
            Booking.cancelled_at.is_(None),
            Booking.booked_at <= now - FRESH,
            Participant.withdrawn_on.is_(None),
        )
        .order_by(Session.starts_at, Booking.id)
    )
    wanted = {
        f"{kind}/{booking_id}": (contact_id, str(booking_id), starts_at)
        for booking_id, contact_id, starts_at in db.session.execute(found)
    }
    for key in messages.unqueued(wanted):
        contact_id, booking_id, starts_at = wanted[key]
        messages.queue(
            kind,
            to=contact_id,
            facts={"booking_id": booking_id},
            not_after=starts_at - soonest,
            now=now,
            dedupe_key=key,
        )


def _ask(now: datetime) -> None:
    """Queue what has to be said about questions today."""
    today = now.date()
    found = (
        sa.select(Assessment, Participant.contact_id, Participant.zone)
        .join(Assessment.participant)
        .where(
            Assessment.completed_at.is_(None),
            Assessment.due_on.between(today - timedelta(days=40), today + timedelta(days=1)),
            Assessment.opens_on <= today + timedelta(days=1),
            Assessment.closes_on >= today - timedelta(days=1),
            Participant.withdrawn_on.is_(None),
            Participant.consented_on.is_not(None),
        )
        .order_by(Assessment.due_on, Assessment.id)
    )
    wanted: dict[str, tuple[str, UUID, str]] = {}
    for assessment, contact_id, zone in db.session.execute(found):
        for kind, days in _said_today(assessment, ZoneInfo(zone), now):
            key = f"{kind}/{assessment.id}/{days}"
            wanted[key] = (kind, contact_id, str(assessment.id))
    for key in messages.unqueued(wanted):
        kind, contact_id, assessment_id = wanted[key]
        facts = {"assessment_id": assessment_id}
        messages.queue(
            kind, to=contact_id, facts=facts, not_after=now + LATEST, now=now, dedupe_key=key
        )


def _said_today(assessment: Assessment, zone: ZoneInfo, now: datetime) -> Iterator[tuple[str, int]]:
    """The kind of mail that is due about these questions, with its day; the newest one only."""
    stages = [(0, "questions_due"), *((days, "questions_reminder") for days in REMINDED_AFTER)]
    for days, kind in reversed(stages):
        on = assessment.due_on + timedelta(days=days)
        if _nine(on, zone) <= now and on <= assessment.closes_on:
            if now < _nine(on, zone) + LATEST:
                yield kind, days
            return


def _nine(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, ASKED_AT, zone).astimezone(UTC)
