"""Who came into a class without being known: a trainer decides who it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.attendance import queries, service
from remote_training.attendance.errors import ChangedMeanwhile
from remote_training.attendance.intervals import Interval
from remote_training.attendance.intervals import stays as stays_of
from remote_training.audit import service as audit
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.meetings import presences
from remote_training.meetings.models import Decision, UnmatchedPresence

DECISION = "decision"


def stranger(stranger_id: UUID, session: Session) -> UnmatchedPresence:
    """Somebody unknown in a class, or `NotFound`."""
    found = (
        sa.select(UnmatchedPresence)
        .where(UnmatchedPresence.id == stranger_id, UnmatchedPresence.session_id == session.id)
        .with_for_update()
    )
    row = db.session.scalars(found).one_or_none()
    if row is None:
        raise NotFound(say("This person is no longer on the list: it is known now who it was."))
    return row


def stays(session: Session, row: UnmatchedPresence, *, now: datetime) -> Sequence[Interval]:
    """When somebody unknown was in the class, as far as was told."""
    told = presences.told_of(row, now=now)
    return stays_of(told, starts_at=session.starts_at, ends_at=session.ends_at, now=now)


def decide(
    row: UnmatchedPresence,
    decision: Decision | None,
    booking: Booking | None,
    *,
    seen: str = "",
    now: datetime,
    by: UUID,
) -> None:
    """Say who it was: a booking of the class, nobody of ours, or (None) not decided again.

    The minutes of whom it touches follow. Saying the same twice changes nothing. `seen` is the
    `choice` that stood on her page.

    Raises
    ------
    ChangedMeanwhile
        Somebody else has decided something that was not on her page.
    """
    booking_id = booking.id if booking is not None else None
    if (row.decision, row.booking_id) == (decision, booking_id):
        return
    if seen != choice(row) and row.decided_by_id != by:
        raise _overtaken(row)
    audit.note(
        "attendance.decide_unknown", "session", row.session_id, by=by, now=now,
        unknown=str(row.id), before=_told(row.decision, row.booking_id),
        after=_told(decision, booking_id),
    )  # fmt: skip
    row.decision, row.decided_at = decision, now if decision else None
    row.decided_by_id = by if decision else None
    touched = presences.assign(row, booking_id)
    db.session.flush()
    service.work_out({row.session_id: touched}, cause=DECISION, now=now)


def choice(row: UnmatchedPresence) -> str:
    """What is decided of somebody unknown, as the form sends it; empty for nothing."""
    return _told(row.decision, row.booking_id) or ""


def chosen(session: Session, typed: str) -> tuple[Decision | None, Booking | None]:
    """What a choice of the form means. Raises `NotFound` for what is none."""
    if not typed:
        return None, None
    if typed == Decision.NOBODY:
        return Decision.NOBODY, None
    try:
        booking_id = UUID(typed)
    except ValueError:
        raise NotFound(say("Nobody with this place is in the class.")) from None
    return Decision.BOOKED, queries.place(booking_id, session)


def _overtaken(row: UnmatchedPresence) -> ChangedMeanwhile:
    if row.decided_by_id is None:
        return ChangedMeanwhile(
            say("The decision was taken back in the meantime. Please look, and save again.")
        )
    by = db.session.get_one(Account, row.decided_by_id).contact.first_name
    if row.booking_id is None:
        return ChangedMeanwhile(
            say(
                "%(name)s has decided in the meantime that this was nobody of this class. "
                "Please look, and save again."
            ),
            name=by,
        )
    who = db.session.get_one(Booking, row.booking_id)
    return ChangedMeanwhile(
        say(
            '%(name)s has decided in the meantime that this was "%(who)s". '
            "Please look, and save again."
        ),
        name=by,
        who=queries.name_of(who),
    )


def _told(decision: Decision | None, booking_id: UUID | None) -> str | None:
    return str(booking_id) if booking_id else decision
