"""Who may sign in, and as what."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from remote_training.accounts import visits
from remote_training.accounts.models import Account, AccountKind, Grant, Role
from remote_training.audit import service as audit
from remote_training.contacts import service as contacts
from remote_training.contacts.models import Contact
from remote_training.core.db import db
from remote_training.studies.models import Site


def create_participant_account(
    contact: Contact, *, language: str, zone: str, now: datetime
) -> Account:
    """Let a participant sign in by links; she has no password."""
    return _create(AccountKind.PARTICIPANT, contact, language, zone, now)


def create_staff(
    name: str, email: str, *, language: str, zone: str, now: datetime, by: UUID | None
) -> Account:
    """Add a member of staff, without a password and without roles yet. Raises `WrongAddress`."""
    contact = contacts.keep(name=name, email=email)
    account = _create(AccountKind.STAFF, contact, language, zone, now)
    audit.note("accounts.create_staff", "account", account.id, by=by, now=now)
    return account


def grant(
    account: Account,
    role: Role,
    site: Site,
    *,
    sees_arm: bool = False,
    now: datetime,
    by: UUID | None,
    reason: str,
) -> Grant:
    """Give a role at a site, and end all visits of that account at once."""
    given = Grant(account_id=account.id, role=role, site_id=site.id, sees_arm=sees_arm)
    db.session.add(given)
    visits.end_all(account.id, now=now)
    audit.note(
        "accounts.grant", "account", account.id, by=by, now=now, reason=reason,
        role=role, site=site.code, sees_arm=sees_arm,
    )  # fmt: skip
    return given


def _create(
    kind: AccountKind, contact: Contact, language: str, zone: str, now: datetime
) -> Account:
    account = Account(
        id=uuid4(), kind=kind, contact_id=contact.id, language=language, zone=zone, created_at=now
    )
    db.session.add(contact)
    db.session.flush()
    db.session.add(account)
    return account
