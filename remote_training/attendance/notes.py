"""What a trainer wants to remember of somebody in one class: sealed, short, for 30 days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.attendance import service
from remote_training.attendance.models import Note
from remote_training.audit import service as audit
from remote_training.bookings.models import Booking
from remote_training.contacts import resealing
from remote_training.core.db import db
from remote_training.core.errors import Invalid, NotFound
from remote_training.core.text import clean_line
from remote_training.core.words import say

LONGEST = 300
KEPT = timedelta(days=30)


def write(booking: Booking, text: str, *, key: str | None, now: datetime, by: UUID) -> None:
    """Keep a note, once for each `key`. Raises `Invalid` for none, or one over 300 letters."""
    line = clean_line(text)
    if not line:
        raise Invalid(say("Please write something."))
    if len(line) > LONGEST:
        raise Invalid(say("Please shorten this to %(count)s letters."), count=LONGEST)
    service.lock([booking.id])
    if key is not None and db.session.scalar(sa.select(sa.exists().where(Note.key == key))):
        return
    row = Note(id=uuid4(), booking_id=booking.id, key=key or uuid4().hex, by_id=by, at=now)
    row.text = line
    db.session.add(row)
    db.session.flush()
    audit.note("attendance.note", "booking", booking.id, by=by, now=now, note=str(row.id))


def remove(note: Note, *, now: datetime, by: UUID) -> None:
    """Empty a note; twice changes nothing."""
    if note.removed_at is None:
        note.text, note.removed_at = "", now
        audit.note(
            "attendance.remove_note", "booking", note.booking_id, by=by, now=now, note=str(note.id)
        )


def of(booking_ids: Collection[UUID]) -> dict[UUID, Sequence[Note]]:
    """The notes of these bookings that were not removed, oldest first, by booking."""
    found = (
        sa.select(Note)
        .where(Note.booking_id.in_(booking_ids), Note.removed_at.is_(None))
        .order_by(Note.at, Note.id)
    )
    by_booking: dict[UUID, list[Note]] = {}
    for row in db.session.scalars(found):
        by_booking.setdefault(row.booking_id, []).append(row)
    return dict(by_booking)


def one(note_id: UUID, booking: Booking) -> Note:
    """The note of this id about a booking, or `NotFound`."""
    found = sa.select(Note).where(Note.id == note_id, Note.booking_id == booking.id)
    row = db.session.scalars(found).one_or_none()
    if row is None:
        raise NotFound(say("This note is not there any more."))
    return row


def forget(*, now: datetime) -> int:
    """Delete notes that are older than 30 days; returns how many."""
    old = sa.delete(Note).where(Note.at < now - KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]


def reseal(limit: int) -> int:
    """Seal notes with the newest key, `limit` at most; returns how many had another."""
    return resealing.reseal(Note, "text", limit)
