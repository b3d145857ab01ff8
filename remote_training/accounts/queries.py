"""Reading accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts.models import Account, AccountKind, Grant, Role
from remote_training.contacts import service as contacts
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.studies.models import Site

# asked on every page of staff: composed once, so that no request composes it again
GRANTS = (
    sa.select(Grant)
    .where(Grant.account_id == sa.bindparam("account_id"))
    .options(joinedload(Grant.site))
    .order_by(Grant.id)
)


def grants_of(account_id: UUID) -> Sequence[Grant]:
    """The roles of an account, with their sites."""
    return db.session.scalars(GRANTS, {"account_id": account_id}).all()


def may_see_arm(grants: Collection[Grant]) -> bool:
    """Whether the arm may be shown to who has these roles: coordinators, unblinded researchers.

    A researcher who is blinded anywhere is blinded everywhere.
    """
    research = [grant for grant in grants if grant.role is Role.RESEARCHER]
    if research:
        return all(grant.sees_arm for grant in research)
    return any(grant.role is Role.COORDINATOR for grant in grants)


def staff_with_email(email: str) -> Account | None:
    """The member of staff with this address, switched off or not."""
    return next(iter(_with_email(email, AccountKind.STAFF)), None)


def active_staff_with_email(email: str) -> Account | None:
    """The member of staff with this address, unless switched off."""
    account = staff_with_email(email)
    return account if account is not None and account.is_active else None


def participants_with_email(email: str) -> Sequence[Account]:
    """The active accounts of participants with this address, oldest first."""
    return [who for who in _with_email(email, AccountKind.PARTICIPANT) if who.is_active]


def sharing_mailbox(account: Account) -> Sequence[Account]:
    """The active participants' accounts with the same address as this one, itself among them."""
    return participants_with_email(account.contact.email)


def has_grant(account: Account, role: Role, site: Site) -> bool:
    """Whether the account has this role at this site."""
    found = sa.select(Grant.id).where(
        Grant.account_id == account.id, Grant.role == role, Grant.site_id == site.id
    )
    return db.session.scalar(found) is not None


def grants_at(site_ids: Collection[UUID]) -> Sequence[Grant]:
    """All roles at some sites, with their people, in the order of accounts."""
    found = (
        sa.select(Grant)
        .where(Grant.site_id.in_(site_ids))
        .options(joinedload(Grant.site), joinedload(Grant.account).joinedload(Account.contact))
        .order_by(Grant.account_id, Grant.role)
    )
    return db.session.scalars(found).all()


def grant_at(grant_id: UUID, site_ids: Collection[UUID]) -> Grant:
    """The role of this id at one of the sites, or `NotFound`."""
    found = sa.select(Grant).where(Grant.id == grant_id, Grant.site_id.in_(site_ids))
    grant = db.session.scalars(found).one_or_none()
    if grant is None:
        raise NotFound(say("This role is not here."))
    return grant


def colleague(account_id: UUID, site_ids: Collection[UUID]) -> Account:
    """The member of staff of this id who has a role at one of the sites, or `NotFound`."""
    found = sa.select(Account).where(
        Account.id == account_id,
        Account.kind == AccountKind.STAFF,
        sa.exists().where(Grant.account_id == Account.id, Grant.site_id.in_(site_ids)),
    )
    account = db.session.scalars(found.options(joinedload(Account.contact))).one_or_none()
    if account is None:
        raise NotFound(say("This person is not here."))
    return account


def works_elsewhere(account: Account, site_ids: Collection[UUID]) -> bool:
    """Whether the account has a role at another site than these."""
    found = sa.select(Grant.id).where(
        Grant.account_id == account.id, Grant.site_id.not_in(site_ids)
    )
    return db.session.scalars(found.limit(1)).one_or_none() is not None


def _with_email(email: str, kind: AccountKind) -> Sequence[Account]:
    ids = [contact.id for contact in contacts.with_email(email)]
    found = (
        sa.select(Account)
        .where(Account.contact_id.in_(ids), Account.kind == kind)
        .options(joinedload(Account.contact))
        .order_by(Account.created_at, Account.id)
    )
    return db.session.scalars(found).all()
