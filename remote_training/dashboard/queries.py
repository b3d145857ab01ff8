"""What the coordinator's pages show, gathered in a constant number of statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts.models import Account
from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.attendance.queries import short_name
from remote_training.audit import queries as audit
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.messages.models import Message, State
from remote_training.participants import queries as participants
from remote_training.participants.models import Allocation, Participant

PAGE = 50
DAY = timedelta(days=1)
ARM_ACTION = "participants.allocate"
UNDELIVERED = (State.UNCERTAIN, State.FAILED, State.EXPIRED)
ASKED_BY_HERSELF = "sign_in"  # she asks for another one; nobody sends it for her


@dataclass(frozen=True)
class Line:
    """One participant in the list. `state` is a key of `wording.STATE_WORDS`."""

    participant: Participant
    short_name: str
    state: str
    next_class_at: datetime | None
    questions_due: int
    undelivered: int


@dataclass(frozen=True)
class People:
    """One page of the list; pages count from 1."""

    lines: Sequence[Line]
    page: int
    pages: int
    total: int


@dataclass(frozen=True)
class Event:
    """One entry of a history. `actor` is empty where the platform itself acted."""

    entry: Entry
    actor: str


def people(site_ids: Collection[UUID], *, number: str, page: int, now: datetime) -> People:
    """A page of the participants of these sites, by study number; the last for too high a page."""
    total = participants.count(site_ids, number=number)
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    found = participants.listing(site_ids, number=number, limit=PAGE, offset=PAGE * (page - 1))
    ids = [participant.id for participant in found]
    next_class, due = _next_classes(ids, now), _questions_due(found, now)
    allocated, undelivered = _allocated(ids), _undelivered(found)
    lines = [
        Line(
            participant=her,
            short_name=short_name(her.contact.name),
            state=state(her, is_allocated=her.id in allocated),
            next_class_at=next_class.get(her.id),
            questions_due=due[her.id],
            undelivered=undelivered[her.contact_id],
        )
        for her in found
    ]
    return People(lines, page, pages, total)


def state(participant: Participant, *, is_allocated: bool) -> str:
    """The key of the words for where a participant stands; it does not tell the arm."""
    for key, is_so in (
        ("left", participant.withdrawn_on is not None),
        ("no_consent", participant.consented_on is None),
        ("no_arm", not is_allocated),
        ("no_baseline", participant.baseline_on is None),
        ("no_clearance", participant.cleared_on is None),
    ):
        if is_so:
            return key
    return "takes_part"


def messages(participant: Participant) -> Sequence[Message]:
    """Every message to her, newest first."""
    found = sa.select(Message).where(Message.contact_id == participant.contact_id)
    return db.session.scalars(found.order_by(Message.queued_at.desc(), Message.id)).all()


def again_key(message: Message) -> str:
    """The key under which a message is sent once more: there is one."""
    return f"again/{message.id}"


def needs_care(messages: Sequence[Message]) -> Sequence[Message]:
    """Those that did not surely arrive, and were not yet sent again."""
    lost = [row for row in messages if row.state in UNDELIVERED and row.kind != ASKED_BY_HERSELF]
    keys = [again_key(row) for row in lost]
    sent = set(
        db.session.scalars(sa.select(Message.dedupe_key).where(Message.dedupe_key.in_(keys)))
    )
    return [row for row in lost if again_key(row) not in sent]


def message(message_id: UUID, participant: Participant) -> Message:
    """One message to her that did not surely arrive, or `NotFound`."""
    found = sa.select(Message).where(
        Message.id == message_id,
        Message.contact_id == participant.contact_id,
        Message.state.in_(UNDELIVERED),
        Message.kind != ASKED_BY_HERSELF,
    )
    row = db.session.scalars(found).one_or_none()
    if row is None:
        raise NotFound(say("This mail is not here, or it was sent."))
    return row


def history(
    participant: Participant, bookings: Collection[Booking], *, shows_arm: bool
) -> Sequence[Event]:
    """What happened to her and her bookings, newest first; without the arm for the blinded."""
    about = [participant.id, *(booking.id for booking in bookings)]
    entries = [
        entry
        for entry in audit.about(about, subjects=("participant", "booking"))
        if shows_arm or entry.action != ARM_ACTION
    ]
    actors = _names({entry.actor_id for entry in entries if entry.actor_id is not None})
    return [Event(entry, actors.get(entry.actor_id, "")) for entry in entries]


def _next_classes(participant_ids: Collection[UUID], now: datetime) -> dict[UUID, datetime]:
    found = (
        sa.select(Booking.participant_id, sa.func.min(Session.starts_at))
        .join(Booking.session)
        .where(
            Booking.participant_id.in_(participant_ids),
            Booking.cancelled_at.is_(None),
            Session.called_off_at.is_(None),
            Session.starts_at > now,
        )
        .group_by(Booking.participant_id)
    )
    return {row[0]: row[1] for row in db.session.execute(found)}


def _questions_due(found: Sequence[Participant], now: datetime) -> Counter[UUID]:
    taking_part = [her.id for her in found if her.is_taking_part]
    near = sa.select(Assessment).where(
        Assessment.participant_id.in_(taking_part),
        Assessment.completed_at.is_(None),
        Assessment.opens_on <= now.date() + DAY,
        Assessment.closes_on >= now.date() - 2 * DAY,
    )
    return Counter(
        row.participant_id for row in db.session.scalars(near) if states.is_open(row, now=now)
    )


def _allocated(participant_ids: Collection[UUID]) -> set[UUID]:
    found = sa.select(Allocation.participant_id).where(
        Allocation.participant_id.in_(participant_ids)
    )
    return set(db.session.scalars(found))


def _undelivered(found: Sequence[Participant]) -> Counter[UUID]:
    lost = sa.select(Message).where(
        Message.contact_id.in_([her.contact_id for her in found]), Message.state.in_(UNDELIVERED)
    )
    return Counter(row.contact_id for row in needs_care(db.session.scalars(lost).all()))


def _names(account_ids: Collection[UUID]) -> dict[UUID | None, str]:
    found = (
        sa.select(Account).where(Account.id.in_(account_ids)).options(joinedload(Account.contact))
    )
    return {account.id: account.contact.name for account in db.session.scalars(found)}
