"""Who one can be in the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from remote_training.accounts.models import Account, AccountKind, Grant
from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.participants.models import Participant


@dataclass(frozen=True)
class Person:
    """Somebody of the invented study: `what` are sentences to be translated."""

    account_id: UUID
    name: str
    email: str
    site: str
    what: tuple[str, ...]


def staff() -> Sequence[Person]:
    """The staff, by name, with their roles."""
    found = (
        sa.select(Account)
        .where(Account.kind == AccountKind.STAFF, Account.is_active)
        .options(joinedload(Account.contact))
    )
    roles: dict[UUID, list[Grant]] = {}
    for grant in db.session.scalars(sa.select(Grant).options(joinedload(Grant.site))):
        roles.setdefault(grant.account_id, []).append(grant)
    people = [_member(account, roles.get(account.id, [])) for account in db.session.scalars(found)]
    return sorted(people, key=lambda person: (person.what, person.site, person.name))


def participants(*, now: datetime) -> Sequence[Person]:
    """The participants, those with a class soon first."""
    found = (
        sa.select(Participant)
        .options(joinedload(Participant.contact), joinedload(Participant.site))
        .order_by(Participant.study_number)
    )
    soon = _next_class(now)
    everybody = db.session.scalars(found).all()
    ordered = sorted(everybody, key=lambda who: (soon.get(who.id) is None, who.study_number))
    return [_participant(who, soon.get(who.id), now) for who in ordered]


def unsent(*, now: datetime) -> Sequence[Assessment]:
    """What can be answered now by whomever, with the participant, in an order without ids."""
    near = timedelta(days=2)  # what day it is where she is, her zone says
    found = (
        sa.select(Assessment)
        .join(Assessment.participant)
        .options(contains_eager(Assessment.participant))
        .where(
            Assessment.completed_at.is_(None),
            Assessment.opens_on <= now.date() + near,
            Assessment.closes_on >= now.date() - near,
        )
        .order_by(Participant.study_number, Assessment.week)
    )
    return [row for row in db.session.scalars(found) if states.is_open(row, now=now)]


def _next_class(now: datetime) -> dict[UUID, datetime]:
    rows = db.session.execute(
        sa.select(Booking.participant_id, sa.func.min(Session.starts_at))
        .join(Booking.session)
        .where(Booking.cancelled_at.is_(None), Session.ends_at > now)
        .where(Session.called_off_at.is_(None))
        .group_by(Booking.participant_id)
    )
    return {row[0]: row[1] for row in rows}


def _member(account: Account, grants: list[Grant]) -> Person:
    what = sorted(
        {str(grant.role) + (" (sees the arm)" if grant.sees_arm else "") for grant in grants}
    )
    sites = sorted({grant.site.name for grant in grants})
    return Person(
        account.id, account.contact.name, account.contact.email, ", ".join(sites), tuple(what)
    )


def _participant(who: Participant, starts_at: datetime | None, now: datetime) -> Person:
    contact = who.contact
    return Person(
        who.account_id,
        f"{contact.name}, {contact.birth_year}",
        contact.email,
        who.site.name,
        _state(who, starts_at, now),
    )


def _state(who: Participant, starts_at: datetime | None, now: datetime) -> tuple[str, ...]:
    if who.withdrawn_on is not None:
        return (say("has left the study"),)
    if who.consented_on is None:
        return (say("has not given consent yet"),)
    if who.cleared_on is None:
        return (say("waits for medical clearance"),)
    if who.baseline_on is None:
        return (say("waits for the first measurement"),)
    if starts_at is None:
        return (say("has no class booked"),)
    if (starts_at - now).total_seconds() < 15 * 60:
        return (say("has a class that starts in a few minutes"),)
    return (say("has a class booked"),)
