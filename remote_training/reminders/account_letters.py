"""Letters to whoever has an account here: beginning, signing in, an alert to be looked at."""

from __future__ import annotations

from datetime import datetime

from remote_training.accounts import queries as accounts
from remote_training.accounts import tokens
from remote_training.accounts.models import Account, AccountKind, LinkKind, Role
from remote_training.core import settings
from remote_training.messages.models import Message
from remote_training.outside.mail import Letter
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.reminders import addresses, paper, subjects
from remote_training.safety import event_queries as events
from remote_training.safety import queries as safety


def has_not_left(woman: Participant, _message: Message, _now: datetime) -> bool:
    """She takes part."""
    return woman.withdrawn_on is None


def welcome(woman: Participant, message: Message, now: datetime) -> Letter:
    """Her first mail: the way to her classes."""
    personal = {"classes_url": addresses.classes(woman, now)}
    return paper.letter(message, woman.account, site=woman.site, personal=personal)


def may_sign_in(account: Account, _message: Message, _now: datetime) -> bool:
    """Somebody who takes part, or did, has this account."""
    return bool(participants.sharing_mailbox(account))


def sign_in(account: Account, message: Message, now: datetime) -> Letter:
    """A link that signs in; with the first names of all who share the mailbox."""
    sharing = participants.sharing_mailbox(account)
    token = tokens.mint_sign_in(account.id, asked_by=message.facts.get("asked_by"), now=now)
    return paper.letter(
        message,
        account,
        site=subjects.site_of(account),
        personal={
            "sign_in_url": addresses.link(token),
            "first_name": ", ".join(woman.contact.first_name for woman in sharing),
        },
    )


def is_invited(account: Account, _message: Message, _now: datetime) -> bool:
    """A colleague who has not set a password yet."""
    is_new = account.password_hash is None
    return account.is_active and account.kind is AccountKind.STAFF and is_new


def invitation(account: Account, message: Message, now: datetime) -> Letter:
    """The link with which a colleague begins."""
    ends = now + tokens.INVITATION_LASTS
    token = tokens.mint(LinkKind.INVITATION, account.id, now=now, expires_at=ends)
    return paper.letter(message, account, site=None, personal={"begin_url": addresses.link(token)})


def nobody_has_looked(told: subjects.Told, _message: Message, _now: datetime) -> bool:
    """The alert stands, and the reader still looks after her site."""
    site = told.alert.participant.site
    is_hers = accounts.has_grant(told.reader, Role.COORDINATOR, site)
    return told.reader.is_active and is_hers and safety.is_untouched(told.alert.id)


def alert(told: subjects.Told, message: Message, _now: datetime) -> Letter:
    """No name, no number, no answer: only that there is something to be looked at."""
    personal = {"alerts_url": f"{settings.current().address}/staff/safety/"}
    place = told.alert.participant.site.name
    return paper.letter(message, told.reader, site=None, personal=personal, place=place)


def is_event_unseen(told: subjects.ToldOfEvent, _message: Message, _now: datetime) -> bool:
    """The event stands, nobody has looked at it, and the reader still looks after her site."""
    site = told.event.participant.site
    is_hers = accounts.has_grant(told.reader, Role.COORDINATOR, site)
    return told.reader.is_active and is_hers and events.is_unseen(told.event.id)


def event(told: subjects.ToldOfEvent, message: Message, _now: datetime) -> Letter:
    """No name, no number, no word of what happened: only the way to its page."""
    page = f"{settings.current().address}/staff/safety/events/{told.event.id}/"
    place = told.event.participant.site.name
    return paper.letter(message, told.reader, site=None, personal={"event_url": page}, place=place)
