"""What providers sent and nothing came of: how many, never what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.hooks.models import HookEvent, State

OF_NO_USE = (State.STALE, State.UNUSABLE, State.BROKEN)
SHOWN_FOR = timedelta(days=14)
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Unused:
    """Messages of one provider with which it went alike; when the first and the last came."""

    provider: str
    state: State
    count: int
    first_at: datetime
    last_at: datetime


def unused(site_ids: Collection[UUID], *, now: datetime) -> Sequence[Unused]:
    """Messages of the last two weeks that were no use, and those that wait for long.

    Of those that are known to be about a class only the ones at these sites; most are about
    nobody knows what. By provider, then by what became of them.
    """
    event = HookEvent
    is_of_no_use = sa.and_(event.state.in_(OF_NO_USE), event.received_at > now - SHOWN_FOR)
    waits = sa.and_(event.state == State.NEW, event.received_at <= now - PATIENCE)
    is_here = sa.or_(event.session_id.is_(None), Session.site_id.in_(site_ids))
    found = (
        sa.select(event.provider, event.state, sa.func.count(event.id))
        .add_columns(sa.func.min(event.received_at), sa.func.max(event.received_at))
        .outerjoin(Session, Session.id == event.session_id)
        .where(sa.or_(is_of_no_use, waits), is_here)
        .group_by(event.provider, event.state)
        .order_by(event.provider, event.state)
    )
    return [Unused(*row) for row in db.session.execute(found)]
