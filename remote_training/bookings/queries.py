"""Reading bookings, and what can be booked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from remote_training.accounts.models import Account
from remote_training.audit import queries as audit
from remote_training.bookings import fit, rules
from remote_training.bookings.errors import Misfit, NotBegun, ProgrammeOver
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.studies.current import study

OFFERED_AHEAD = timedelta(days=28)

# what her pages ask: composed once, so that no request composes it again
BOOKINGS = (
    sa.select(Booking)
    .join(Booking.session)
    .options(
        contains_eager(Booking.session).joinedload(Session.trainer).joinedload(Account.contact),
        joinedload(Booking.participant).joinedload(Participant.contact),
    )
    .order_by(Session.starts_at, Booking.booked_at, Booking.id)
)
UPCOMING = BOOKINGS.where(
    Booking.participant_id == sa.bindparam("participant_id"),
    Booking.cancelled_at.is_(None),
    Session.ends_at > sa.bindparam("now"),
)
WITH_SITE = BOOKINGS.options(joinedload(Booking.participant).joinedload(Participant.site))
MINE = WITH_SITE.where(
    Booking.id == sa.bindparam("booking_id"),
    Booking.participant.has(Participant.account_id == sa.bindparam("account_id")),
)
_booking, _session = (cast(sa.Table, model.__table__).c for model in (Booking, Session))
IS_HELD_BY_HER = sa.and_(
    _booking.session_id == _session.id,
    _booking.participant_id == sa.bindparam("participant_id"),
    _booking.cancelled_at.is_(None),
)
IS_HERS_TO_BOOK = (
    _session.site_id == sa.bindparam("site_id"),
    _session.module.in_(sa.bindparam("modules", expanding=True)),
    _session.called_off_at.is_(None),
    _session.on_date >= sa.bindparam("first_on"),
    _session.on_date <= sa.bindparam("last_on"),
    _session.starts_at > sa.bindparam("closes"),
    _session.starts_at < sa.bindparam("until"),
)
OFFERED = (
    sa.select(Session, Booking)
    .outerjoin(Booking, IS_HELD_BY_HER)
    .where(*IS_HERS_TO_BOOK)
    .options(joinedload(Session.trainer).joinedload(Account.contact))
    .order_by(Session.starts_at, Session.id)
)
TRAINERS = (
    sa.select(Account)
    .where(Account.id.in_(sa.bindparam("account_ids", expanding=True)))
    .options(joinedload(Account.contact))
)


class Trainee(NamedTuple):
    """What decides which classes are hers to book. `arm` is None while she has none."""

    id: UUID
    site_id: UUID
    zone: str
    complaint: str | None
    may_train: bool
    baseline_on: date | None
    arm: str | None

    @classmethod
    def of(cls, her: Participant) -> Trainee:
        """What decides it for a participant; her arm is read."""
        found = participants.allocation(her.id)
        arm = found.arm if found is not None else None
        return cls(
            her.id, her.site_id, her.zone, her.complaint, her.may_train, her.baseline_on, arm
        )


@dataclass(frozen=True)
class Offer:
    """A class hour as one participant sees it.

    Attributes
    ----------
    trainer_name
        First name of the trainer.
    booking
        Her live booking of it, or None.
    hindrance
        Why it does not fit beside what she holds, or None.
    """

    session: Session
    trainer_name: str
    places_left: int
    booking: Booking | None
    hindrance: Misfit | None


def mine(booking_id: UUID, account_id: UUID) -> Booking:
    """The booking of this id, live or cancelled, of the participant with this account.

    Raises `NotFound`, also for a booking of somebody else.
    """
    return _found(db.session.scalars(MINE, {"booking_id": booking_id, "account_id": account_id}))


def of_participant(booking_id: UUID, participant: Participant) -> Booking:
    """The booking of this id, if it is the participant's, or `NotFound`."""
    return _one(Booking.id == booking_id, Booking.participant_id == participant.id)


def live(participant: Participant, session: Session) -> Booking | None:
    """Her live booking of a class."""
    found = BOOKINGS.where(
        Booking.participant_id == participant.id,
        Booking.session_id == session.id,
        Booking.cancelled_at.is_(None),
    )
    return db.session.scalars(found).one_or_none()


def moved_to(booking: Booking) -> Booking | None:
    """The booking to which a place was moved when this one ended; None where it was given back."""
    same_moment = BOOKINGS.where(
        Booking.participant_id == booking.participant_id,
        Booking.booked_at == booking.cancelled_at,
        Booking.id != booking.id,
    )
    began = db.session.scalars(same_moment).all()
    ids = [one.id for one in began]
    for entry in audit.about(ids, subjects=("booking",)) if ids else ():
        if entry.action == "bookings.move" and entry.detail.get("left") == str(booking.id):
            return next(one for one in began if one.id == entry.subject_id)
    return None


