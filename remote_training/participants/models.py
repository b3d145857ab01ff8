"""A participant, and, apart from her, the arm."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.accounts.models import Account
from remote_training.contacts.models import Contact
from remote_training.core.db import Model
from remote_training.studies.models import Site

UNPLANNED = sa.text("unplanned_since IS NOT NULL")


class Sex(StrEnum):
    """As recorded by the site; some questions apply to one only."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"


def may_train(
    *, consented_on: date | None, withdrawn_on: date | None, cleared_on: date | None
) -> bool:
    """Whether somebody of whom these days are known takes part and is cleared for exercise."""
    return takes_part(consented_on, withdrawn_on) and cleared_on is not None


def takes_part(consented_on: date | None, withdrawn_on: date | None) -> bool:
    """Whether there is consent, and no withdrawal."""
    return consented_on is not None and withdrawn_on is None


class Participant(Model):
    """One person in the trial, named by a random study number.

    `complaint` is the module code of the complaint that troubles her most. Facts that
    are not known yet are empty. `unplanned_since` is when something changed that decides which
    reminders she gets, and when; None once they are planned anew.
    """

    __tablename__ = "participant"
    __table_args__ = (
        sa.Index(
            "ix_participant_unplanned", "unplanned_since",
            sqlite_where=UNPLANNED, postgresql_where=UNPLANNED,
        ),
    )  # fmt: skip

    study_number: Mapped[str] = mapped_column(sa.String(12), unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), unique=True)
    contact_id: Mapped[UUID] = mapped_column(sa.ForeignKey("contact.id"), unique=True)
    site_id: Mapped[UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    language: Mapped[str] = mapped_column(sa.String(8))
    zone: Mapped[str] = mapped_column(sa.String(60))
    consented_on: Mapped[date | None]
    baseline_on: Mapped[date | None]
    cleared_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]
    complaint: Mapped[str | None] = mapped_column(sa.String(20))
    sex: Mapped[Sex | None]
    neurotoxic_chemotherapy: Mapped[bool | None]
    unplanned_since: Mapped[datetime | None]

    account: Mapped[Account] = relationship()
    contact: Mapped[Contact] = relationship()
    site: Mapped[Site] = relationship()

    @property
    def is_taking_part(self) -> bool:
        """True with consent, until withdrawal."""
        return takes_part(self.consented_on, self.withdrawn_on)

    @property
    def may_train(self) -> bool:
        """True where she takes part and is cleared for exercise."""
        return may_train(
            consented_on=self.consented_on,
            withdrawn_on=self.withdrawn_on,
            cleared_on=self.cleared_on,
        )


class Allocation(Model):
    """The arm of a participant, in a table of its own: the blinded never read it."""

    __tablename__ = "allocation"

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"), unique=True)
    arm: Mapped[str] = mapped_column(sa.String(20))
    allocated_on: Mapped[date]


class Way(StrEnum):
    """How somebody chose: on her page, by the link in a mail, or by telephone at the desk."""

    PAGE = "page"
    MAIL = "mail"
    DESK = "desk"


class ReminderWish(Model):
    """Which optional mails somebody wants, and between which hours of hers.

    Who never chose has no row: she gets all, in the hours of the study. `earliest_hour` and
    `latest_hour` are whole hours of her day; None for those of the study.
    """

    __tablename__ = "reminder_wish"
    __table_args__ = (
        sa.CheckConstraint("earliest_hour BETWEEN 0 AND 12", name="earliest_hour"),
        sa.CheckConstraint("latest_hour BETWEEN 16 AND 23", name="latest_hour"),
    )

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"), unique=True)
    day_before: Mapped[bool] = mapped_column(default=True)
    hour_before: Mapped[bool] = mapped_column(default=True)
    questions: Mapped[bool] = mapped_column(default=True)
    earliest_hour: Mapped[int | None]
    latest_hour: Mapped[int | None]
    chosen_at: Mapped[datetime]
    chosen_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    way: Mapped[Way]
