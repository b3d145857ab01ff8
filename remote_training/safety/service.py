"""Writing down what was done about an alert; telling again what nobody has looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.alerts import service as alerts
from remote_training.alerts.models import Alert
from remote_training.audit import service as audit
from remote_training.contacts import resealing
from remote_training.core.db import db
from remote_training.core.text import clean_lines
from remote_training.core.words import say
from remote_training.safety import event_service, queries
from remote_training.safety.errors import NoteNeeded
from remote_training.safety.models import Handling, Step
from remote_training.studies.current import study

LONGEST_NOTE = 2000


def acknowledge(
    alert: Alert, step: Step, note: str, *, by: Account, key: UUID, now: datetime
) -> None:
    """Keep what somebody did about an alert; the same `key` again changes nothing.

    Raises `NoteNeeded` where it is something else and the note does not say what.
    """
    told = clean_lines(note, limit=LONGEST_NOTE)
    if step is Step.OTHER and not told:
        raise NoteNeeded(say("Please write what was done."))
    known = sa.select(Handling.id).where(Handling.key == key)
    if db.session.scalar(known) is not None:
        return
    row = Handling(id=uuid4(), alert_id=alert.id, step=step, by_id=by.id, handled_at=now, key=key)
    row.note = told
    db.session.add(row)
    audit.note("safety.acknowledge", "alert", alert.id, by=by.id, now=now, step=step.value)


def tell_again(*, now: datetime) -> int:
    """Queue one more mail about each alert that nobody has looked at for the study's hours.

    Another one after as many hours more, until somebody has; returns how many are new.
    """
    hours = study().rules.alert_again_after_hours
    told = 0
    for round_, late in _by_round(timedelta(hours=hours), now):
        told += alerts.tell(late, round_=round_, now=now)
    return told


def reseal(limit: int) -> int:
    """Seal notes with the newest key, `limit` at most; returns how many had another."""
    return resealing.reseal(Handling, "note", limit) + event_service.reseal(limit)


def _by_round(every: timedelta, now: datetime) -> Iterator[tuple[int, dict[UUID, UUID]]]:
    rounds: dict[int, dict[UUID, UUID]] = {}
    for alert in queries.untouched():
        round_ = (now - alert.raised_at) // every
        if round_ > 0:
            rounds.setdefault(round_, {})[alert.id] = alert.participant.site_id
    yield from sorted(rounds.items())
