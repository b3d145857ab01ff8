"""Whether somebody may book each of some classes, and if not, why: for who asks without booking.

It is asked of the rule that booking itself asks, over what stands at that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from remote_training.bookings import fit, places, queries, rules, waiting_queries
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import Refused
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant


class Verdict(NamedTuple):
    """One class as the rule sees it for one participant.

    `refusal` is what booking it would raise, or None; `booking_id` that of her live booking.
    """

    session: Session
    refusal: Refused | None
    booking_id: UUID | None


def of(participant: Participant, sessions: Iterable[Session], *, now: datetime) -> list[Verdict]:
    """A verdict on each of these classes, in their order, in a constant number of statements."""
    allocation = participants.allocation(participant.id)
    arm = allocation.arm if allocation is not None else None
    held = queries.hours_of([participant.id]).get(participant.id, [])
    hers, kept = _booking_ids(participant), waiting_queries.kept_for(participant, now=now)
    verdicts = []
    for one in sessions:
        refusal = _refusal(participant, one, arm, held, now)
        if refusal is None and one.places_left <= 0 and one.id not in kept:
            refusal = places.full(one, now)
        verdicts.append(Verdict(one, refusal, hers.get(one.id)))
    return verdicts


def refusals(
    participant: Participant, session_ids: Collection[UUID], *, now: datetime
) -> list[Refused]:
    """Why these classes cannot be booked, each reason once; those that she holds are left out."""
    found = sa.select(Session).where(Session.id.in_(session_ids)).order_by(Session.starts_at)
    verdicts = of(participant, db.session.scalars(found).all(), now=now)
    why = [one.refusal for one in verdicts if one.refusal is not None and one.booking_id is None]
    return list({str(one): one for one in why}.values())


def _refusal(
    participant: Participant,
    session: Session,
    arm: str | None,
    held: list[fit.Hour],
    now: datetime,
) -> Refused | None:
    try:
        rules.judge(participant, session, arm=arm, held=held, now=now)
    except Refused as refusal:
        return refusal
    return None


def _booking_ids(participant: Participant) -> dict[UUID, UUID]:
    rows = sa.select(Booking.session_id, Booking.id).where(
        Booking.participant_id == participant.id, Booking.cancelled_at.is_(None)
    )
    return {row.session_id: row.id for row in db.session.execute(rows)}
