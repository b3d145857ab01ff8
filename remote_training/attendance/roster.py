"""The list of a class at this moment: who is expected, waiting, here, gone, missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from remote_training.attendance import marks, notes, queries, signs
from remote_training.attendance.models import Attendance, Mark, Note, Status
from remote_training.attendance.signs import Signs
from remote_training.bookings import queries as bookings
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.meetings import queries as meetings
from remote_training.meetings.queries import ClassReports
from remote_training.studies.current import study

MINUTE = timedelta(minutes=1)
KNOWN_WHY = frozenset({Status.EXCUSED, Status.TECHNICAL})
NOT_THERE = frozenset({Status.EXCUSED, Status.NO_SHOW})


class Now(StrEnum):
    """Where somebody is, as far as is told.

    pressed
        She pressed Join on our page, and the room has not told of her yet.
    waiting
        She is in the waiting room of the provider: somebody has to let her in.
    left, dropped, quiet
        She is not in the room any more: for good or for a moment; for longer, in the middle of
        the class; without having left (her line broke, or her page went silent).
    away
        It is known why she is not there: a trainer says so, or the class was called off.
    """

    EXPECTED = "expected"
    PRESSED = "pressed"
    WAITING = "waiting"
    HERE = "here"
    LEFT = "left"
    DROPPED = "dropped"
    QUIET = "quiet"
    MISSING = "missing"
    AWAY = "away"


GONE = frozenset({Now.LEFT, Now.DROPPED, Now.QUIET})
UNSEEN = frozenset({Now.EXPECTED, Now.PRESSED, Now.MISSING})


@dataclass(frozen=True)
class Line:
    """One person of a roster: for one page, never kept.

    Attributes
    ----------
    name
        First name and the first letter of the last; the whole name of two who share them.
    since
        Since when she is here, waits, is gone, or pressed Join.
    minutes
        Within the class, so far.
    status, machine_status
        What counts, and what the machine says; None while it is not known.
    said
        The word of a trainer, if there is one.
    seen
        Which of the trainers' marks this line shows; empty for none.
    needs_call
        She is not there, nobody knows why, and so long that somebody should ring.
    is_unsteady
        She is here, and keeps losing the line.
    has_told
        Whether she said today where she is.
    """

    booking_id: UUID
    name: str
    now: Now
    since: datetime | None
    minutes: float
    status: Status | None
    machine_status: Status | None
    said: Status | None
    reason: str | None
    seen: str
    needs_call: bool
    is_unsteady: bool
    has_told: bool
    notes: Sequence[Note]

    @property
    def is_contradicted(self) -> bool:
        """Whether she was said not to come, and is here, or was there long enough."""
        was_there = self.machine_status in (Status.ATTENDED, Status.LATE)
        return self.said in NOT_THERE and (self.now is Now.HERE or was_there)

    @property
    def is_overruled(self) -> bool:
        """Whether a trainer said something else than the machine."""
        return self.status is not None and self.status != self.machine_status


@dataclass(frozen=True)
class Count:
    """How many are expected at all, wait to be let in, are here, gone again, missing."""

    expected: int
    waiting: int
    here: int
    left: int
    missing: int


def of(session: Session, *, now: datetime) -> Sequence[Line]:
    """Everybody who holds a place: who needs a call first, then who waits to be let in, then
    whose line is bad, then who is missing; within these by name, so that the rest stays put.
    """
    booked = bookings.roster(session)
    told = _told([booking.id for booking in booked])
    reports = meetings.reports([session.id], now=now)[session.id]
    called = queries.names_of(booked)
    lines = [_line(one, called[one.id], reports, told(one.id), now=now) for one in booked]
    return sorted(lines, key=_call_first)


def count(lines: Sequence[Line]) -> Count:
    """How many of a roster are where."""
    where = [line.now for line in lines]
    return Count(
        expected=len(lines),
        waiting=where.count(Now.WAITING),
        here=where.count(Now.HERE),
        left=sum(one in GONE for one in where),
        missing=where.count(Now.MISSING),
    )


def is_silent(lines: Sequence[Line]) -> bool:
    """Whether the room should have told of somebody by now and has told of nobody: those who
    pressed Join may well be in it.
    """
    unseen = all(line.now in UNSEEN or line.now is Now.AWAY for line in lines)
    return unseen and any(line.now is Now.PRESSED and line.needs_call for line in lines)


@dataclass(frozen=True)
class _Told:
    """What is known of one booking beside the reports."""

    row: Attendance | None
    mark: Mark | None
    pressed_at: datetime | None
    notes: Sequence[Note]

    @property
    def said(self) -> Status | None:
        return self.row.status if self.row is not None else None


def _told(ids: Collection[UUID]) -> Callable[[UUID], _Told]:
    rows, said = queries.of_bookings(ids), marks.last(ids)
    pressed, written = whereabouts.told_at(ids), notes.of(ids)
    return lambda one: _Told(rows.get(one), said.get(one), pressed.get(one), written.get(one, []))


def _line(
    booking: Booking, name: str, reports: ClassReports, told: _Told, *, now: datetime
) -> Line:
    session = booking.session
    has_pressed = told.pressed_at is not None
    verdict = queries.verdict(session, reports, booking.id, has_pressed=has_pressed, now=now)
    found = signs.of(reports.get(booking.id, []), now=now)
    where, since = _where(found, session, told.pressed_at, now)
    if (told.said in KNOWN_WHY or session.is_called_off) and where in UNSEEN:
        where = Now.AWAY
    goes_on = not session.is_called_off and now < session.ends_at
    return Line(
        booking_id=booking.id,
        name=name,
        now=where,
        since=since,
        minutes=verdict.presence.minutes,
        status=told.said or verdict.status,
        machine_status=verdict.status,
        said=told.said,
        reason=told.row.reason if told.row is not None and told.said else None,
        seen=told.mark.id.hex if told.mark is not None else "",
        needs_call=goes_on and _needs_call(where, found, told, session, now),
        is_unsteady=goes_on and where is Now.HERE and found.is_unsteady,
        has_told=told.pressed_at is not None,
        notes=told.notes,
    )


def _where(
    found: Signs, session: Session, pressed_at: datetime | None, now: datetime
) -> tuple[Now, datetime | None]:
    """Where she is; and since when."""
    if now < session.ends_at and found.here_since is not None:
        return Now.HERE, found.here_since
    if now < session.ends_at and found.waiting_since is not None:
        return Now.WAITING, found.waiting_since
    left_at = found.left_at or found.here_since
    if left_at is not None:
        return _gone(found, left_at, session, now), min(left_at, session.ends_at)
    if pressed_at is not None and now < session.ends_at:
        return Now.PRESSED, pressed_at
    return (Now.MISSING if now >= session.starts_at else Now.EXPECTED), None


def _gone(found: Signs, left_at: datetime, session: Session, now: datetime) -> Now:
    """How somebody is gone: out of a class that goes on, or at its end, or before it."""
    is_in_the_middle = session.starts_at <= now < session.ends_at
    nearly_over = session.ends_at - study().rules.left_early_minutes * MINUTE
    if not is_in_the_middle or left_at > nearly_over:
        return Now.LEFT
    if found.was_lost:
        return Now.QUIET
    return Now.DROPPED if _is_long_gone(left_at, session, now) else Now.LEFT


def _is_long_gone(left_at: datetime, session: Session, now: datetime) -> bool:
    return now >= max(left_at, session.starts_at) + study().rules.dropped_after_minutes * MINUTE


def _needs_call(where: Now, found: Signs, told: _Told, session: Session, now: datetime) -> bool:
    """Whether somebody should ring; a word that a trainer said of it before is answer enough."""
    if where in (Now.MISSING, Now.PRESSED):
        call_at = session.starts_at + study().rules.call_after_minutes * MINUTE
        return told.said is None and now >= call_at
    if where not in (Now.DROPPED, Now.QUIET) or found.left_at is None:
        return False
    set_at = told.row.set_at if told.row is not None else None
    is_answered = set_at is not None and set_at >= found.left_at
    return not is_answered and _is_long_gone(found.left_at, session, now)


def _call_first(line: Line) -> tuple[object, ...]:
    ranks = (
        line.needs_call,
        line.now is Now.WAITING,
        line.now is Now.QUIET or line.is_unsteady,
        line.now is Now.MISSING,
        True,
    )
    return ranks.index(True), line.name.casefold(), line.booking_id
