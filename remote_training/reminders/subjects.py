"""What a message is about: read anew for a group at once, then at hand for each of them.

The links that their letters hold are written at once as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from remote_training.accounts import tokens
from remote_training.accounts.models import Account
from remote_training.alerts.models import Alert
from remote_training.assessments.models import Assessment
from remote_training.bookings.models import Booking, Waiting
from remote_training.classes.models import Session
from remote_training.core.db import Model, db
from remote_training.messages.models import Message
from remote_training.participants.models import Participant
from remote_training.safety.event_models import AdverseEvent
from remote_training.studies.models import Site

Row = TypeVar("Row", bound=Model)
About = Callable[[Sequence[Message]], AbstractContextManager[Mapping[UUID, Row]]]


class Told(NamedTuple):
    """An alert, and one who is told of it."""

    alert: Alert
    reader: Account


class ToldOfEvent(NamedTuple):
    """An event in or round a class, and one who is told of it."""

    event: AdverseEvent
    reader: Account


_IDS: sa.BindParameter[Sequence[UUID]] = sa.bindparam("ids", expanding=True)


def _id(message: Message, fact: str) -> UUID | None:
    """The id of a fact; None where it is none, which is a fault of that message alone."""
    try:
        return UUID(message.facts[fact])
    except (KeyError, ValueError, AttributeError):
        return None


def _read(found: sa.Select[Row], messages: Sequence[Message], fact: str) -> Mapping[UUID, Row]:
    """Read anew, in one statement; by the id of the message that is about it."""
    ids = {message.id: _id(message, fact) for message in messages}
    wanted = {"ids": [id_ for id_ in ids.values() if id_ is not None]}
    anew = {"populate_existing": True}
    by_id = {row.id: row for row in db.session.scalars(found, wanted, execution_options=anew)}
    return {one: by_id[about] for one, about in ids.items() if about in by_id}


def _reading(model: type[Row], *parts: ORMOption) -> sa.Select[Row]:
    """Rows by their ids. Put together once: building it takes longer than having it answered."""
    return sa.select(model).where(model.id.in_(_IDS)).options(*parts)


def _her(about: InstrumentedAttribute[Participant]) -> tuple[ORMOption, ...]:
    """The participant of something, with all that a letter says to her."""
    account = joinedload(about).joinedload(Participant.account)
    return joinedload(about).joinedload(Participant.site), account.joinedload(Account.contact)


def _class(about: InstrumentedAttribute[Session]) -> ORMOption:
    return joinedload(about).joinedload(Session.trainer).joinedload(Account.contact)


_BOOKINGS = _reading(Booking, *_her(Booking.participant), _class(Booking.session))
_HELD = (
    sa.select(Booking)
    .join(Booking.session)
    .where(
        Booking.participant_id.in_(_IDS),
        Booking.cancelled_at.is_(None),
        Session.called_off_at.is_(None),
        Session.starts_at > sa.bindparam("since"),
        Session.starts_at < sa.bindparam("until"),
    )
    .options(*_her(Booking.participant), _class(Booking.session))
    .order_by(Session.starts_at, Booking.id)
)
_WAITING = _reading(Waiting, *_her(Waiting.participant), _class(Waiting.session))
_ASSESSMENTS = _reading(Assessment, *_her(Assessment.participant))
_PARTICIPANTS = _reading(
    Participant,
    joinedload(Participant.site),
    joinedload(Participant.account).joinedload(Account.contact),
)
_ACCOUNTS = _reading(Account, joinedload(Account.contact))
_ALERTS = _reading(Alert, joinedload(Alert.participant).joinedload(Participant.site))
_EVENTS = _reading(AdverseEvent, joinedload(AdverseEvent.participant).joinedload(Participant.site))


def _about(found: sa.Select[Row], fact: str) -> About[Row]:
    """What messages are about whose fact of this name is its id, with all that letters say."""

    @contextmanager
    def about(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Row]]:
        with tokens.together():
            yield _read(found, messages, fact)

    return about


bookings = _about(_BOOKINGS, "booking_id")
waiting = _about(_WAITING, "waiting_id")
participants = _about(_PARTICIPANTS, "participant_id")
accounts = _about(_ACCOUNTS, "account_id")


@contextmanager
def assessments(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Assessment | None]]:
    """The sittings that these messages are about; None where one is no longer asked of her."""
    with tokens.together():
        asked = _read(_ASSESSMENTS, messages, "assessment_id")
        named = [message.id for message in messages if _id(message, "assessment_id")]
        yield {one: asked.get(one) for one in named}


@contextmanager
def alerts(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Told]]:
    """The alerts that these messages are about, each with whoever is told of it."""
    heard = _read(_ALERTS, messages, "alert_id")
    with accounts(messages) as readers:
        yield {one: Told(heard[one], reader) for one, reader in readers.items() if one in heard}


@contextmanager
def events(messages: Sequence[Message]) -> Iterator[Mapping[UUID, ToldOfEvent]]:
    """The events that these messages are about, each with whoever is told of it."""
    found = _read(_EVENTS, messages, "event_id")
    with accounts(messages) as readers:
        yield {
            one: ToldOfEvent(found[one], reader) for one, reader in readers.items() if one in found
        }


def coming(woman: Participant, message: Message, now: datetime) -> Sequence[Booking]:
    """Of the bookings that a message lists, hers that she still holds, soonest first."""
    ids = {UUID(text) for text in message.facts["booking_ids"]}
    held = db.session.scalars(_BOOKINGS, {"ids": list(ids)}).all()
    hers = [
        booking
        for booking in held
        if booking.participant_id == woman.id
        and booking.is_live
        and not booking.session.is_called_off
        and booking.session.starts_at > now
    ]
    return sorted(hers, key=lambda booking: booking.session.starts_at)


def held_between(
    participant_ids: Collection[UUID], since: datetime, until: datetime
) -> Sequence[Booking]:
    """The places that these hold in classes that begin between two moments, soonest first."""
    given = {"ids": list(participant_ids), "since": since, "until": until}
    anew = {"populate_existing": True}
    return db.session.scalars(_HELD, given, execution_options=anew).all()


def moved_to(booking: Booking, message: Message) -> Booking | None:
    """The booking to which a place was moved, while she holds it."""
    new = _id(message, "moved_to")
    found = db.session.scalars(_BOOKINGS, {"ids": [new]}).one_or_none() if new else None
    if found is None or found.participant_id != booking.participant_id:
        return None
    return found if found.is_live and not found.session.is_called_off else None


def how_it_was(session: Session, message: Message) -> dict[str, Any]:
    """How a class was when she last heard of it: when, how long; None where it is so now.

    `spoken` is its language now, where that is another one than it was.
    """
    facts, spoken = message.facts, session.language
    was = datetime.fromisoformat(facts["was"]) if "was" in facts else None
    minutes_were = int(facts["minutes_were"]) if "minutes_were" in facts else None
    return {
        "was": was if was != session.starts_at else None,
        "minutes_were": minutes_were if minutes_were != session.minutes else None,
        "spoken": spoken if facts.get("language_was", spoken) != spoken else None,
    }


def site_of(account: Account) -> Site | None:
    """The site of a participant's account; None for staff."""
    found = sa.select(Site).join(Participant, Participant.site_id == Site.id)
    return db.session.scalars(found.where(Participant.account_id == account.id)).one_or_none()
