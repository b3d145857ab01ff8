"""Reading participants. The arm is read by itself, and only where it may be seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from remote_training.accounts import queries as accounts
from remote_training.accounts.models import Account
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.participants import study_numbers
from remote_training.participants.models import Allocation, Participant

# asked on every page of hers: composed once, so that no request composes them again
OF_ACCOUNT = (
    sa.select(Participant)
    .where(Participant.account_id == sa.bindparam("account_id"))
    .options(joinedload(Participant.site))
)
ALLOCATION = sa.select(Allocation).where(
    Allocation.participant_id == sa.bindparam("participant_id")
)


def of_account(account_id: UUID) -> Participant:
    """The participant who signs in with this account, with her site, or `NotFound`."""
    return _found(db.session.scalars(OF_ACCOUNT, {"account_id": account_id}).one_or_none())


def is_known(participant_id: UUID) -> bool:
    """Whether there is such a participant, at whatever site."""
    return bool(db.session.scalar(sa.select(sa.exists().where(Participant.id == participant_id))))


def by_id(participant_id: UUID, site_ids: Collection[UUID]) -> Participant:
    """A participant of one of these sites, or `NotFound`."""
    return _one(Participant.id == participant_id, Participant.site_id.in_(site_ids))


def numbered(number: str, site_ids: Collection[UUID]) -> Participant:
    """The participant of one of these sites with this study number, as typed, or `NotFound`."""
    return _one(
        Participant.study_number == study_numbers.tidy(number), Participant.site_id.in_(site_ids)
    )


def sharing_mailbox(account: Account) -> Sequence[Participant]:
    """Those who may come in by a link to this account's address, herself among them.

    Who has left the trial is not. First the one whose account is oldest.
    """
    ids = [who.id for who in accounts.sharing_mailbox(account)]
    found = (
        sa.select(Participant)
        .join(Participant.account)
        .where(Participant.account_id.in_(ids), Participant.withdrawn_on.is_(None))
        .options(joinedload(Participant.contact), contains_eager(Participant.account))
        .order_by(Account.created_at, Account.id)
    )
    return db.session.scalars(found).all()


def listing(
    site_ids: Collection[UUID], *, number: str = "", limit: int | None = None, offset: int = 0
) -> Sequence[Participant]:
    """Participants of these sites with their contacts, by study number.

    With `number`, those whose study number begins with it, however it was typed.
    """
    found = (
        sa.select(Participant)
        .where(*_listed(site_ids, number))
        .options(joinedload(Participant.contact), joinedload(Participant.site))
        .order_by(Participant.study_number)
        .limit(limit)
        .offset(offset)
    )
    return db.session.scalars(found).all()


def count(site_ids: Collection[UUID], *, number: str = "") -> int:
    """How many `listing` has in all."""
    found = sa.select(sa.func.count(Participant.id)).where(*_listed(site_ids, number))
    return db.session.scalar(found) or 0


def allocation(participant_id: UUID) -> Allocation | None:
    """The arm of a participant, if allocated. Not for the blinded."""
    return db.session.scalars(ALLOCATION, {"participant_id": participant_id}).one_or_none()


def _one(*wanted: sa.ColumnElement[bool]) -> Participant:
    found = (
        sa.select(Participant)
        .where(*wanted)
        .options(
            joinedload(Participant.contact),
            joinedload(Participant.account),
            joinedload(Participant.site),
        )
    )
    return _found(db.session.scalars(found).one_or_none())


def _found(participant: Participant | None) -> Participant:
    if participant is None:
        raise NotFound(say("This person is not here."))
    return participant


def _listed(site_ids: Collection[UUID], number: str) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = [Participant.site_id.in_(site_ids)]
    begins = study_numbers.tidy(number)
    if begins:
        wanted.append(Participant.study_number.startswith(begins, autoescape=True))
    return wanted
