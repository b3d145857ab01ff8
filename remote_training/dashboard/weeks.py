"""One week of classes as staff look at it: Monday to Sunday in a zone that is named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts.models import Account
from remote_training.audit import queries as audit
from remote_training.bookings import waiting_queries
from remote_training.classes import wall_time
from remote_training.classes.models import Series, Session
from remote_training.core.db import db

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
CALLED_OFF = "classes.call_off"


@dataclass(frozen=True)
class Wanted:
    """Which classes are asked for; None where it does not matter.

    `monday` is the first day of the week, in `zone`. `is_free` asks for classes alone in
    which a place can still be booked.
    """

    monday: date
    zone: str
    site_ids: Collection[UUID]
    trainer_id: UUID | None = None
    module: str | None = None
    is_free: bool = False


@dataclass(frozen=True)
class Row:
    """A class of the week.

    Attributes
    ----------
    waiting
        How many wait for a place in it.
    instead_of
        The name of the trainer of the weekly class, where somebody else gives this hour.
    usual_at
        When the weekly class would have been that week, where this hour is at another time.
    reason, is_with_later
        Why it was called off; and whether together with all later ones of its series.
    """

    session: Session
    waiting: int
    instead_of: str | None
    usual_at: datetime | None
    reason: str
    is_with_later: bool


@dataclass(frozen=True)
class Day:
    """One day of the week, with its classes in the order of time."""

    on: date
    rows: Sequence[Row]


def monday_of(on: date) -> date:
    """The Monday of the week in which a day is."""
    return on - timedelta(days=on.weekday())


def week(wanted: Wanted, *, now: datetime) -> Sequence[Day]:
    """The seven days, those without a class too. Costs the same however many classes there are.

    A trainer's classes are those that she gives, and those of her own weekly classes that
    somebody else gives for her.
    """
    found = db.session.execute(_asked(wanted)).all()
    kept = [row for row in found if not wanted.is_free or _has_place(row.Session, now)]
    ids = [row.Session.id for row in kept]
    waiting = waiting_queries.how_many(ids)
    off = _called_off([row.Session.id for row in kept if row.Session.is_called_off])
    zone = ZoneInfo(wanted.zone)
    days: dict[date, list[Row]] = {wanted.monday + n * DAY: [] for n in range(7)}
    for session, series in kept:
        days[session.starts_at.astimezone(zone).date()].append(
            Row(
                session,
                waiting[session.id],
                _instead_of(session, series),
                _usual_at(session, series),
                *off.get(session.id, ("", False)),
            )
        )
    return [Day(on, rows) for on, rows in days.items()]


def _asked(wanted: Wanted) -> sa.Select[Session, Series]:
    zone = ZoneInfo(wanted.zone)
    first, after = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (wanted.monday, wanted.monday + WEEK)
    )
    found = (
        sa.select(Session, Series)
        .outerjoin(Series, Series.id == Session.series_id)
        .where(
            Session.site_id.in_(wanted.site_ids),
            Session.starts_at >= first,
            Session.starts_at < after,
        )
        .options(
            joinedload(Session.trainer).joinedload(Account.contact),
            joinedload(Session.site),
            joinedload(Series.trainer).joinedload(Account.contact),
        )
        .order_by(Session.starts_at, Session.id)
    )
    if wanted.module is not None:
        found = found.where(Session.module == wanted.module)
    if wanted.trainer_id is not None:
        found = found.where(
            sa.or_(Session.trainer_id == wanted.trainer_id, Series.trainer_id == wanted.trainer_id)
        )
    return found


def _has_place(session: Session, now: datetime) -> bool:
    return session.places_left > 0 and session.takes_bookings(now)


def _instead_of(session: Session, series: Series | None) -> str | None:
    if series is None or series.trainer_id == session.trainer_id:
        return None
    return series.trainer.contact.name


def _usual_at(session: Session, series: Series | None) -> datetime | None:
    """The regular moment nearest to the hour, or None where it is at its regular moment."""
    if series is None:
        return None
    on = session.starts_at.astimezone(ZoneInfo(series.zone)).date()
    weekday = wall_time.nearest(series.days, on.weekday())
    nearest = on + timedelta(days=(weekday - on.weekday() + 3) % 7 - 3)
    usual = wall_time.moment(nearest, series.wall_time, series.zone)
    return None if usual == session.starts_at else usual


def _called_off(session_ids: Collection[UUID]) -> dict[UUID | None, tuple[str, bool]]:
    """Why each of these was called off, and whether with all later ones, as it was written down."""
    entries = audit.about(
        session_ids, subjects=("session",), action=CALLED_OFF, limit=len(session_ids)
    )
    return {one.subject_id: (one.reason or "", "with_later" in one.detail) for one in entries}
