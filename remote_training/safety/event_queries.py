"""Adverse events: what is said of each now, what was done about it, what is still to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from remote_training.accounts.models import Account
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.participants.models import Participant
from remote_training.safety import event_rules as rules
from remote_training.safety.event_models import AdverseEvent, Care, EventCare, EventVersion
from remote_training.studies.current import study

SHOWN = timedelta(days=90)  # how long one that is settled stays in the short list
WRITERS = (
    joinedload(EventVersion.written_by).joinedload(Account.contact),
    contains_eager(EventVersion.event)
    .joinedload(AdverseEvent.withdrawn_by)
    .joinedload(Account.contact),
)

NEWEST_FIRST = AdverseEvent.recorded_at.desc(), EventVersion.grade.desc(), AdverseEvent.id


class State(StrEnum):
    """Where an event stands; the first of these that is so."""

    WITHDRAWN = "withdrawn"
    NEW = "new"
    INCOMPLETE = "incomplete"
    SEEN = "seen"
    CLOSED = "closed"


@dataclass(frozen=True)
class Reach:
    """Whose events somebody may see: of the women of some sites, and of the classes of others."""

    women_of: Collection[UUID] = ()
    classes_of: Collection[UUID] = ()

    @property
    def condition(self) -> sa.ColumnElement[bool]:
        """For a select of `Participant` and, by an outer join, `Session`."""
        return sa.or_(Participant.site_id.in_(self.women_of), Session.site_id.in_(self.classes_of))


@dataclass(frozen=True)
class Line:
    """One event: its newest version, and what was done about it, oldest first."""

    event: AdverseEvent
    version: EventVersion
    cares: tuple[EventCare, ...]

    @property
    def told(self) -> rules.Told:
        """What is said of it."""
        return rules.Told.of(self.version)

    @property
    def missing(self) -> tuple[str, ...]:
        """The details that are still to be told."""
        return rules.missing(self.told)

    @property
    def is_seen(self) -> bool:
        """Whether a coordinator has looked since it was last something to look at."""
        return any(one.done_at >= self.event.waits_since for one in self.cares)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, and not corrected since."""
        return any(
            one.care is Care.CLOSED and one.done_at >= self.version.written_at for one in self.cares
        )

    @property
    def state(self) -> State:
        """Where it stands."""
        for state, is_so in (
            (State.WITHDRAWN, self.event.is_withdrawn),
            (State.NEW, not self.is_seen),
            (State.INCOMPLETE, bool(self.missing)),
            (State.SEEN, not self.is_closed),
        ):
            if is_so:
                return state
        return State.CLOSED

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in (State.WITHDRAWN, State.CLOSED)

    @property
    def is_urgent(self) -> bool:
        """Whether it is told again until somebody has looked."""
        return rules.is_urgent(self.told, from_grade=study().safety.tell_again_from_grade)

    @property
    def sponsor_by(self) -> datetime | None:
        """Until when the sponsor must know; None where it is not serious."""
        since = self.event.serious_since
        if since is None or not self.version.is_serious:
            return None
        return since + timedelta(hours=study().safety.sponsor_hours)

    @property
    def sponsor_told_at(self) -> datetime | None:
        """When it was written down that the sponsor knows, since it is serious."""
        since = self.event.serious_since
        told = [one.done_at for one in self.cares if one.care is Care.SPONSOR]
        return next((at for at in told if since is not None and at >= since), None)


def of(reach: Reach, *, now: datetime, everything: bool = False) -> Sequence[Line]:
    """The events that somebody may see: open ones first, then settled ones, newest first.

    Settled ones of the last 90 days, unless `everything` is asked for.
    """
    found = _events().where(reach.condition)
    lines = _lines(found.order_by(*NEWEST_FIRST))
    settled = [line for line in lines if not line.is_open]
    shown = [line for line in settled if everything or line.event.recorded_at > now - SHOWN]
    return [line for line in lines if line.is_open] + shown


def one(event_id: UUID, reach: Reach) -> Line:
    """One of these events, or `NotFound`."""
    lines = _lines(_events().where(AdverseEvent.id == event_id, reach.condition))
    if not lines:
        raise NotFound(say("This event is not here."))
    return lines[0]


