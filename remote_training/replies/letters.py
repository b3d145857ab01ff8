"""The mail after her calendar has said no: one link, with which she gives the place back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from remote_training.bookings import answers
from remote_training.bookings.models import Booking
from remote_training.calendars.reply import Says
from remote_training.messages.kinds import Kind, Policy
from remote_training.messages.models import Message
from remote_training.outside.mail import Letter
from remote_training.reminders import addresses, paper, subjects


def kinds() -> dict[str, Kind[Any]]:
    """The kinds of this room, for the table that the outbox asks."""
    return {"says_no": Kind("says_no", Policy.ONCE, subjects.bookings, _still_says_no, _ask)}


def _still_says_no(booking: Booking, _message: Message, now: datetime) -> bool:
    """Her place is held, the class is to come, and "no" is the last that was heard of it."""
    session = booking.session
    is_on = booking.is_live and not session.is_called_off and now < session.starts_at
    is_hers = is_on and booking.participant.withdrawn_on is None
    return is_hers and answers.newest(booking) is Says.DECLINED


def _ask(booking: Booking, message: Message, now: datetime) -> Letter:
    her, session = booking.participant, booking.session
    return paper.letter(
        message,
        her.account,
        site=her.site,
        personal={"classes_url": addresses.classes(her, now)},
        thread=f"<{booking.calendar_uid}>",
        starts_at=session.starts_at,
    )
