"""Which rooms are not as they are wanted, as far as our own rows tell, or want to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import hosts
from remote_training.meetings.differences import Difference
from remote_training.meetings.models import MeetingPerson, MeetingRoom, RoomUpkeep
from remote_training.outside.meetings import Cause

AHEAD = timedelta(days=14)
LOOKED_AT = timedelta(hours=6)  # so often a room is looked at although nothing of ours changed
SHOWN_AGAIN = timedelta(minutes=10)  # ... and what somebody changed there by hand
NEAR = timedelta(minutes=20)  # before the class, to its end, it is looked at every minute
LOOKED_AT_NEAR = timedelta(minutes=1)

IS_NOW = MeetingRoom.replaced_at.is_(None)
_IS_LIVE = sa.and_(Booking.session_id == Session.id, Booking.cancelled_at.is_(None))
_IS_IN = sa.and_(
    MeetingPerson.room_id == MeetingRoom.id,
    MeetingPerson.booking_id == Booking.id,
    MeetingPerson.registered_at.is_not(None),
    MeetingPerson.ended_at.is_(None),
)
IS_SOMEBODY_MISSING = (
    sa.exists().where(_IS_LIVE, ~sa.exists().where(_IS_IN)).correlate(Session, MeetingRoom)
)
IS_SOMEBODY_LEFT = (
    sa.exists()
    .where(
        MeetingPerson.room_id == MeetingRoom.id,
        MeetingPerson.ended_at.is_(None),
        Booking.id == MeetingPerson.booking_id,
        Booking.cancelled_at.is_not(None),
    )
    .correlate(MeetingRoom)
)


@dataclass(frozen=True)
class Standing:
    """How one class stands: what our own rows say about its room.

    `is_wanted` is whether it is to have a room at `provider` now; `is_as_wanted` whether
    there is one, with everybody in it, as far as we know.
    """

    session_id: UUID
    site_id: UUID
    starts_at: datetime
    ends_at: datetime
    provider: str | None
    is_wanted: bool
    is_as_wanted: bool
    checked_at: datetime | None
    next_try_at: datetime | None
    is_leased: bool
    differs: frozenset[Difference]
    last_error: Cause | None

    def is_due(self, now: datetime) -> bool:
        """Whether somebody has to look at it now."""
        if self.is_leased or (self.next_try_at is not None and self.next_try_at > now):
            return False
        if not self.is_as_wanted:
            return True
        return self.is_wanted and (
            self.checked_at is None or self.checked_at <= now - self.rest(now)
        )

    def rest(self, now: datetime) -> timedelta:
        """How long it may go without being looked at."""
        is_near = self.starts_at - NEAR <= now < self.ends_at
        if is_near:
            return LOOKED_AT_NEAR
        return SHOWN_AGAIN if self.differs else LOOKED_AT


def standings(
    kept: dict[UUID, str], *, now: datetime, site_ids: Sequence[UUID] | None = None
) -> list[Standing]:
    """All classes that have, or are to have, a room that is kept ahead, soonest first.

    `kept` names the provider of each site whose rooms are kept ahead.
    """
    found = (
        sa.select(
            Session, MeetingRoom, RoomUpkeep,
            IS_SOMEBODY_MISSING.label("missing"), IS_SOMEBODY_LEFT.label("left"),
        )
        .outerjoin(MeetingRoom, sa.and_(MeetingRoom.session_id == Session.id, IS_NOW))
        .outerjoin(RoomUpkeep, RoomUpkeep.session_id == Session.id)
        .where(
            Session.ends_at > now,
            sa.or_(
                sa.and_(Session.site_id.in_(kept), Session.starts_at < now + AHEAD),
                RoomUpkeep.id.is_not(None),
            ),
        )
        .options(joinedload(Session.site))
        .order_by(Session.starts_at, Session.id)
    )  # fmt: skip
    if site_ids is not None:
        found = found.where(Session.site_id.in_(site_ids))
    return [_standing(*row, kept=kept, now=now) for row in db.session.execute(found)]


def in_order(standings: Sequence[Standing], now: datetime) -> list[UUID]:
    """The classes whose rooms somebody has to look at, soonest first."""
    return [one.session_id for one in standings if one.is_due(now)]


def _standing(
    session: Session,
    room: MeetingRoom | None,
    upkeep: RoomUpkeep | None,
    missing: bool,
    left: bool,
    *,
    kept: dict[UUID, str],
    now: datetime,
) -> Standing:
    provider = kept.get(session.site_id)
    is_near = session.starts_at < now + AHEAD or room is not None
    is_wanted = provider is not None and not session.is_called_off and is_near
    is_there = room is not None and upkeep is not None and bool(upkeep.kept_minutes)
    if is_wanted and room is not None and upkeep is not None:
        is_right = is_there and (
            room.provider == provider
            and room.host == hosts.account_of(session)
            and upkeep.kept_starts_at == session.starts_at.replace(microsecond=0)
            and upkeep.kept_minutes == session.minutes
            and set(upkeep.kept_others.split()) == hosts.others_of(session)
            and not (missing or left)
        )
    else:
        is_right = not is_wanted and not is_there
    return Standing(
        session_id=session.id,
        site_id=session.site_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        provider=provider,
        is_wanted=is_wanted,
        is_as_wanted=is_right,
        checked_at=upkeep.checked_at if upkeep else None,
        next_try_at=upkeep.next_try_at if upkeep else None,
        is_leased=bool(upkeep and upkeep.lease_until and upkeep.lease_until > now),
        differs=upkeep.differs if upkeep else frozenset(),
        last_error=upkeep.last_error if upkeep else None,
    )
