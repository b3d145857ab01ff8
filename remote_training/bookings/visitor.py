"""Who opens the page of classes, and what it must know of her: asked in one question."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts import visits
from remote_training.accounts.models import Account
from remote_training.bookings.queries import Trainee
from remote_training.participants.models import Allocation, Participant, may_train
from remote_training.studies.models import Site

_account, _her, _site, _allocation = (
    cast(sa.Table, model.__table__) for model in (Account, Participant, Site, Allocation)
)
HERE_AND_HER = (
    visits.HERE.add_columns(
        _her.c.id, _her.c.site_id, _her.c.zone, _her.c.complaint, _her.c.baseline_on,
        _allocation.c.arm, _her.c.consented_on, _her.c.withdrawn_on, _her.c.cleared_on,
        _site.c.phone, _site.c.emergency_number,
    )
    .join(_her, _her.c.account_id == _account.c.id)
    .join(_site, _site.c.id == _her.c.site_id)
    .outerjoin(_allocation, _allocation.c.participant_id == _her.c.id)
)  # fmt: skip


class Her(NamedTuple):
    """What `HERE_AND_HER` says of her, after who is here."""

    id: UUID
    site_id: UUID
    zone: str
    complaint: str | None
    baseline_on: date | None
    arm: str | None
    consented_on: date | None
    withdrawn_on: date | None
    cleared_on: date | None
    phone: str
    emergency_number: str

    @property
    def trainee(self) -> Trainee:
        """What decides which classes are hers to book."""
        trains = may_train(
            consented_on=self.consented_on,
            withdrawn_on=self.withdrawn_on,
            cleared_on=self.cleared_on,
        )
        return Trainee(
            self.id, self.site_id, self.zone, self.complaint, trains, self.baseline_on, self.arm
        )
