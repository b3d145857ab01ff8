"""What the tests of killed workers put in the outbox: many people, all kinds of policy."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages.models import Message, State
from tests import make

PEOPLE = 20
KINDS = ("booking_confirmed", "join_link", "welcome", "join_link")  # at any hour, however many


def fill(count: int, draw: Random, *, now: datetime) -> None:
    """Queue so many messages, of kinds that are sent again and of kinds sent once, mixed."""
    women = [make.participant(baseline_on=None) for _ in range(PEOPLE)]
    hours = [
        make.session(starts_at=now + timedelta(days=2, hours=n), places=100)
        for n in range(-(-count // PEOPLE))
    ]
    rows: list[Booking | Message] = []
    for n in range(count):
        woman, hour, kind = women[n % PEOPLE], hours[n // PEOPLE], draw.choice(KINDS)
        booking = Booking(
            id=uuid4(),
            participant_id=woman.id,
            session_id=hour.id,
            booked_at=now,
            calendar_uid=f"{os.urandom(16).hex()}@trial.example.org",
        )
        facts = {"booking_id": str(booking.id), "participant_id": str(woman.id)}
        rows += [
            booking,
            Message(
                kind=kind,
                contact_id=woman.contact_id,
                facts=facts,
                queued_at=now,
                due_at=now,
                not_after=hour.starts_at,
            ),
        ]
    db.session.add_all(rows)
    db.session.commit()


def states() -> dict[str, int]:
    """How many messages are in which state."""
    found = db.session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state))
    counts = {State(row[0]).value: row[1] for row in found}
    db.session.rollback()
    return counts
