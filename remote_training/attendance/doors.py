"""Whether somebody may come into a class now: one answer for page and press."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from remote_training.attendance.errors import DoorClosed
from remote_training.bookings.models import Booking
from remote_training.core.words import say


class Door(StrEnum):
    """How a person finds the door of her class."""

    GIVEN_BACK = "given_back"
    CALLED_OFF = "called_off"
    EARLY = "early"
    OPEN = "open"
    LATE = "late"
    OVER = "over"


SENTENCES = {
    Door.GIVEN_BACK: say("You gave this place back. You can book another class."),
    Door.CALLED_OFF: say("This class does not take place."),
    Door.EARLY: say("The doors are not open yet. They open 15 minutes before the class."),
    Door.OVER: say("This class is over."),
}


def door(booking: Booking, *, now: datetime) -> Door:
    """What a person finds who comes to the door of her class."""
    session = booking.session
    if session.is_called_off:
        return Door.CALLED_OFF
    if not booking.is_live:
        return Door.GIVEN_BACK
    if now >= session.ends_at:
        return Door.OVER
    if now < session.doors_open_at:
        return Door.EARLY
    return Door.OPEN if now <= session.starts_at else Door.LATE


def is_open(booking: Booking, *, now: datetime) -> bool:
    """Whether she may come in: from 15 minutes before the class to its end."""
    return door(booking, now=now) in (Door.OPEN, Door.LATE)


def check(booking: Booking, *, now: datetime) -> None:
    """Raise `DoorClosed`, with the reason, unless she may come in."""
    found = door(booking, now=now)
    if found in SENTENCES:
        raise DoorClosed(SENTENCES[found])
