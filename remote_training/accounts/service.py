"""Who may sign in, and as what. Every change ends the visits of that account at once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from remote_training.accounts import programs, queries, tokens, visits
from remote_training.accounts.errors import AlreadyThere, NotYourOwn
from remote_training.accounts.models import Account, AccountKind, Grant, Role
from remote_training.audit import service as audit
from remote_training.contacts import service as contacts
from remote_training.contacts.models import Contact
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.studies.models import Site


def create_participant_account(
    contact: Contact, *, language: str, zone: str, now: datetime
) -> Account:
    """Let a participant sign in by links; she has no password."""
    return _create(AccountKind.PARTICIPANT, contact, language, zone, now)


def create_staff(
    name: str, email: str, *, language: str, zone: str, now: datetime, by: UUID | None
) -> Account:
    """Add a member of staff, without a password and without roles yet.

    Raises `WrongName`, `WrongAddress`, or `AlreadyThere` for a colleague's address.
    """
    if queries.staff_with_email(email) is not None:
        raise AlreadyThere(say("Somebody of the staff has this mail address already."))
    account = _create(AccountKind.STAFF, contacts.keep(name=name, email=email), language, zone, now)
    audit.note("accounts.create_staff", "account", account.id, by=by, now=now)
    return account


def invite(account: Account, *, now: datetime, by: UUID | None) -> None:
    """Mail a link with which the password is chosen: 72 hours, once."""
    outbox.queue(
        "staff_invitation",
        to=account.contact_id,
        facts={"account_id": str(account.id)},
        not_after=now + tokens.INVITATION_LASTS,
        now=now,
    )
    audit.note("accounts.invite", "account", account.id, by=by, now=now)


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
    """Give a role at a site. `sees_arm` counts for researchers: without it they are blinded.

    Raises `ReasonNeeded`, `NotYourOwn`, `AlreadyThere`.
    """
    reason = _why(account, by, reason)
    if queries.has_grant(account, role, site):
        raise AlreadyThere(say("This role is there already."))
    given = Grant(
        account_id=account.id,
        role=role,
        site_id=site.id,
        sees_arm=sees_arm and role is Role.RESEARCHER,
    )
    db.session.add(given)
    visits.end_all(account.id, now=now)
    audit.note(
        "accounts.grant", "account", account.id, by=by, now=now, reason=reason,
        role=role, site=site.code, sees_arm=given.sees_arm,
    )  # fmt: skip
    return given


def revoke(given: Grant, *, now: datetime, by: UUID | None, reason: str) -> None:
    """Take a role away; tokens of programs for it end. Raises `ReasonNeeded`, `NotYourOwn`."""
    reason = _why(given.account, by, reason)
    visits.end_all(given.account_id, now=now)
    programs.end_all(given.account_id, role=given.role, now=now, by=by)
    audit.note(
        "accounts.revoke", "account", given.account_id, by=by, now=now, reason=reason,
        role=given.role, site=given.site.code,
    )  # fmt: skip
    db.session.delete(given)


def deactivate(account: Account, *, now: datetime, by: UUID | None, reason: str) -> None:
    """Switch an account off: no visit, link, password or token of it works any more."""
    reason = _why(account, by, reason)
    account.is_active = False
    visits.end_all(account.id, now=now)
    tokens.revoke_all(account.id, now=now)
    programs.end_all(account.id, now=now, by=by)
    audit.note("accounts.deactivate", "account", account.id, by=by, now=now, reason=reason)


def activate(account: Account, *, now: datetime, by: UUID | None, reason: str) -> None:
    """Switch an account on again; its links stay ended."""
    reason = _why(account, by, reason)
    account.is_active = True
    audit.note("accounts.activate", "account", account.id, by=by, now=now, reason=reason)


def reset_second_factor(account: Account, *, now: datetime, by: UUID, reason: str) -> bool:
    """Take the second factor away, so that a new one is set up; it needs two people.

    The first only asks (False); another one confirms (True), and all visits end.
    Raises `ReasonNeeded`, and `NotYourOwn` for one's own account.
    """
    reason = _why(account, by, reason)
    if account.reset_asked_by_id in (None, by):
        account.reset_asked_by_id = by
        audit.note("accounts.ask_reset", "account", account.id, by=by, now=now, reason=reason)
        return False
    account.reset_asked_by_id = None
    account.totp_sealed = account.totp_confirmed_at = account.totp_last_step = None
    visits.end_all(account.id, now=now)
    programs.end_all(account.id, now=now, by=by)
    audit.note("accounts.reset", "account", account.id, by=by, now=now, reason=reason)
    return True


def _why(account: Account, by: UUID | None, reason: str) -> str:
    """The reason for a change of somebody else's rights."""
    why = reasons.needed(reason, say("Please write why this is changed."))
    if account.id == by:
        raise NotYourOwn(say("Nobody changes their own rights. Please ask a colleague."))
    return why


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
