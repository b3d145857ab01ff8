"""Trainers hear by mail what somebody else did with classes of theirs; no participant is named.

One mail for each trainer and each deed, however many classes it touched. Calendars hear of it
by the feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.bookings.outlook import Change
from remote_training.classes import service as classes
from remote_training.classes.models import Series, Session
from remote_training.classes.plan import Plan
from remote_training.core.db import db
from remote_training.messages import service as outbox

KIND = "trainer_classes"


class What(StrEnum):
    """What became of a class, for one trainer."""

    NEW = "new"
    GONE = "gone"
    MOVED = "moved"
    ALTERED = "altered"  # another length or language, moved or not
    CALLED_OFF = "called_off"


Line = tuple[UUID, Session, What, datetime]  # of which trainer; and when the class was before


def of_changes(
    changes: Sequence[Change], before: Mapping[UUID, UUID], *, now: datetime, by: UUID | None
) -> None:
    """Tell of classes that changed or changed hands; `before` has who gave each, by id."""
    lines: list[Line] = []
    for change in changes:
        session, was = change.session, change.was
        if change.is_given_by_another:
            lines.append((before[session.id], session, What.GONE, was))
            lines.append((session.trainer_id, session, What.NEW, was))
        elif change.has_other_length or change.has_other_language:
            lines.append((session.trainer_id, session, What.ALTERED, was))
        elif change.is_moved:
            lines.append((session.trainer_id, session, What.MOVED, was))
    _tell(lines, now=now, by=by)


def of_calling_off(sessions: Iterable[Session], *, now: datetime, by: UUID | None) -> None:
    """Tell of classes that do not take place."""
    off = [(one.trainer_id, one, What.CALLED_OFF, one.starts_at) for one in sessions]
    _tell(off, now=now, by=by)


def offer(plan: Plan, *, now: datetime, by: UUID | None, series_id: UUID | None = None) -> Series:
    """Offer a series, and tell whose classes they are. Raises as `classes.service.offer`."""
    is_known = series_id is not None and db.session.get(Series, series_id) is not None
    series = classes.offer(plan, now=now, by=by, series_id=series_id)
    db.session.flush()
    found = sa.select(Session).where(Session.series_id == series.id).order_by(Session.starts_at)
    hours = [] if is_known else db.session.scalars(found).all()
    _tell([(one.trainer_id, one, What.NEW, one.starts_at) for one in hours], now=now, by=by)
    return series


def _tell(lines: Sequence[Line], *, now: datetime, by: UUID | None) -> None:
    """A mail to each trainer but the one who did it, about what is still to come."""
    by_trainer: dict[UUID, list[Line]] = {}
    for line in lines:
        if line[0] != by and _ends(line) > now:
            by_trainer.setdefault(line[0], []).append(line)
    for account_id, theirs in sorted(by_trainer.items()):
        told = [[str(one.id), str(what), was.isoformat()] for _who, one, what, was in theirs]
        outbox.queue(
            KIND,
            to=db.session.get_one(Account, account_id).contact_id,
            facts={"account_id": str(account_id), "classes": told},
            not_after=max(_ends(line) for line in theirs),
            now=now,
        )


def _ends(line: Line) -> datetime:
    """Until when it matters: the later of how it was and how it is."""
    return max(line[1].ends_at, line[3])
