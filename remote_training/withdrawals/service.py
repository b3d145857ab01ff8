"""Somebody leaves the trial, or it was recorded by mistake."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from remote_training.assessments import service as assessments
from remote_training.bookings import leaving as classes
from remote_training.participants import leaving
from remote_training.participants.models import Participant


def leave(
    participant: Participant, *, on: date, reason: str | None, now: datetime, by: UUID | None
) -> bool:
    """Record that she left, and end all that is hers, in one transaction.

    Her links, visits and calendar address end, her places in classes to come are given back
    (a mail takes each out of her calendar), her waiting ends. What she answered is kept, and
    what she has not is shown as withdrawn. False where it was recorded already; raises as
    `participants.leaving.leave`.
    """
    if not leaving.leave(participant, on=on, reason=reason, now=now, by=by):
        return False
    classes.end_all(participant, now=now, by=by)
    return True


def take_back(
    participant: Participant, *, reason: str | None, now: datetime, by: UUID | None
) -> bool:
    """Record that it was a mistake: questions and reminders go on, given-back places stay so.

    False where no leaving stands; raises as `participants.leaving.take_back`.
    """
    if not leaving.take_back(participant, reason=reason, now=now, by=by):
        return False
    assessments.plan(participant, now=now)
    return True
