"""The waiting list of a class that is full.

A place that is freed goes, in the same transaction, to the first in line who may still
take it: at once, where she said so, or as an offer, for which it is kept until a deadline.
Who may not take it (another class of hers is at that time, her week is full) keeps her
place on it. A kept place counts as taken: there are never more offers than places.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.audit import service as audit
from remote_training.bookings import places, queries, rules, waiting_queries
from remote_training.bookings.errors import NoOffer, NotInLine, SessionFull, TooLateToWait
from remote_training.bookings.models import Booking, Ending, Waiting
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.participants.models import Participant
from remote_training.studies.current import study

STANDS = Waiting.ended_at.is_(None)
IN_LINE = sa.and_(STANDS, Waiting.offered_at.is_(None))


def join(
    participant: Participant, session: Session, *, is_at_once: bool, now: datetime, by: UUID | None
) -> Waiting:
    """Put her on the list, or change how she wants the place; where one is free, it is hers.

    Raises
    ------
    NotTakingPart, ..., WeekFull
        As `service.book`, but for `SessionFull`.
    TooLateToWait
        Where nobody moves up any more.
    """
    places.one_at_a_time(participant)
    places.lock(session)  # before anything is asked: it may be called off this very moment
    places.check(participant, session, now)
    if now >= rules.waiting_list_closes_at(session):
        raise TooLateToWait(say("The class is too soon: nobody moves up from the list any more."))
    entry = _standing(participant.id, session.id)
    if entry is None:
        entry = Waiting(
            participant_id=participant.id, session_id=session.id, asked_at=now,
            rank_at=waiting_queries.rank(participant, session, now), is_at_once=is_at_once,
        )  # fmt: skip
        db.session.add(entry)
        _note("bookings.wait", entry, now, by, is_at_once=is_at_once)
    entry.is_at_once = is_at_once
    db.session.flush()
    fill(session, now=now)
    return entry


def leave(entry: Waiting, *, now: datetime, by: UUID | None) -> None:
    """Take her off the list; a place that was kept for her goes to the next."""
    places.lock(entry.session)
    if not _end(entry, Ending.LEFT, now):
        return
    _note("bookings.leave_waiting_list", entry, now, by)
    fill(entry.session, now=now)


def accept(entry: Waiting, *, now: datetime, by: UUID | None) -> Booking:
    """Take the place that is offered; pressed twice, it is taken once.

    Raises
    ------
    NotInLine, NoOffer
        Where the waiting has ended, or no place is kept for her (any longer).
    NotTakingPart, ..., WeekFull
        As `service.book`: what was hers to book may have changed since the offer.
    """
    places.one_at_a_time(entry.participant)
    places.lock(entry.session)
    db.session.refresh(entry)
    held = queries.live(entry.participant, entry.session)
    if held is not None:
        return held
    if not entry.stands:
        raise NotInLine(say("This offer has ended. You can put yourself on the list again."))
    if entry.offer_until is None or now >= entry.offer_until:
        raise NoOffer(say("No place is kept for you now. You are still told when one is free."))
    places.check(entry.participant, entry.session, now)
    places.look_anew(entry.session)
    _close(entry, Ending.TAKEN, now)
    return _book(entry, now, by)


def fill(session: Session, *, now: datetime, before: Waiting | None = None) -> int:
    """Give free places of a class to the first in line who may take them; returns how many.

    To those alone who stand `before` somebody, where one is given. The class is locked by who
    calls.
    """
    if session.is_called_off or now >= rules.waiting_list_closes_at(session):
        return 0
    is_before = sa.true() if before is None else waiting_queries.stands_before(before)
    found = (
        sa.select(Waiting)
        .where(Waiting.session_id == session.id, IN_LINE, is_before)
        .order_by(Waiting.rank_at, Waiting.id)
        .options(joinedload(Waiting.participant).joinedload(Participant.contact))
    )
    given = 0
    for entry in db.session.scalars(found).all() if session.places_left > 0 else []:
        if session.places_left <= 0:
            break
        given += _give(entry, session, now)
    return given


def take(participant: Participant, session: Session, *, now: datetime) -> None:
    """Take the place that is kept for her in a class, or one more; her waiting for it ends.

    Who stands in line before her, and may take it by now, comes first: she may do so since a
    moment ago only, as she gave another place back. Raises `SessionFull` or `BookingClosed`, as
    `places.take`; what those before her got by then stays theirs.
    """
    if places.take_unless_waited_for(session):
        return
    if not waiting_queries.is_waited_for(session):
        places.take(session, now)
        return
    places.lock(session)
    entry = _standing(participant.id, session.id)
    if entry is not None and entry.offer_until is not None and now < entry.offer_until:
        places.look_anew(session)  # it is counted already
        _close(entry, Ending.TAKEN, now)
        return
    given = fill(session, now=now, before=entry)
    try:
        places.take(session, now)
    except SessionFull as refusal:
        refusal.keeps = given > 0  # else her page would go on to show the place as free
        raise
    if entry is not None:
        _end(entry, Ending.TAKEN, now)


def close(session: Session, *, now: datetime) -> None:
    """End the waiting of everybody for a class that does not take place, and tell them."""
    for entry in waiting_queries.of_session(session):
        if _end(entry, Ending.CLOSED, now):
            outbox.queue(
                "waiting_called_off",
                to=entry.participant.contact_id,
                facts={"waiting_id": str(entry.id)},
                not_after=session.ends_at,
                now=now,
            )


def shorten_offers(session: Session) -> None:
    """Let offers in a class that begins earlier end with its line. The caller has it locked."""
    for entry in waiting_queries.of_session(session):
        if entry.offer_until is not None:
            entry.offer_until = min(entry.offer_until, rules.waiting_list_closes_at(session))


def tick(now: datetime) -> None:
    """End offers whose time is over, and lines of classes that are near; give what is free.

    Each class in a transaction of its own. All of them in each round: one with a free place that
    nobody in its line may take stays due, and must not keep others from their turn.
    """
    nearest = now + timedelta(hours=study().booking.waiting_list_closes_hours)
    is_due = sa.or_(
        sa.and_(Waiting.offered_at.is_not(None), Waiting.offer_until <= now),
        Session.starts_at <= nearest,
        sa.and_(Waiting.offered_at.is_(None), Session.taken < Session.places),
    )
    found = (
        sa.select(Waiting.session_id)
        .join(Waiting.session)
        .where(STANDS, is_due)
        .order_by(Waiting.session_id)
        .distinct()
    )
    with unit_of_work():
        due = db.session.scalars(found).all()
    for session_id in due:
        with unit_of_work():
            _tick(db.session.get_one(Session, session_id), now)


def _tick(session: Session, now: datetime) -> None:
    places.lock(session)
    is_closed = session.is_called_off or now >= rules.waiting_list_closes_at(session)
    found = sa.select(Waiting).where(Waiting.session_id == session.id, STANDS)
    for entry in db.session.scalars(found.order_by(Waiting.id)).all():
        if entry.offer_until is not None and entry.offer_until <= now:
            _end(entry, Ending.EXPIRED, now)
        elif is_closed:
            _end(entry, Ending.CLOSED, now)
    fill(session, now=now)


def _give(entry: Waiting, session: Session, now: datetime) -> bool:
    """Give one place to one who waits, if she may take it."""
    free = sa.select(Participant.id).where(Participant.id == entry.participant_id)
    if db.session.scalar(free.with_for_update(skip_locked=True, key_share=True)) is None:
        return False  # she is booking something else this moment: the next round looks again
    db.session.refresh(entry.participant)
    try:
        places.check(entry.participant, session, now)
    except Refused:
        return False
    places.take(session, now)
    if entry.is_at_once:
        _close(entry, Ending.TAKEN, now)
        _book(entry, now, None)
    else:
        _offer(entry, session, now)
    return True


def _offer(entry: Waiting, session: Session, now: datetime) -> None:
    until = min(
        now + timedelta(hours=study().booking.offer_hours), rules.waiting_list_closes_at(session)
    )
    entry.offered_at, entry.offer_until = now, until
    db.session.flush()
    outbox.queue(
        "place_offered",
        to=entry.participant.contact_id,
        facts={"waiting_id": str(entry.id)},
        not_after=until,
        now=now,
        dedupe_key=f"place_offered/{entry.id}",
    )


def _book(entry: Waiting, now: datetime, by: UUID | None) -> Booking:
    booking = places.add(entry.participant, entry.session, now)
    places.tell("booking_confirmed", booking, not_after=entry.session.starts_at, now=now)
    her = str(entry.participant_id)
    audit.note("bookings.move_up", "booking", booking.id, by=by, now=now, participant=her)
    return booking


def _note(action: str, entry: Waiting, now: datetime, by: UUID | None, **more: Any) -> None:
    """Write down in her history what she wished; which class stands in the detail."""
    detail = {"session": str(entry.session_id), **more}
    audit.note(action, "participant", entry.participant_id, by=by, now=now, **detail)


def _end(entry: Waiting, ending: Ending, now: datetime) -> bool:
    """End a waiting and free the place that was kept; True for the one call that did it."""
    db.session.refresh(entry, ["offered_at", "ended_at"])
    if not entry.stands:
        return False
    if entry.is_offered:
        places.free(entry.session)
    _close(entry, ending, now)
    return True


def _close(entry: Waiting, ending: Ending, now: datetime) -> None:
    entry.ended_at, entry.ending = now, ending
    db.session.flush()


def _standing(participant_id: UUID, session_id: UUID) -> Waiting | None:
    found = sa.select(Waiting).where(
        Waiting.participant_id == participant_id, Waiting.session_id == session_id, STANDS
    )
    return db.session.scalars(found, execution_options={"populate_existing": True}).one_or_none()
