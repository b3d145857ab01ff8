"""Reading who waits for which class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, joinedload

from remote_training.accounts.models import Account
from remote_training.bookings.models import Booking, Waiting
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.participants.models import Participant
from remote_training.studies.current import study

_waiting = cast(sa.Table, Waiting.__table__).c
IS_STANDING = (
    sa.select(_waiting.id)
    .where(_waiting.session_id == sa.bindparam("session_id"), _waiting.ended_at.is_(None))
    .limit(1)
)
_Before = aliased(Waiting)
# how many stand before somebody who waits; one who has an offer stands before nobody
BEFORE = (
    sa.select(sa.func.count(_Before.id))
    .where(
        _Before.session_id == Waiting.session_id,
        _Before.ended_at.is_(None),
        _Before.offered_at.is_(None),
        sa.or_(
            _Before.rank_at < Waiting.rank_at,
            sa.and_(_Before.rank_at == Waiting.rank_at, _Before.id < Waiting.id),
        ),
    )
    .correlate(Waiting)
    .scalar_subquery()
)
ENTRIES = (
    sa.select(Waiting, BEFORE)
    .join(Waiting.session)
    .options(
        contains_eager(Waiting.session).joinedload(Session.trainer).joinedload(Account.contact),
        joinedload(Waiting.participant).joinedload(Participant.contact),
    )
    .order_by(Session.starts_at, Waiting.id)
)
STANDING = ENTRIES.where(
    Waiting.participant_id == sa.bindparam("participant_id"),
    Waiting.ended_at.is_(None),
    Session.starts_at > sa.bindparam("now"),
)


@dataclass(frozen=True)
class InLine:
    """Somebody who waits, and her number in the line: 1 is the first."""

    entry: Waiting
    number: int


def standing(participant: Participant, *, now: datetime) -> Sequence[InLine]:
    """What she waits for, or is offered, soonest first."""
    rows = db.session.execute(STANDING, {"participant_id": participant.id, "now": now})
    return [InLine(entry, before + 1) for entry, before in rows]


def kept_for(participant: Participant, *, now: datetime) -> set[UUID]:
    """The classes in which a place is kept for her now."""
    found = sa.select(Waiting.session_id).where(
        Waiting.participant_id == participant.id,
        Waiting.ended_at.is_(None),
        Waiting.offer_until > now,
    )
    return set(db.session.scalars(found))


def of_session(session: Session) -> Sequence[Waiting]:
    """Everybody who waits for a class, those with an offer among them."""
    found = sa.select(Waiting).where(Waiting.session_id == session.id, Waiting.ended_at.is_(None))
    people = joinedload(Waiting.participant)
    return db.session.scalars(found.options(people).order_by(Waiting.id)).all()


def mine(entry_id: UUID, account_id: UUID) -> InLine:
    """The waiting of this id, ended or not, of the participant with this account, or `NotFound`."""
    hers = Waiting.participant.has(Participant.account_id == account_id)
    row = db.session.execute(ENTRIES.where(Waiting.id == entry_id, hers)).one_or_none()
    if row is None:
        raise NotFound(say("This is not among the classes that you wait for."))
    return InLine(row[0], row[1] + 1)


def how_many(session_ids: Sequence[UUID]) -> Counter[UUID]:
    """How many wait for each class, those with an offer among them."""
    counted = (
        sa.select(Waiting.session_id, sa.func.count(Waiting.id))
        .where(Waiting.session_id.in_(session_ids), Waiting.ended_at.is_(None))
        .group_by(Waiting.session_id)
    )
    return Counter({row[0]: row[1] for row in db.session.execute(counted)})


def is_waited_for(session: Session) -> bool:
    """Whether somebody waits for a place in a class, or is offered one."""
    return db.session.execute(IS_STANDING, {"session_id": session.id}).first() is not None


def stands_before(entry: Waiting) -> sa.ColumnElement[bool]:
    """True in a statement of who waits longer than somebody."""
    waits_as_long = sa.and_(Waiting.rank_at == entry.rank_at, Waiting.id < entry.id)
    return sa.or_(Waiting.rank_at < entry.rank_at, waits_as_long)


def rank(participant: Participant, session: Session, now: datetime) -> datetime:
    """When she asked; who has only just given her place back stands where she had booked it."""
    undo = timedelta(minutes=study().booking.undo_minutes)
    had = sa.select(sa.func.min(Booking.booked_at)).where(
        Booking.participant_id == participant.id,
        Booking.session_id == session.id,
        Booking.cancelled_at > now - undo,
    )
    return db.session.scalar(had) or now
