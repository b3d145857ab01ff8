"""What a message is about: read anew for a group at once, then at hand for each of them.

The links that their letters hold are written at once as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts import tokens
from remote_training.accounts.models import Account
from remote_training.alerts.models import Alert
from remote_training.assessments.models import Assessment
from remote_training.bookings.models import Booking, Waiting
from remote_training.classes.models import Session
from remote_training.core.db import Model, db
from remote_training.messages.models import Message
from remote_training.participants.models import Participant
from remote_training.studies.models import Site

Row = TypeVar("Row", bound=Model)


class Told(NamedTuple):
    """An alert, and one who is told of it."""

    alert: Alert
    reader: Account


_IDS: sa.BindParameter[Sequence[UUID]] = sa.bindparam("ids", expanding=True)

# Put together once: building one takes longer than having it answered.
_BOOKINGS = (
    sa.select(Booking)
    .where(Booking.id.in_(_IDS))
    .options(
        joinedload(Booking.participant).joinedload(Participant.site),
        joinedload(Booking.participant).joinedload(Participant.account).joinedload(Account.contact),
        joinedload(Booking.session).joinedload(Session.trainer).joinedload(Account.contact),
    )
)
_WAITING = (
    sa.select(Waiting)
    .where(Waiting.id.in_(_IDS))
    .options(
        joinedload(Waiting.participant).joinedload(Participant.site),
        joinedload(Waiting.participant).joinedload(Participant.account).joinedload(Account.contact),
        joinedload(Waiting.session).joinedload(Session.trainer).joinedload(Account.contact),
    )
)
_ASSESSMENTS = (
    sa.select(Assessment)
    .where(Assessment.id.in_(_IDS))
    .options(
        joinedload(Assessment.participant).joinedload(Participant.site),
        joinedload(Assessment.participant)
        .joinedload(Participant.account)
        .joinedload(Account.contact),
    )
)
_PARTICIPANTS = (
    sa.select(Participant)
    .where(Participant.id.in_(_IDS))
    .options(
        joinedload(Participant.site),
        joinedload(Participant.account).joinedload(Account.contact),
    )
)
_ACCOUNTS = sa.select(Account).where(Account.id.in_(_IDS)).options(joinedload(Account.contact))
_ALERTS = (
    sa.select(Alert)
    .where(Alert.id.in_(_IDS))
    .options(joinedload(Alert.participant).joinedload(Participant.site))
)


@contextmanager
def bookings(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Booking]]:
    """The bookings that these messages are about, with all that their letters say."""
    with tokens.together():
        yield _read(_BOOKINGS, messages, "booking_id")


@contextmanager
def waiting(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Waiting]]:
    """The waiting that these messages are about: to whom a place is offered."""
    with tokens.together():
        yield _read(_WAITING, messages, "waiting_id")


@contextmanager
def assessments(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Assessment | None]]:
    """The sittings that these messages are about; None where one is no longer asked of her."""
    with tokens.together():
        asked = _read(_ASSESSMENTS, messages, "assessment_id")
        named = [message.id for message in messages if _id(message, "assessment_id")]
        yield {one: asked.get(one) for one in named}


@contextmanager
def participants(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Participant]]:
    """The participants that these messages are about."""
    with tokens.together():
        yield _read(_PARTICIPANTS, messages, "participant_id")


@contextmanager
def accounts(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Account]]:
    """The accounts that these messages are about."""
    with tokens.together():
        yield _read(_ACCOUNTS, messages, "account_id")


@contextmanager
def alerts(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Told]]:
    """The alerts that these messages are about, each with whoever is told of it."""
    heard = _read(_ALERTS, messages, "alert_id")
    with accounts(messages) as readers:
        yield {one: Told(heard[one], reader) for one, reader in readers.items() if one in heard}


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


def _read(found: sa.Select[Row], messages: Sequence[Message], fact: str) -> Mapping[UUID, Row]:
    """Read anew, in one statement; by the id of the message that is about it."""
    ids = {message.id: _id(message, fact) for message in messages}
    wanted = {"ids": [id_ for id_ in ids.values() if id_ is not None]}
    anew = {"populate_existing": True}
    by_id = {row.id: row for row in db.session.scalars(found, wanted, execution_options=anew)}
    return {one: by_id[about] for one, about in ids.items() if about in by_id}
