"""Reading what is offered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from remote_training.accounts.models import Account, Grant, Role
from remote_training.classes.models import Break, Series, Session, Substitute
from remote_training.classes.plan import DaysOff
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say


def _with_people(model: type[Series] | type[Session]) -> tuple[ORMOption, ...]:
    return (
        joinedload(model.trainer).joinedload(Account.contact),
        joinedload(model.site),
    )


SESSIONS = (
    sa.select(Session).options(*_with_people(Session)).order_by(Session.starts_at, Session.id)
)
HOUR = sa.select(Session).where(Session.id == sa.bindparam("session_id"))
BY_ID = SESSIONS.where(Session.id == sa.bindparam("session_id"))


def session(session_id: UUID) -> Session:
    """The class hour of this id, or `NotFound`."""
    return _found(db.session.scalars(BY_ID, {"session_id": session_id}).one_or_none())


def hour(session_id: UUID) -> Session:
    """As `session`, without the people: for what only looks at the hour."""
    return _found(db.session.scalars(HOUR, {"session_id": session_id}).one_or_none())


def at_sites(session_id: UUID, site_ids: Collection[UUID]) -> Session:
    """The class hour of this id at one of these sites, or `NotFound`."""
    found = SESSIONS.where(Session.id == session_id, Session.site_id.in_(site_ids))
    return _found(db.session.scalars(found).one_or_none())


def on_days(site_ids: Collection[UUID], first_on: date, last_on: date) -> Sequence[Session]:
    """Class hours at these sites on these days, both included, soonest first; none left out."""
    found = SESSIONS.where(
        Session.site_id.in_(site_ids), Session.on_date >= first_on, Session.on_date <= last_on
    )
    return db.session.scalars(found).all()


def upcoming(site_ids: Collection[UUID], *, now: datetime, until: datetime) -> Sequence[Session]:
    """Class hours at these sites that have not ended and begin before `until`, soonest first.

    Those that were called off are among them.
    """
    found = SESSIONS.where(
        Session.site_id.in_(site_ids), Session.ends_at > now, Session.starts_at < until
    )
    return db.session.scalars(found).all()


def of_trainer(account_id: UUID, *, now: datetime) -> Sequence[Session]:
    """The trainer's class hours that have not ended, soonest first; called-off ones too."""
    found = SESSIONS.where(Session.trainer_id == account_id, Session.ends_at > now)
    return db.session.scalars(found).all()


def series(site_ids: Collection[UUID]) -> Sequence[Series]:
    """The weekly classes of these sites, newest first."""
    found = (
        sa.select(Series)
        .where(Series.site_id.in_(site_ids))
        .options(*_with_people(Series))
        .order_by(Series.first_on.desc(), Series.weekdays, Series.wall_time, Series.id)
    )
    return db.session.scalars(found).all()


def following(session: Session, *, now: datetime) -> Sequence[Session]:
    """A class hour and those of its series on its day or later that have not begun, by time.

    Those that were called off are not among them.
    """
    found = SESSIONS.where(
        Session.series_id == session.series_id,
        Session.on_date >= session.on_date,
        Session.called_off_at.is_(None),
        Session.starts_at > now,
    )
    return db.session.scalars(found).all() if session.series_id is not None else [session]


def days_off(session: Session) -> list[DaysOff]:
    """The days without a class of the series of a class hour, first ones first."""
    found = sa.select(Break.first_on, Break.last_on, Break.why)
    of_it = found.where(Break.series_id == session.series_id)
    return [DaysOff(*row) for row in db.session.execute(of_it.order_by(Break.first_on, Break.id))]


def next_of(series_ids: Collection[UUID], *, now: datetime) -> dict[UUID, UUID]:
    """The next class hour of each of these series that has one to come, by ids."""
    found = (
        sa.select(Session.series_id, Session.id)
        .where(
            Session.series_id.in_(series_ids),
            Session.called_off_at.is_(None),
            Session.starts_at > now,
        )
        .order_by(Session.starts_at.desc(), Session.id)
    )
    rows = db.session.execute(found)
    return {series_id: id_ for series_id, id_ in rows if series_id is not None}


def one_series(series_id: UUID, site_ids: Collection[UUID]) -> Series:
    """The weekly class of this id at one of these sites, or `NotFound`."""
    found = sa.select(Series).where(Series.id == series_id, Series.site_id.in_(site_ids))
    row = db.session.scalars(found.options(*_with_people(Series))).one_or_none()
    if row is None:
        raise NotFound(say("This weekly class is not here."))
    return row


def substitutes(series_id: UUID | None) -> set[UUID]:
    """The accounts of those who may be asked first where the trainer of a series cannot come."""
    found = sa.select(Substitute.account_id).where(Substitute.series_id == series_id)
    return set(db.session.scalars(found))


def trainers(site_ids: Collection[UUID]) -> Sequence[Grant]:
    """The trainers of these sites, as grants with account, contact and site."""
    found = (
        sa.select(Grant)
        .join(Grant.account)
        .where(Grant.role == Role.TRAINER, Grant.site_id.in_(site_ids), Account.is_active.is_(True))
        .options(joinedload(Grant.account).joinedload(Account.contact), joinedload(Grant.site))
        .order_by(Grant.site_id, Account.created_at, Grant.id)
    )
    return db.session.scalars(found).all()


def _found(session: Session | None) -> Session:
    if session is None:
        raise NotFound(say("This class is not here."))
    return session
