"""Calls that a provider counts by the day: counted here before they are made.

A day is a day of UTC. What is counted and then not made is lost: that is on the safe side.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remote_training.core.db import db
from remote_training.meetings.provider_models import CallBudget

KEPT = timedelta(days=3)


def take(subject: str, most: int, *, now: datetime) -> bool:
    """Count one more call about something today; False where there were so many already."""
    _ensure(subject, now)
    counted = (
        sa.update(CallBudget)
        .where(CallBudget.subject == subject, CallBudget.on_date == now.date())
        .where(CallBudget.used < most)
        .values(used=CallBudget.used + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(db.session.execute(counted).rowcount == 1)  # type: ignore[attr-defined]


def exhaust(subject: str, most: int, *, now: datetime) -> None:
    """Count the day as full: the provider says so, others of the account count there as well."""
    _ensure(subject, now)
    full = (
        sa.update(CallBudget)
        .where(CallBudget.subject == subject, CallBudget.on_date == now.date())
        .values(used=most)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(full)


def used(subject: str, *, now: datetime) -> int:
    """How many calls about something were counted today."""
    found = sa.select(CallBudget.used).where(
        CallBudget.subject == subject, CallBudget.on_date == now.date()
    )
    return db.session.scalar(found) or 0


def forget(*, now: datetime) -> None:
    """Delete the days that are over."""
    db.session.execute(sa.delete(CallBudget).where(CallBudget.on_date < (now - KEPT).date()))


def of_host(provider: str, account: str) -> str:
    """What creations and changes of a host are counted under."""
    return f"{provider}/host/{account}"


def of_person(provider: str, room: str, alias: str) -> str:
    """What registrations of one person in one room are counted under: nothing personal."""
    return f"{provider}/person/{room}/{alias.partition('@')[0]}"[:160]


def _ensure(subject: str, now: datetime) -> None:
    known = sa.select(CallBudget.id).where(
        CallBudget.subject == subject, CallBudget.on_date == now.date()
    )
    if db.session.scalar(known) is not None:
        return
    try:
        with db.session.begin_nested():
            db.session.add(CallBudget(subject=subject, on_date=now.date()))
    except IntegrityError:
        return  # somebody else began the day a moment ago
