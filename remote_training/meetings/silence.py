"""Classes that go on and of which the provider tells nothing, though people pressed Join."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.contacts.models import Whereabouts
from remote_training.core.db import db
from remote_training.meetings import service
from remote_training.meetings.models import MeetingEvent, RoomUpkeep
from remote_training.outside.world import outside

PATIENCE = timedelta(minutes=5)  # after the beginning of a class, and after somebody pressed Join
LONGEST = timedelta(hours=12)  # of a class: so that few rows are looked at


def is_possible() -> bool:
    """Whether this installation has a provider that tells what happens in rooms of its own."""
    return any(not provider.is_our_page for provider in outside().meetings.values())


def silent(site_ids: Collection[UUID], *, now: datetime) -> Sequence[Session]:
    """Classes at these sites that began five minutes ago, go on, and are not heard of, by time.

    Who told where she is has pressed Join. Classes that meet in another room are not among them.
    """
    if not is_possible():
        return []
    told = [
        site.id for site in service.sites(site_ids) if not service.provider_of(site).is_our_page
    ]
    return db.session.scalars(_wanted(told, now)).all() if told else []


def count(site_ids: Collection[UUID], *, now: datetime) -> int:
    """How many such classes there are."""
    return len(silent(site_ids, now=now))


def _wanted(site_ids: Sequence[UUID], now: datetime) -> sa.Select[Session]:
    has_come = sa.exists().where(
        Booking.session_id == Session.id,
        Booking.cancelled_at.is_(None),
        Whereabouts.occasion_id == Booking.id,
        Whereabouts.given_at <= now - PATIENCE,
    )
    meets_elsewhere = sa.exists().where(
        RoomUpkeep.session_id == Session.id, RoomUpkeep.instead_sealed.is_not(None)
    )
    return classes.SESSIONS.where(
        Session.site_id.in_(site_ids),
        Session.starts_at <= now - PATIENCE,
        Session.starts_at > now - LONGEST,
        Session.ends_at > now,
        Session.called_off_at.is_(None),
        has_come,
        ~sa.exists().where(MeetingEvent.session_id == Session.id),
        ~meets_elsewhere,
    )
