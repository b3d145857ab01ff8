"""Whether a provider answers, as everybody sees it who asks it something."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from remote_training.core.db import db, unit_of_work
from remote_training.meetings import queries
from remote_training.meetings.provider_models import ProviderHealth
from remote_training.outside.meetings import Cause, MeetingFault

DOWN = frozenset({Cause.UNREACHABLE, Cause.NO_ANSWER, Cause.BROKEN, Cause.LOGIN})
EVERY = timedelta(seconds=30)  # so often at most it is written that all is well


def note(provider: str, fault: MeetingFault | None, *, now: datetime) -> None:
    """Keep that a provider answered, or what it failed with; a limit is an answer too."""
    row = queries.health(provider) or _new(provider)
    if fault is not None and fault.cause in DOWN:
        row.failing_since, row.cause = row.failing_since or now, fault.cause
        return
    is_news = row.failing_since is not None or row.answered_at is None
    if is_news or (row.answered_at is not None and row.answered_at <= now - EVERY):
        row.failing_since, row.cause, row.answered_at = None, None, now


def note_alone(provider: str, fault: MeetingFault | None, *, now: datetime) -> None:
    """The same, of what was asked at a click: in a transaction of its own, with none open."""
    with unit_of_work():
        note(provider, fault, now=now)


def _new(provider: str) -> ProviderHealth:
    row = ProviderHealth(provider=provider)
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        found = queries.health(provider)
        if found is None:
            raise
        return found
    return row