def upcoming(participant: Participant, *, now: datetime) -> Sequence[Booking]:
    """Her live bookings of classes that have not ended, soonest first.

    Classes that were called off are among them, and say so: she may still expect them.
    """
    return db.session.scalars(UPCOMING, {"participant_id": participant.id, "now": now}).all()


def held(participant: Participant, *, now: datetime) -> Sequence[Booking]:
    """As `upcoming`, and those before, as far back as the rule of what fits looks."""
    return upcoming(participant, now=now - fit.FAR)


def all_of(participant: Participant) -> Sequence[Booking]:
    """Every booking she ever made, by the time of the class, newest first."""
    found = BOOKINGS.where(Booking.participant_id == participant.id)
    newest_first = (Session.starts_at.desc(), Booking.booked_at.desc(), Booking.id)
    return db.session.scalars(found.order_by(None).order_by(*newest_first)).all()


def offered(participant: Participant, *, now: datetime) -> Sequence[Offer]:
    """Classes of the next four weeks that are hers to book, soonest first.

    Those of her site and modules, in the weeks of her programme; full ones, those that she
    has booked and those that do not fit beside them are among them, and say so. Nothing
    where she may not train.
    """
    wanted = hers_to_book(Trainee.of(participant), now=now)
    if wanted is None:
        return []
    hours = fit.held(held(participant, now=now))
    return [
        Offer(
            session,
            session.trainer.contact.first_name,
            session.places_left,
            booking,
            None if booking else fit.hindrance(fit.hour_of(session), hours, wanted["first_on"]),
        )
        for session, booking in db.session.execute(OFFERED, wanted)
    ]


def roster(session: Session) -> Sequence[Booking]:
    """The live bookings of a class with participants and contacts, first booked first."""
    found = (
        sa.select(Booking)
        .where(Booking.session_id == session.id, Booking.cancelled_at.is_(None))
        .options(
            joinedload(Booking.participant).joinedload(Participant.contact),
            joinedload(Booking.session),
        )
        .order_by(Booking.booked_at, Booking.id)
    )
    return db.session.scalars(found).all()


def of_sessions(session_ids: Collection[UUID]) -> Sequence[Booking]:
    """The live bookings of some classes, with participants and contacts, first booked first."""
    found = BOOKINGS.where(Booking.session_id.in_(session_ids), Booking.cancelled_at.is_(None))
    return db.session.scalars(found).all()


def hours_of(participant_ids: Collection[UUID]) -> dict[UUID, list[fit.Hour]]:
    """All hours that some participants hold; classes that were called off are not among them."""
    rows = (
        sa.select(Booking.participant_id, Session.id, Session.starts_at, Session.ends_at)
        .add_columns(Session.on_date, Session.module)
        .join(Booking.session)
        .where(Booking.participant_id.in_(participant_ids), Booking.cancelled_at.is_(None))
        .where(Session.called_off_at.is_(None))
        .order_by(Session.starts_at, Session.id)
    )
    found: dict[UUID, list[fit.Hour]] = {}
    for row in db.session.execute(rows):
        found.setdefault(row[0], []).append(fit.Hour(*row[1:]))
    return found


def misfit(booking: Booking) -> NotBegun | ProgrammeOver | Misfit | None:
    """Why she could not book the class that she holds, as it stands now; None if she could."""
    hours = hours_of([booking.participant_id]).get(booking.participant_id, [])
    others = [hour for hour in hours if hour.session_id != booking.session_id]
    return rules.misfit(booking.participant, fit.hour_of(booking.session), others)


def hers_to_book(her: Trainee, *, now: datetime) -> dict[str, Any] | None:
    """What `IS_HERS_TO_BOOK` asks for; None where she may not train."""
    first = rules.first_day(her.baseline_on, her.arm) if her.may_train else None
    if first is None:
        return None
    begins = datetime.combine(first, time(), tzinfo=ZoneInfo(her.zone)).astimezone(UTC)
    return {
        "participant_id": her.id,
        "site_id": her.site_id,
        "modules": rules.modules(her.complaint),
        "first_on": first,
        "last_on": rules.trains_until(first) or date.max,
        "closes": now + timedelta(minutes=study().booking.closes_minutes),
        "until": max(now, begins) + OFFERED_AHEAD,
    }


def first_names(account_ids: set[UUID]) -> dict[UUID, str]:
    """First names of trainers, by the ids of their accounts."""
    accounts = db.session.scalars(TRAINERS, {"account_ids": list(account_ids)})
    return {account.id: account.contact.first_name for account in accounts}


def _one(*wanted: sa.ColumnElement[bool]) -> Booking:
    return _found(db.session.scalars(WITH_SITE.where(*wanted)))


def _found(rows: sa.ScalarResult[Booking]) -> Booking:
    booking = rows.one_or_none()
    if booking is None:
        raise NotFound(
            say("This class is not among yours."), to_staff=say("This class is not among hers.")
        )
    return booking
