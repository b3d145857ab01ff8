"""Coming in, going, and what counts in the end.

Each report is kept by `meetings` and worked into the attendance in the same transaction.
Whoever writes about a booking locks its row first: two devices wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remote_training.attendance import doors, queries
from remote_training.attendance.errors import NotBegun
from remote_training.attendance.models import Attendance, Change, Settlement, Status
from remote_training.audit import service as audit
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.meetings import plans, presences, pulses
from remote_training.meetings import queries as meetings_queries
from remote_training.meetings import service as meetings
from remote_training.meetings.models import MeetingEvent
from remote_training.meetings.told import Told
from remote_training.outside.meetings import Room

AT_ONCE = 100
NEEDS_A_BEGUN_CLASS = frozenset({Status.ATTENDED, Status.LATE, Status.NO_SHOW})


def come_in(
    booking: Booking, connection: str, *, beats: bool, now: datetime, room: Room | None = None
) -> None:
    """Bring somebody into her class; the same `connection` twice is one coming in.

    In a room of our own the visit begins here; another provider reports it by itself. `room`
    is what `meetings.service.ask` gave for this click. `beats` as in
    `meetings.pulses.come_in`. Raises `DoorClosed`.
    """
    doors.check(booking, now=now)
    session = booking.session
    provider = meetings.provider_of(session.site)
    if provider.is_our_page:
        meetings.open_our_page(session, now=now)
    elif room is not None:
        meetings.opened(session, provider, room, now=now)
    else:
        plans.let_in_again(booking, now=now)
    lock([booking.id])
    if provider.is_our_page and pulses.come_in(booking, connection, beats=beats, now=now):
        recompute(booking, now=now)


def beat(booking: Booking, connection: str, *, now: datetime) -> bool:
    """Take a sign of life from the room of our own; whether the visit goes on."""
    lock([booking.id])
    goes_on = booking.is_live and pulses.beat(booking, connection, now=now)
    if not goes_on:
        leave(booking, connection, by_button=False, now=now)
    return goes_on


def leave(booking: Booking, connection: str, *, by_button: bool, now: datetime) -> None:
    """End a visit in the room of our own; twice changes nothing."""
    lock([booking.id])
    pulses.leave(booking, connection, by_button=by_button, now=now)
    recompute(booking, now=now)


def hear(booking: Booking, *, now: datetime, **report: Any) -> MeetingEvent | None:
    """Take a provider's report about a booking; None for a repeated one.

    `report` as in `meetings.service.receive`. A late one, after the class was settled,
    corrects everybody's attendance: with the first report the room is known to have worked.
    """
    session = booking.session
    if now >= session.ends_at:
        _lock_session(session.id)
    lock([booking.id])
    event = meetings.receive(session_id=session.id, booking_id=booking.id, now=now, **report)
    if event is not None and now >= session.ends_at:
        _settle([session], now=now)
    elif event is not None:
        recompute(booking, now=now)
    return event


def recompute(booking: Booking, *, now: datetime) -> Attendance:
    """Work out one attendance anew from all reports; a trainer's word stays."""
    row = queries.of_booking(booking.id) or _new(booking.id)
    _write(row, queries.verdict_of(booking, now=now), now)
    db.session.flush()
    return row


def hear_all(
    provider: str, told: Collection[Told], *, now: datetime, cause: str, is_whole: bool = False
) -> None:
    """Take many reports at once, and work out whom they touch; rooms of others are passed over.

    What this changes in a class that was settled before is kept as a `Change` with its
    `cause`. `is_whole` as in `meetings.presences.take`.
    """
    touched = presences.take(provider, told, now=now, is_whole=is_whole)
    work_out(touched, cause=cause, now=now)


def work_out(touched: Mapping[UUID, Collection[UUID]], *, cause: str, now: datetime) -> None:
    """Work out some bookings anew, by class; of a class that is over all of them.

    Then one report tells that the room worked, and so that who was not seen was not there.
    """
    found = sa.select(Session).where(Session.id.in_(touched)).order_by(Session.id)
    sessions = db.session.scalars(found).all()
    over = [session for session in sessions if now >= session.ends_at]
    for session in over:
        _lock_session(session.id)
    _settle(over, now=now, cause=cause)
    going_on = [session for session in sessions if now < session.ends_at]
    some = {booking_id for session in going_on for booking_id in touched[session.id]}
    if some:
        _settle(going_on, now=now, only=some)