def versions(event_id: UUID) -> Sequence[EventVersion]:
    """All that was ever said of an event, newest first."""
    found = sa.select(EventVersion).where(EventVersion.event_id == event_id)
    found = found.options(WRITERS[0]).order_by(EventVersion.number.desc())
    return db.session.scalars(found).all()


def of_participant(participant_id: UUID, session_id: UUID | None = None) -> Sequence[Line]:
    """Her events, newest first; those of one class alone, where it is named."""
    found = _events().where(AdverseEvent.participant_id == participant_id)
    if session_id is not None:
        found = found.where(AdverseEvent.session_id == session_id)
    return _lines(found.order_by(*NEWEST_FIRST))


def unseen(site_ids: Collection[UUID]) -> int:
    """How many events of the women of these sites nobody has looked at."""
    found = (
        sa.select(sa.func.count())
        .select_from(AdverseEvent)
        .join(AdverseEvent.participant)
        .where(Participant.site_id.in_(site_ids), _is_unseen())
    )
    return db.session.scalar(found) or 0


def unseen_urgent() -> Sequence[Line]:
    """What is serious or severe and has been looked at by nobody, longest first."""
    rules_ = study().safety
    is_urgent = sa.or_(
        EventVersion.grade >= rules_.tell_again_from_grade, EventVersion.is_serious.is_(True)
    )
    found = _events().where(_is_unseen(), is_urgent)
    return _lines(found.order_by(AdverseEvent.waits_since, AdverseEvent.id))


def is_unseen(event_id: UUID) -> bool:
    """Whether an event stands, and no coordinator has looked at it."""
    found = sa.select(AdverseEvent.id).where(AdverseEvent.id == event_id, _is_unseen())
    return db.session.scalar(found) is not None


def by_key(key: UUID) -> AdverseEvent | None:
    """The event that was recorded with this key of a form, if any."""
    return db.session.scalars(sa.select(AdverseEvent).where(AdverseEvent.key == key)).one_or_none()


def newest(event_id: UUID) -> EventVersion:
    """What is said of an event now."""
    found = sa.select(EventVersion).where(
        EventVersion.event_id == event_id, EventVersion.replaced_at.is_(None)
    )
    return db.session.scalars(found).one()


def place(booking_id: UUID, session: Session) -> Booking:
    """A place in a class, given back or not, with the person, or `NotFound`."""
    found = (
        sa.select(Booking)
        .where(Booking.id == booking_id, Booking.session_id == session.id)
        .options(joinedload(Booking.participant).joinedload(Participant.contact))
    )
    booking = db.session.scalars(found).one_or_none()
    if booking is None:
        raise NotFound(say("Nobody with this place is in the class."))
    return booking


def _is_unseen() -> sa.ColumnElement[bool]:
    looked = sa.exists().where(
        EventCare.event_id == AdverseEvent.id, EventCare.done_at >= AdverseEvent.waits_since
    )
    return sa.and_(AdverseEvent.withdrawn_at.is_(None), ~looked)


def _events() -> sa.Select[EventVersion]:
    about = contains_eager(EventVersion.event)
    woman = about.contains_eager(AdverseEvent.participant)
    return (
        sa.select(EventVersion)
        .join(EventVersion.event)
        .join(AdverseEvent.participant)
        .outerjoin(AdverseEvent.session)
        .where(EventVersion.replaced_at.is_(None))
        .options(
            *WRITERS,
            woman.joinedload(Participant.contact),
            woman.joinedload(Participant.site),
            about.contains_eager(AdverseEvent.session),
            about.joinedload(AdverseEvent.recorded_by).joinedload(Account.contact),
        )
    )


def _lines(found: sa.Select[EventVersion]) -> list[Line]:
    versions_ = db.session.scalars(found).unique().all()
    steps = (
        sa.select(EventCare)
        .where(EventCare.event_id.in_([version.event_id for version in versions_]))
        .options(joinedload(EventCare.by).joinedload(Account.contact))
        .order_by(EventCare.done_at, EventCare.care == Care.CLOSED, EventCare.id)
    )
    cares: dict[UUID, list[EventCare]] = {}
    for one_ in db.session.scalars(steps) if versions_ else ():
        cares.setdefault(one_.event_id, []).append(one_)
    return [
        Line(version.event, version, tuple(cares.get(version.event_id, ())))
        for version in versions_
    ]
