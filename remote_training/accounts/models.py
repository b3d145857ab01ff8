"""Accounts, roles, links in mails, sessions in browsers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.contacts.models import Contact
from remote_training.core.crypto import keyring
from remote_training.core.db import Model
from remote_training.studies.models import Site


class AccountKind(StrEnum):
    """Staff sign in with a password and a second factor; participants by links."""

    STAFF = "staff"
    PARTICIPANT = "participant"


class Role(StrEnum):
    """What a member of staff may do, at one site."""

    TRAINER = "trainer"
    COORDINATOR = "coordinator"
    RESEARCHER = "researcher"
    ADMINISTRATOR = "administrator"


class LinkKind(StrEnum):
    """What a link opens (contract: Links in mail); an invitation is for new staff.

    `calendar` is the address of a feed: no page, and it stands in no mail. The `stop_` kinds
    stop one kind of optional mail.
    """

    JOIN = "join"
    ANSWER = "answer"
    BOOKINGS = "bookings"
    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    CALENDAR = "calendar"
    STOP_DAY = "stop_day"
    STOP_HOUR = "stop_hour"
    STOP_QUESTIONS = "stop_questions"


class Scope(StrEnum):
    """What a participant's visit may see: one class, one questionnaire, her bookings, which
    reminders she wants, all.
    """

    JOIN = "join"
    ANSWER = "answer"
    BOOKINGS = "bookings"
    REMINDERS = "reminders"
    EVERYTHING = "everything"


class Account(Model):
    """Somebody who signs in. Name and address stand in the vault, under `contact`."""

    __tablename__ = "account"

    kind: Mapped[AccountKind]
    contact_id: Mapped[UUID] = mapped_column(sa.ForeignKey("contact.id"), unique=True)
    language: Mapped[str] = mapped_column(sa.String(8))
    zone: Mapped[str] = mapped_column(sa.String(60))
    is_active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    totp_sealed: Mapped[bytes | None]
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None] = mapped_column(sa.BigInteger())
    reset_asked_by_id: Mapped[UUID | None]
    created_at: Mapped[datetime]

    contact: Mapped[Contact] = relationship()

    @property
    def totp_secret(self) -> str:
        """The secret of the second factor (base32), or nothing."""
        if self.totp_sealed is None:
            return ""
        return keyring().open(self.totp_sealed, about=f"account/{self.id}/totp")

    @totp_secret.setter
    def totp_secret(self, secret: str) -> None:
        self.totp_sealed = keyring().seal(secret, about=f"account/{self.id}/totp")


class Grant(Model):
    """A role at a site. `sees_arm` matters for researchers: without it they are blinded."""

    __tablename__ = "role_grant"
    __table_args__ = (sa.UniqueConstraint("account_id", "role", "site_id"),)

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    role: Mapped[Role]
    site_id: Mapped[UUID] = mapped_column(sa.ForeignKey("site.id"))
    sees_arm: Mapped[bool] = mapped_column(default=False)

    account: Mapped[Account] = relationship()
    site: Mapped[Site] = relationship()


class RecoveryCode(Model):
    """A spare second factor, good once. Only its hash is kept."""

    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    used_at: Mapped[datetime | None]


class Validity(NamedTuple):
    """How far a link is used up."""

    revoked_at: datetime | None
    used_at: datetime | None
    expires_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether the link still opens something, as far as it knows itself."""
        in_time = self.expires_at is None or now < self.expires_at
        return self.revoked_at is None and self.used_at is None and in_time


class Link(Model):
    """A link in a mail: what it opens, for whom. Only the token's hash is kept.

    `subject_id` is the booking of a join link, the assessment of an answer link, and the
    waiting of a link to a place that is offered.
    `expires_at` is empty where the subject's own end decides (a class may move). `asked_by`
    is the hash of a mark in the browser that asked for a sign-in link; opened in another
    one, the link gives a short code (kept as a keyed fingerprint) to type in the first.
    """

    __tablename__ = "link"

    kind: Mapped[LinkKind]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    subject_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    code_hash: Mapped[str | None] = mapped_column(sa.String(64))

    account: Mapped[Account] = relationship()

    def is_open(self, now: datetime) -> bool:
        """Whether the link still opens something, as far as it knows itself."""
        return self.validity.is_open(now)

    @property
    def validity(self) -> Validity:
        """How far it is used up."""
        return Validity(self.revoked_at, self.used_at, self.expires_at)


class BrowserSession(Model):
    """Somebody's visit in one browser. Ended here, it is ended at once everywhere.

    The cookie holds a random token of which only the hash is kept. `second_factor_at`
    is empty while a member of staff has given the password alone.
    """

    __tablename__ = "browser_session"

    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    began_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    second_factor_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()

    def is_live(self, now: datetime) -> bool:
        """Whether the visit goes on."""
        return self.ended_at is None and now < self.expires_at


class Permit(Model):
    """What a participant's visit may see, opened by one link."""

    __tablename__ = "permit"
    __table_args__ = (sa.UniqueConstraint("browser_session_id", "scope", "subject_id"),)

    browser_session_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("browser_session.id"), index=True
    )
    scope: Mapped[Scope]
    subject_id: Mapped[UUID | None]
    link_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("link.id"))

    link: Mapped[Link | None] = relationship()
    visit: Mapped[BrowserSession] = relationship()


class Attempt(Model):
    """A counter of attempts within one window, shared by all processes (rate limit).

    `key` is a keyed fingerprint: it holds neither an address nor a network number.
    """

    __tablename__ = "attempt"
    __table_args__ = (sa.UniqueConstraint("key", "window_at"),)

    key: Mapped[str] = mapped_column(sa.String(64))
    window_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int] = mapped_column(default=0)


class AccessToken(Model):
    """With what a program asks in the name of a member of staff. Only its hash is kept.

    It opens what `role` opens, at those sites where its owner has that role at the moment.
    `name` is the owner's own word for it.
    """

    __tablename__ = "access_token"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    role: Mapped[Role]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()

    def is_open(self, now: datetime) -> bool:
        """Whether it still opens something, as far as it knows itself."""
        return self.ended_at is None and now < self.expires_at


class LinkRequest(Model):
    """Somebody asked for a link to an address, known or not: the worker finds that out.

    The page that asks writes the same row whoever asks for whatever address, so that
    neither its answer nor its time tells who is known here. Gone once answered.
    """

    __tablename__ = "link_request"

    email_sealed: Mapped[bytes]
    asked_by: Mapped[str] = mapped_column(sa.String(64))
    asked_at: Mapped[datetime]

    @property
    def email(self) -> str:
        """The address, as it was typed."""
        return keyring().open(self.email_sealed, about=f"link_request/{self.id}/email")

    @email.setter
    def email(self, address: str) -> None:
        self.email_sealed = keyring().seal(address, about=f"link_request/{self.id}/email")
