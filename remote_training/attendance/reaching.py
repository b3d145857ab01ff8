"""How a trainer reaches somebody: the link once more, her telephone, the emergency card.

What names her or tells where she is, is shown at a press; that it was shown is written down.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from remote_training.attendance.errors import NoLinkNow
from remote_training.audit import service as audit
from remote_training.bookings.models import Booking
from remote_training.contacts import whereabouts
from remote_training.contacts.models import Whereabouts
from remote_training.core.words import say
from remote_training.messages import service as outbox


def send_link(booking: Booking, *, now: datetime, by: UUID) -> None:
    """Send the link to the class once more; a second press in the same minute sends nothing.

    Raises `NoLinkNow` where the class is over or called off.
    """
    session = booking.session
    if session.is_called_off or now >= session.ends_at:
        raise NoLinkNow(say("The link cannot be sent: this class is over or called off."))
    queued = outbox.queue(
        "join_link",
        to=booking.participant.contact_id,
        facts={"booking_id": str(booking.id)},
        not_after=session.ends_at,
        now=now,
        dedupe_key=f"link_again/{booking.id}/{now:%Y%m%d%H%M}",
    )
    if queued is not None:
        audit.note("attendance.send_link", "booking", booking.id, by=by, now=now)


def emergency_card(booking: Booking, *, now: datetime, by: UUID) -> Whereabouts | None:
    """What she told about today, for the trainer; that it was read is written down."""
    audit.note("attendance.read_emergency_card", "booking", booking.id, by=by, now=now)
    return whereabouts.of(booking.id)


def telephone(booking: Booking, *, now: datetime, by: UUID) -> str:
    """Her own number, to ring her; that it was shown is written down. Empty where there is none."""
    audit.note("attendance.read_telephone", "booking", booking.id, by=by, now=now)
    return booking.participant.contact.phone