def settle(*, now: datetime) -> int:
    """Give every live booking of the classes that are over its status; returns how many classes.

    At most 100 classes at once, oldest first, each once; several workers may ask at the
    same time. What people told about where they are is forgotten two days later.
    """
    whereabouts.forget(now=now)
    found = (
        sa.select(Session)
        .where(
            Session.ends_at <= now - meetings_queries.SILENT,
            Session.called_off_at.is_(None),
            ~sa.exists().where(Settlement.session_id == Session.id),
        )
        .order_by(Session.ends_at, Session.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )
    sessions = db.session.scalars(found).all()
    if sessions:
        _settle(sessions, now=now)
        db.session.add_all(
            Settlement(session_id=session.id, settled_at=now) for session in sessions
        )
        db.session.flush()
    return len(sessions)


def set_status(
    booking: Booking, status: Status | None, *, reason: str, now: datetime, by: UUID
) -> Attendance:
    """Let a trainer's word count; None takes it back, and the machine's counts again.

    Raises
    ------
    NotBegun, ReasonNeeded, ReasonTooLong
        In this order; the reason is needed where the word differs from what the machine
        reported, or during the class reports so far.
    """
    if status in NEEDS_A_BEGUN_CLASS and now < booking.session.starts_at:
        raise NotBegun(say("The class has not begun. Until then you can only excuse somebody."))
    lock([booking.id])
    row = recompute(booking, now=now)
    why = reasons.given(reason)
    if status is not None and _overrules(status, row):
        why = reasons.needed(why, say("Please write why: the room reported something else."))
    before = row.status
    row.status, row.reason = status, why if status else None
    row.set_by_id, row.set_at = (by, now) if status else (None, None)
    audit.note(
        "attendance.set_status", "booking", booking.id, by=by, now=now, reason=why,
        status=status, before=before, machine=row.machine_status,
    )  # fmt: skip
    return row


def _overrules(status: Status, row: Attendance) -> bool:
    """Whether a word says something else than the room; before its verdict, than what it saw."""
    if row.machine_status is not None:
        return status is not row.machine_status
    was_there = status in (Status.ATTENDED, Status.LATE)
    return status is Status.TECHNICAL or was_there is not (row.first_joined_at is not None)


def _settle(
    sessions: Sequence[Session],
    *,
    now: datetime,
    cause: str | None = None,
    only: Collection[UUID] | None = None,
) -> None:
    """Work out live bookings of some classes: few statements, however many people."""
    by_id = {session.id: session for session in sessions}
    found = (
        sa.select(Booking.id, Booking.session_id)
        .where(Booking.session_id.in_(by_id), Booking.cancelled_at.is_(None))
        .order_by(Booking.id)
    )
    if only is not None:
        found = found.where(Booking.id.in_(only))
    booked = {row.id: row.session_id for row in db.session.execute(found)}
    lock(booked)
    known, pressed = queries.of_bookings(booked), whereabouts.told(booked)
    reports = meetings_queries.reports(list(by_id), now=now, only=booked if only else None)
    for booking_id, session_id in booked.items():
        row, session = known.get(booking_id) or _new(booking_id), by_id[session_id]
        before = _said(row, session)
        own, has_pressed = reports[session_id], booking_id in pressed
        said = queries.verdict(session, own, booking_id, has_pressed=has_pressed, now=now)
        _write(row, said, now)
        if cause is not None and before is not None:
            _note_change(row, before, cause, now)
    db.session.flush()


def _said(row: Attendance, session: Session) -> tuple[float, Status | None] | None:
    """What the machine said of a class after its end; None where it has not spoken yet."""
    if row.computed_at is None or row.computed_at < session.ends_at:
        return None
    return row.machine_minutes, row.machine_status


def _note_change(
    row: Attendance, before: tuple[float, Status | None], cause: str, now: datetime
) -> None:
    if before == (row.machine_minutes, row.machine_status):
        return
    db.session.add(
        Change(
            booking_id=row.booking_id,
            at=now,
            cause=cause,
            minutes_before=before[0],
            minutes_after=row.machine_minutes,
            status_before=before[1],
            status_after=row.machine_status,
        )
    )


def _new(booking_id: UUID) -> Attendance:
    row = Attendance(booking_id=booking_id)
    db.session.add(row)
    return row


def _write(row: Attendance, found: queries.Verdict, now: datetime) -> None:
    row.machine_status = found.status
    row.machine_minutes = round(found.presence.minutes, 4)
    row.first_joined_at = found.presence.first_joined_at
    row.last_left_at = None if found.here_since else found.presence.last_left_at
    row.is_imputed = found.presence.is_imputed or found.presence.lacks_coming
    row.computed_at = now


def lock(booking_ids: Collection[UUID]) -> None:
    """Hold some bookings to the end of the transaction: whoever writes about them waits."""
    locked = sa.select(Booking.id).where(Booking.id.in_(booking_ids)).order_by(Booking.id)
    db.session.execute(locked.with_for_update(key_share=True)).all()


def _lock_session(session_id: UUID) -> None:
    locked = sa.select(Session.id).where(Session.id == session_id)
    db.session.execute(locked.with_for_update(key_share=True)).all()
