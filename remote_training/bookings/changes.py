"""A class, or all of its series from a day on, gets another time, length, trainer,
language or number of places.

What would change is what `bookings.outlook` says, for the preview and for the deed. Those who
are booked keep their place, the entry in their calendar (UID) and their link.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from remote_training.audit import service as audit
from remote_training.bookings import news, outlook, places, service, trainer_news, waiting_list
from remote_training.bookings.outlook import Change, Outlook, Scope, Wish
from remote_training.classes import clashes
from remote_training.classes import queries as classes_queries
from remote_training.classes import service as classes
from remote_training.classes.models import Series, Session
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.errors import Refused
from remote_training.core.words import say


def apply(
    session: Session, wish: Wish, *, now: datetime, by: UUID | None, reason: str, mark: str | None
) -> Outlook:
    """Change what is wished, and tell those who are booked or wait; returns what was changed.

    Raises
    ------
    Stale
        Where something else became of these classes since the outlook with that mark.
    WrongSeries
        Where one of them cannot be changed so; then none is.
    ReasonNeeded
        Where somebody is told, and no reason is given.
    """
    sessions = _held(session, wish, now)
    found = outlook.of_these(session, sessions, wish, now=now)
    if not found.changes:
        return found
    if mark is not None and mark != found.mark:
        raise Stale(
            say("Something about these classes has changed meanwhile. Please look once more.")
        )
    for refusal in found.refusals:
        raise refusal
    why = reasons.needed(reason) if found.people or found.waits else reasons.given(reason)
    before = {change.session.id: change.session.trainer_id for change in found.changes}
    _write(session, found, wish, now)
    trainer_news.of_changes(found.changes, before, now=now, by=by)
    for change in found.changes:
        audit.note(
            "classes.change", "session", change.session.id, by=by, now=now,
            **_noted(change, why),
        )  # fmt: skip
    return found


def call_off(session: Session, scope: Scope, *, now: datetime, by: UUID | None, reason: str) -> int:
    """Call off a class, or it and all later ones of its series; returns how many people are told.

    Raises as `bookings.service.call_off`.
    """
    meant = [session] if scope is Scope.ONE else classes_queries.following(session, now=now)
    is_with_later = scope is Scope.LATER
    told: set[UUID] = set()
    off: list[Session] = []
    for one in sorted(meant, key=lambda each: each.id):
        was_off = one.is_called_off
        called_off = service.call_off(
            one, now=now, by=by, reason=reason, is_with_later=is_with_later
        )
        told |= {booking.participant_id for booking in called_off}
        off += [] if was_off else [one]
    trainer_news.of_calling_off(off, now=now, by=by)
    return len(told)


class Stale(Refused):
    """What was shown before it was to be done is no longer how it is."""


def _held(session: Session, wish: Wish, now: datetime) -> Sequence[Session]:
    """The classes that are meant, locked and read anew, after site and trainers."""
    clashes.one_at_a_time(session.site, [])
    db.session.refresh(session)
    sessions = outlook.chosen(session, wish.scope, now=now)
    clashes.one_at_a_time(session.site, {wish.trainer.id, *(one.trainer_id for one in sessions)})
    for one in sorted(sessions, key=lambda each: each.id):  # one order for all who lock
        places.lock(one)
        db.session.refresh(one)
    return outlook.chosen(session, wish.scope, now=now)


def _write(session: Session, found: Outlook, wish: Wish, now: datetime) -> None:
    series = session.series
    days = (wish.on_date - session.on_date).days
    has_another = wish.trainer.id != session.trainer_id
    for change in found.changes:
        classes.change(
            change.session, change.hour, places=change.places, language=change.language,
            is_heard=change.is_heard, now=now,
        )  # fmt: skip
    news.to_calendars(found.changes)
    for change in found.changes:
        news.to_people(change, now=now)
        news.to_who_waits(change, now=now)
        waiting_list.shorten_offers(change.session)
        waiting_list.fill(change.session, now=now)
    if wish.scope is Scope.LATER and series is not None:
        _shift(series, found, wish, days, has_another)


def _shift(
    series: Series, found: Outlook, wish: Wish, days: int, has_another_trainer: bool
) -> None:
    """Write into the series what was wished of all its later classes."""
    changes = found.changes
    classes.shift(
        series,
        days=days,
        wall_time=wish.wall_time if any(one.is_moved for one in changes) else None,
        trainer_id=wish.trainer.id if has_another_trainer else None,
        places=wish.places if any(one.has_other_places for one in changes) else None,
        minutes=wish.minutes if any(one.has_other_length for one in changes) else None,
        language=wish.language if any(one.has_other_language for one in changes) else None,
        last_on=max(one.hour.on_date for one in changes),
    )


def _noted(change: Change, why: str | None) -> dict[str, Any]:
    """What is written down of a change: codes and moments, no name."""
    noted: dict[str, Any] = {"told": len(change.told)}
    if change.is_moved:
        noted |= {"from": change.was.isoformat(), "to": change.hour.starts_at.isoformat()}
    if change.is_given_by_another:
        noted["trainer"] = str(change.hour.trainer_id)
    if change.has_other_length:
        noted |= {"minutes_before": change.minutes_were, "minutes": change.minutes}
    if change.has_other_language:
        noted["language"] = change.language
    if change.has_other_places:
        noted["places"] = change.places
    return noted | ({"reason": why} if why else {})
