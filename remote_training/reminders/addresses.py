"""The addresses in a letter. Links are made while it is written: their tokens are in it alone."""

from __future__ import annotations

from datetime import datetime

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.bookings.models import Booking, Waiting
from remote_training.core import settings
from remote_training.messages.models import Message
from remote_training.participants.models import Participant
from remote_training.reminders import optional


def link(token: str) -> str:
    """The address of a link in a mail."""
    return f"{settings.current().address}/l/{token}"


def join(booking: Booking, now: datetime) -> str:
    """Where a class is joined by who has booked it."""
    account_id = booking.participant.account_id
    return link(tokens.mint(LinkKind.JOIN, account_id, now=now, subject_id=booking.id))


def stop(woman: Participant, message: Message, now: datetime) -> dict[str, str]:
    """The link that stops mail of this kind; it ends when her address changes, or she leaves."""
    kind = optional.STOPS[optional.REMINDERS[message.kind]]
    return {"stop_url": link(tokens.mint(kind, woman.account_id, now=now))}


def classes(woman: Participant, now: datetime) -> str:
    """Where she sees, books and gives back her classes."""
    ends = now + tokens.BOOKINGS_LAST
    return link(tokens.mint(LinkKind.BOOKINGS, woman.account_id, now=now, expires_at=ends))


def offer(entry: Waiting, now: datetime) -> str:
    """Where she takes the place that is kept for her, or sees what has become of it."""
    return link(
        tokens.mint(
            LinkKind.BOOKINGS,
            entry.participant.account_id,
            now=now,
            subject_id=entry.id,
            expires_at=now + tokens.BOOKINGS_LAST,
        )
    )
