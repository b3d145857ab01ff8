"""What a link in a mail is about, and whether that still goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Link, LinkKind
from remote_training.assessments.models import Assessment
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant

Row = TypeVar("Row", Booking, Assessment)


@dataclass(frozen=True)
class Subject:
    """Of whom and of what a link is; `booking` or `assessment` by its kind."""

    participant: Participant | None
    booking: Booking | None = None
    assessment: Assessment | None = None

    def goes_on(self, link: Link, now: datetime) -> bool:
        """Whether there is still something to open, whatever the link itself says."""
        if link.kind is LinkKind.INVITATION:
            return link.account.is_active
        if link.kind is LinkKind.SIGN_IN:
            return bool(participants.sharing_mailbox(link.account))
        if not link.account.is_active:
            return False
        if self.participant is None or self.participant.withdrawn_on is not None:
            return False
        if link.kind is LinkKind.JOIN:
            return self.booking is not None and now < self.booking.session.ends_at
        if link.kind is LinkKind.ANSWER:
            return self.assessment is not None and now < self.assessment.ends_at
        return True

    @property
    def is_hers_to_answer(self) -> bool:
        """Whether it is a sitting of somebody who takes part, over or not."""
        return self.assessment is not None and self.assessment.participant.is_taking_part


def of(link: Link) -> Subject:
    """Read what a link is about; rows of somebody else are not found."""
    found = sa.select(Participant).where(Participant.account_id == link.account_id)
    participant = db.session.scalars(found).one_or_none()
    if participant is None:
        return Subject(None)
    booking = _hers(Booking, link.subject_id, participant) if link.kind is LinkKind.JOIN else None
    is_answer = link.kind is LinkKind.ANSWER
    assessment = _hers(Assessment, link.subject_id, participant) if is_answer else None
    return Subject(participant, booking, assessment)


def _hers(model: type[Row], row_id: UUID | None, her: Participant) -> Row | None:
    row = db.session.get(model, row_id) if row_id is not None else None
    return row if row is not None and row.participant_id == her.id else None
