"""What ends in the classes with somebody who leaves the trial."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.bookings import queries, service, waiting_list
from remote_training.bookings.errors import HasBegun
from remote_training.bookings.models import Booking, Waiting
from remote_training.core.db import db
from remote_training.participants.models import Participant


def booked(participant: Participant, *, now: datetime) -> Sequence[Booking]:
    """Her places in classes that are still to come, and take place; soonest first."""
    held = queries.upcoming(participant, now=now)
    return [one for one in held if one.session.starts_at > now and not one.session.is_called_off]


def waited_for(participant: Participant) -> Sequence[Waiting]:
    """What she waits for, or is offered."""
    found = (
        sa.select(Waiting)
        .where(Waiting.participant_id == participant.id, Waiting.ended_at.is_(None))
        .options(joinedload(Waiting.session))
        .order_by(Waiting.session_id)
    )
    return db.session.scalars(found).all()


def end_all(participant: Participant, *, now: datetime, by: UUID | None) -> None:
    """Give back her places in classes to come, and end her waiting; who waits gets what is free.

    Her row is locked by who calls, and says already that she takes part no more: nothing that
    is freed here is hers again. No place counts as given back late.
    """
    ends: list[Booking | Waiting] = [*booked(participant, now=now), *waited_for(participant)]
    for one in sorted(ends, key=lambda one: one.session_id):  # one order for all who lock classes
        if isinstance(one, Waiting):
            waiting_list.leave(one, now=now, by=by)
            continue
        with suppress(HasBegun):  # it was moved to an earlier hour this very moment
            service.cancel(one, now=now, by=by, is_leaving=True)
