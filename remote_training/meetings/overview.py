"""Which classes have a room that is not ready, and why: for the coordinator, and for operators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import due, hosts, service
from remote_training.meetings.differences import NOT_OURS_TO_MEND, Difference
from remote_training.meetings.due import Standing
from remote_training.meetings.models import MeetingHost, RoomUpkeep, StrayRoom
from remote_training.meetings.provider_models import ProviderHealth
from remote_training.outside.meetings import Cause

OfHost = TypeVar("OfHost", MeetingHost, StrayRoom)

A_DAY = timedelta(days=1)
MENDED = frozenset({Difference.ANEW})  # it is told, and nothing is to be done
NEEDS_SOMEBODY = frozenset(
    {
        Cause.LOGIN, Cause.SCOPE, Cause.LICENCE, Cause.HOST_UNKNOWN, Cause.NO_HOST,
        Cause.NOT_UNDERSTOOD, Cause.GONE,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A class whose room is not as it should be.

    `cause` says why it is not ready (None: it is being made), `differs` all that somebody
    changed at the provider; `is_near` that the class is within a day; `has_other` that staff named
    another room for it.
    """

    session: Session
    cause: Cause | None
    differs: Sequence[Difference]
    next_try_at: datetime | None
    is_near: bool
    has_other: bool

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.cause is not None or set(self.differs) != MENDED

    @property
    def can_be_put_right(self) -> bool:
        """Whether a press makes the room as it was planned."""
        return bool(set(self.differs) - NOT_OURS_TO_MEND)


@dataclass(frozen=True)
class Overview:
    """How all rooms of some sites stand; `ready` are those of the next two weeks."""

    problems: Sequence[Problem]
    ready: int
    hosts: Sequence[MeetingHost]
    strays: Sequence[StrayRoom]
    health: Sequence[ProviderHealth]


def overview(site_ids: Collection[UUID], *, now: datetime) -> Overview:
    """How the rooms that are kept ahead stand, at these sites."""
    kept = {site: name for site, name in service.kept_sites().items() if site in site_ids}
    standings = due.standings(kept, now=now, site_ids=list(site_ids))
    wanted = [one for one in standings if one.is_wanted]
    bad = [one for one in wanted if _is_problem(one, now)]
    sites = service.sites(kept)
    accounts = {account for site in sites for account in hosts.accounts_of(site)}
    return Overview(
        problems=_problems(bad, now),
        ready=len(wanted) - len(bad),
        hosts=_of_hosts(MeetingHost, accounts, MeetingHost.last_error.is_not(None)),
        strays=sorted(
            _of_hosts(StrayRoom, accounts, StrayRoom.starts_at > now - A_DAY),
            key=lambda one: one.starts_at,
        ),
        health=_failing(set(kept.values())),
    )


def count(site_ids: Collection[UUID], *, now: datetime) -> int:
    """How many classes of the next day have a room that is known not to be right."""
    found = (
        sa.select(sa.func.count(RoomUpkeep.id))
        .join(RoomUpkeep.session)
        .where(
            Session.site_id.in_(site_ids),
            Session.ends_at > now,
            Session.starts_at <= now + A_DAY,
            Session.called_off_at.is_(None),
            sa.or_(
                RoomUpkeep.last_error.is_not(None),
                sa.and_(RoomUpkeep.differs.is_not(None), RoomUpkeep.differs != MENDED),
            ),
        )
    )
    return db.session.scalar(found) or 0


def _is_problem(one: Standing, now: datetime) -> bool:
    if one.differs:
        return True
    is_near = one.starts_at <= now + A_DAY
    if one.last_error is not None:
        return is_near or one.last_error in NEEDS_SOMEBODY
    return is_near and not one.is_as_wanted


def _problems(bad: Sequence[Standing], now: datetime) -> list[Problem]:
    ids = [one.session_id for one in bad]
    sessions = {
        session.id: session
        for session in db.session.scalars(classes.SESSIONS.where(Session.id.in_(ids)))
    }
    others = sa.select(RoomUpkeep.session_id).where(
        RoomUpkeep.session_id.in_(ids), RoomUpkeep.instead_sealed.is_not(None)
    )
    have_other = set(db.session.scalars(others))
    return [
        Problem(
            session=sessions[one.session_id],
            cause=one.last_error,
            differs=[each for each in Difference if each in one.differs],
            next_try_at=one.next_try_at,
            is_near=one.starts_at <= now + A_DAY,
            has_other=one.session_id in have_other,
        )
        for one in bad
    ]


def _of_hosts(
    model: type[OfHost], accounts: Collection[str], wanted: sa.ColumnElement[bool]
) -> list[OfHost]:
    found = sa.select(model).where(model.account.in_(accounts), wanted)
    return list(db.session.scalars(found.order_by(model.account, model.id)))


def _failing(providers: Collection[str]) -> list[ProviderHealth]:
    found = sa.select(ProviderHealth).where(
        ProviderHealth.provider.in_(providers), ProviderHealth.failing_since.is_not(None)
    )
    return list(db.session.scalars(found.order_by(ProviderHealth.provider)))
