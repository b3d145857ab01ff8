"""A place, taken and freed: what booking, moving and the waiting list are made of.

The database itself refuses the place too many: the counter of the class rises only
while it is below the places (a CHECK is the last line), and a partial unique index allows
one live booking for a person and a class. Locks are always taken in the order
participant, class, booking, so that no two verbs wait for each other.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from remote_training.bookings import fit, rules
from remote_training.bookings.errors import SessionFull
from remote_training.bookings.models import Booking
from remote_training.calendars.invitation import new_uid
from remote_training.classes.models import Session
from remote_training.core import settings
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.participants.models import Participant

# every booking runs these: composed once, so that none composes them again
HELD_ABOUT_THEN = (
    sa.select(Session.id, Session.starts_at, Session.ends_at, Session.on_date, Session.module)
    .join(Booking, Booking.session_id == Session.id)
    .where(
        Booking.participant_id == sa.bindparam("participant_id"),
        Booking.cancelled_at.is_(None),
        Session.called_off_at.is_(None),
        Session.starts_at < sa.bindparam("until"),
        Session.ends_at > sa.bindparam("since"),
    )
)
ONE_PLACE = (
    sa.update(Session)
    .where(
        Session.id == sa.bindparam("session_id"),
        Session.taken < Session.places,
        Session.called_off_at.is_(None),
    )
    .values(taken=Session.taken + 1)
    .execution_options(synchronize_session=False)
)


def one_at_a_time(participant: Participant) -> None:
    """Lock her row, and read again what may have changed until it could be locked."""
    newest = ["consented_on", "withdrawn_on", "cleared_on", "baseline_on", "complaint"]
    db.session.refresh(participant, newest, with_for_update={"key_share": True})


def check(
    participant: Participant, session: Session, now: datetime, *, leaves: UUID | None = None
) -> None:
    """All that is asked before a place is taken, but for the place itself."""
    first_on = rules.check(participant, session)
    rules.check_is_open(session, session.takes_bookings(now))
    span = {"since": session.starts_at - fit.FAR, "until": session.ends_at + fit.FAR}
    rows = db.session.execute(HELD_ABOUT_THEN, {"participant_id": participant.id, **span})
    held = [fit.Hour(*row) for row in rows if row.id != leaves]
    if refusal := fit.hindrance(fit.hour_of(session), held, first_on):
        raise refusal


def take(session: Session) -> None:
    """Count one place more, or refuse with `SessionFull` or `BookingClosed`."""
    taken = db.session.execute(ONE_PLACE, {"session_id": session.id})
    got_one = taken.rowcount == 1  # type: ignore[attr-defined]
    db.session.expire(session, ["taken", "called_off_at"])
    if not got_one:
        rules.check_is_open(session, True)
        raise SessionFull(
            say("This class is full. Choose another one, or put yourself on its waiting list."),
            to_staff=say(
                "This class is full. Choose another one; on her own page she can put "
                "herself on its waiting list."
            ),
        )


def add(participant: Participant, session: Session, now: datetime) -> Booking:
    """Write the booking of a place that is counted already."""
    booking = Booking(
        participant_id=participant.id,
        session_id=session.id,
        booked_at=now,
        calendar_uid=new_uid(settings.current().mail_host),
    )
    booking.participant, booking.session = participant, session
    try:
        with db.session.begin_nested():
            db.session.add(booking)
    except IntegrityError as error:
        raise fit.already_booked() from error
    return booking


def lock(session: Session) -> None:
    """Lock a class, and read again what may have changed until it could be locked."""
    newest = ["called_off_at", "starts_at", "ends_at", "places", "taken"]
    db.session.refresh(session, newest, with_for_update={"key_share": True})


def give_back(booking: Booking, now: datetime) -> bool:
    """End a booking and free its place; True for the one call that did it."""
    session = booking.session
    ended = (
        sa.update(Booking)
        .where(Booking.id == booking.id, Booking.cancelled_at.is_(None))
        .values(
            cancelled_at=now,
            is_late=rules.is_late(now, session.starts_at),
            sequence=Booking.sequence + 1,
        )
        .execution_options(synchronize_session=False)
    )
    did_it = db.session.execute(ended).rowcount == 1  # type: ignore[attr-defined]
    db.session.expire(booking, ["cancelled_at", "is_late", "sequence"])
    if did_it:
        free(session)
    return bool(did_it)


def free(session: Session) -> None:
    """Count one place less."""
    freed = sa.update(Session).where(Session.id == session.id).values(taken=Session.taken - 1)
    db.session.execute(freed.execution_options(synchronize_session=False))
    db.session.expire(session, ["taken"])


def tell(kind: str, booking: Booking, *, not_after: datetime, now: datetime, **facts: str) -> None:
    """Queue a mail about a booking."""
    outbox.queue(
        kind,
        to=booking.participant.contact_id,
        facts={"booking_id": str(booking.id), **facts},
        not_after=not_after,
        now=now,
    )
