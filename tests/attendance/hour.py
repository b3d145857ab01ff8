"""The hour of a class, as a provider tells of it."""

from __future__ import annotations

from datetime import timedelta

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.core.db import db
from remote_training.meetings.models import EventKind, MeetingEvent, Source
from tests import make

LET_IN = ((EventKind.WAITING, -3), (EventKind.ADMITTED, -2), (EventKind.JOINED, -2))


def booked(session: Session, name: str) -> Booking:
    """Somebody of this name with a place."""
    contact = make.contact(
        name=name, phone="030 222 3333", emergency_name="Carl", emergency_phone="030 444 5555"
    )
    return make.booking(session=session, participant=make.participant(contact=contact))


def tell(
    booking: Booking, kind: EventKind, minute: float, *, visit: str = "a", is_lost: bool = False
) -> None:
    """A report about somebody, `minute` minutes after the beginning of her class."""
    at = booking.session.starts_at + timedelta(minutes=minute)
    event = MeetingEvent(
        key=f"{booking.id}/{visit}/{kind}/{minute}",
        provider="zoom",
        source=Source.WEBHOOK,
        session_id=booking.session_id,
        booking_id=booking.id,
        kind=kind,
        connection=f"{booking.id}-{visit}",
        happened_at=at,
        received_at=at,
        is_lost=is_lost,
    )
    db.session.add(event)
    db.session.commit()


def press(booking: Booking, minute: float) -> None:
    """She pressed Join on our page."""
    at = booking.session.starts_at + timedelta(minutes=minute)
    whereabouts.tell(booking.participant.contact_id, booking.id, place="Kade 2", now=at)
    db.session.commit()


def twelve(session: Session) -> dict[str, Booking]:
    """Twelve people after twenty minutes: in each state, one at least."""
    names = (
        "Anna Vos", "Bogna Kos", "Carla de Wit", "Dora Smit", "Els Bakker", "Fien Mulder",
        "Gerda Meijer", "Mia Visser", "Ida Peters", "Jo Hendriks", "Kiki Dekker", "Lies Brouwer",
    )  # fmt: skip
    people = {name.split()[0]: booked(session, name) for name in names}
    for name in ("Anna", "Dora", "Els", "Fien", "Gerda", "Mia", "Ida"):
        press(people[name], -4)
        for kind, minute in LET_IN:
            tell(people[name], kind, minute)
    tell(people["Dora"], EventKind.LEFT, 12)
    tell(people["Els"], EventKind.LEFT, 18.5, is_lost=True)
    for number, minute in enumerate((11, 14, 17)):
        tell(people["Fien"], EventKind.LEFT, minute, visit="a" if not number else f"b{number - 1}")
        tell(people["Fien"], EventKind.JOINED, minute + 1, visit=f"b{number}")
    press(people["Bogna"], 17)
    tell(people["Bogna"], EventKind.WAITING, 18)
    press(people["Carla"], 4)
    return people
