"""Letters to trainers about classes of theirs that somebody else changed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.bookings.trainer_news import What
from remote_training.classes.models import Session
from remote_training.core import settings
from remote_training.core.db import db
from remote_training.messages.models import Message
from remote_training.outside.mail import Letter
from remote_training.reminders import paper

SESSIONS = sa.select(Session).where(Session.id.in_(sa.bindparam("ids", expanding=True)))


class Line(NamedTuple):
    """One class: what became of it, when it was, when it is, how long and in which language."""

    what: str
    was: datetime
    at: datetime
    minutes: int
    language: str


def has_news(account: Account, message: Message, now: datetime) -> bool:
    """Something of what it tells is still so, and still to come."""
    return account.is_active and bool(lines(account, message, now))


def changed(account: Account, message: Message, now: datetime) -> Letter:
    """Each class in a line, as it stands now."""
    personal = {"classes_url": f"{settings.current().address}/staff/classes/"}
    told = lines(account, message, now)
    return paper.letter(message, account, site=None, personal=personal, lines=told)


def lines(account: Account, message: Message, now: datetime) -> tuple[Line, ...]:
    """What of a message is still so, by the time of the class; no class stands twice."""
    told = {UUID(id_): (What(what), was) for id_, what, was in message.facts["classes"]}
    found = db.session.scalars(SESSIONS, {"ids": list(told)}).all()
    so = [(one, *told[one.id]) for one in found]
    kept = [
        Line(what, datetime.fromisoformat(was), one.starts_at, one.minutes, one.language)
        for one, what, was in so
        if _is_so(one, what, datetime.fromisoformat(was), account.id, now)
    ]
    return tuple(sorted(kept, key=lambda line: (line.at, line.what)))


def _is_so(one: Session, what: What, was: datetime, account_id: UUID, now: datetime) -> bool:
    is_theirs, is_coming = one.trainer_id == account_id, one.starts_at > now
    match what:
        case What.NEW:
            return is_theirs and is_coming and not one.is_called_off
        case What.GONE:
            return not is_theirs and was > now
        case What.MOVED:
            return is_theirs and not one.is_called_off and one.starts_at != was
        case What.ALTERED:
            return is_theirs and is_coming and not one.is_called_off
        case What.CALLED_OFF:
            return one.is_called_off and one.ends_at > now
