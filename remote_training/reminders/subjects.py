"""What a message is about: read anew for a group at once, then at hand for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from remote_training.accounts.models import Account
from remote_training.alerts.models import Alert
from remote_training.assessments.models import Assessment
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import Model, db
from remote_training.messages.models import Message
from remote_training.participants.models import Participant
from remote_training.studies.models import Site

Row = TypeVar("Row", bound=Model)


def bookings(messages: Sequence[Message]) -> Sequence[Booking]:
    """The bookings that these messages are about, with all that their letters say."""
    woman, hour = joinedload(Booking.participant), joinedload(Booking.session)
    return _read(
        sa.select(Booking).options(
            woman.joinedload(Participant.site),
            woman.joinedload(Participant.account).joinedload(Account.contact),
            hour.joinedload(Session.trainer).joinedload(Account.contact),
        ),
        Booking.id,
        [_id(message, "booking_id") for message in messages],
    )


def assessments(messages: Sequence[Message]) -> Sequence[Assessment]:
    """The assessments that these messages are about."""
    woman = joinedload(Assessment.participant)
    return _read(
        sa.select(Assessment).options(
            woman.joinedload(Participant.site),
            woman.joinedload(Participant.account).joinedload(Account.contact),
        ),
        Assessment.id,
        [_id(message, "assessment_id") for message in messages],
    )


def participants(messages: Sequence[Message]) -> Sequence[Participant]:
    """The participants that these messages are about."""
    return _read(
        sa.select(Participant).options(
            joinedload(Participant.site),
            joinedload(Participant.account).joinedload(Account.contact),
        ),
        Participant.id,
        [_id(message, "participant_id") for message in messages],
    )


def accounts(messages: Sequence[Message]) -> Sequence[Account]:
    """The accounts that these messages are about."""
    return _read(
        sa.select(Account).options(joinedload(Account.contact)),
        Account.id,
        [_id(message, "account_id") for message in messages],
    )


def alert(message: Message) -> Alert:
    """The alert of a message."""
    return db.session.get_one(Alert, UUID(message.facts["alert_id"]))


def booking(message: Message) -> Booking:
    """The booking of a message."""
    return db.session.get_one(Booking, UUID(message.facts["booking_id"]))


def assessment(message: Message) -> Assessment | None:
    """The sitting of a message; None where the study no longer asks it of her."""
    return db.session.get(Assessment, UUID(message.facts["assessment_id"]))


def participant(message: Message) -> Participant:
    """The participant of a message."""
    return db.session.get_one(Participant, UUID(message.facts["participant_id"]))


def account(message: Message) -> Account:
    """The account of a message."""
    return db.session.get_one(Account, UUID(message.facts["account_id"]))


def site_of(account: Account) -> Site | None:
    """The site of a participant's account; None for staff."""
    found = sa.select(Site).join(Participant, Participant.site_id == Site.id)
    return db.session.scalars(found.where(Participant.account_id == account.id)).one_or_none()


def _id(message: Message, fact: str) -> UUID | None:
    """The id of a fact; None where it is none, which is a fault of that message alone."""
    try:
        return UUID(message.facts[fact])
    except (KeyError, ValueError, AttributeError):
        return None


def _read(
    found: sa.Select[Row], key: InstrumentedAttribute[UUID], ids: Sequence[UUID | None]
) -> Sequence[Row]:
    wanted = found.where(key.in_([id_ for id_ in ids if id_ is not None]))
    return db.session.scalars(wanted.execution_options(populate_existing=True)).all()
