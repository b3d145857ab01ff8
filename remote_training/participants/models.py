"""A participant, and, apart from her, the arm."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.accounts.models import Account
from remote_training.contacts.models import Contact
from remote_training.core.db import Model
from remote_training.studies.models import Site


class Sex(StrEnum):
    """As recorded by the site; some questions apply to one only."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"


class Participant(Model):
    """One person in the trial, named by a random study number.

    `complaint` is the module code of the complaint that troubles her most. Facts that
    are not known yet are empty.
    """

    __tablename__ = "participant"

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

    account: Mapped[Account] = relationship()
    contact: Mapped[Contact] = relationship()
    site: Mapped[Site] = relationship()

    @property
    def is_taking_part(self) -> bool:
        """True with consent, until withdrawal."""
        return self.consented_on is not None and self.withdrawn_on is None

    @property
    def may_train(self) -> bool:
        """True where she takes part and is cleared for exercise."""
        return self.is_taking_part and self.cleared_on is not None


class Allocation(Model):
    """The arm of a participant, in a table of its own: the blinded never read it."""

    __tablename__ = "allocation"

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"), unique=True)
    arm: Mapped[str] = mapped_column(sa.String(20))
    allocated_on: Mapped[date]
