"""The classes of one participant as plain rows: what she holds, waits for and can book.

Every participant opens the page that lists them, dozens at a time: one statement reads all
that it shows, however much that is, the first names of the trainers with it. What it must know
of her is asked together with who is here (`visitor.HERE_AND_HER`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.bookings import fit, queries, rules, waiting_queries
from remote_training.bookings.errors import Misfit
from remote_training.bookings.models import Booking, Waiting
from remote_training.bookings.queries import Trainee
from remote_training.bookings.visitor import Her
from remote_training.classes.models import Session
from remote_training.contacts.models import Contact, first_name
from remote_training.core.db import reader
from remote_training.core.errors import NotAllowed
from remote_training.participants.models import Participant

AT_HAND = 3  # classes that a mail names
HELD, WAITED_FOR, FREE = range(3)  # what a row is

# composed once, so that no request composes them again
_booking, _waiting, _session, _trainer, _contact = (
    cast(sa.Table, model.__table__) for model in (Booking, Waiting, Session, Account, Contact)
)
_HERS: sa.BindParameter[UUID] = sa.bindparam("participant_id")
_TIMES = _session.join(_trainer, _trainer.c.id == _session.c.trainer_id).join(
    _contact, _contact.c.id == _trainer.c.contact_id
)


_NO_OFFER = sa.type_coerce(sa.null(), _waiting.c.offer_until.type)


def _rows(
    what: int,
    key: sa.ColumnElement[Any],
    mark: sa.ColumnElement[bool] | sa.False_,
    until: sa.ColumnElement[Any] = _NO_OFFER,
) -> sa.Select[Any]:
    """The columns that all rows have; `key` is the booking, the waiting or the class."""
    return sa.select(
        sa.literal_column(str(what), sa.Integer()).label("what"),
        key.label("key"),
        _session.c.id.label("session_id"),
        _session.c.starts_at.label("starts_at"),
        _session.c.ends_at,
        _session.c.on_date,
        _session.c.module,
        _session.c.language,
        (_session.c.places - _session.c.taken).label("places_left"),
        mark.label("mark"),
        until.label("offer_until"),
        sa.type_coerce(_contact.c.id, sa.String()).label("contact_id"),
        _contact.c.name_sealed,
    )


_HELD = (
    _rows(HELD, _booking.c.id, _session.c.called_off_at.is_not(None))
    .select_from(_TIMES.join(_booking, _booking.c.session_id == _session.c.id))
    .where(
        _booking.c.participant_id == _HERS,
        _booking.c.cancelled_at.is_(None),
        _session.c.ends_at > sa.bindparam("since"),
    )
)
_WAITED_FOR = (
    _rows(
        WAITED_FOR,
        _waiting.c.id,
        sa.func.coalesce(_waiting.c.offer_until > sa.bindparam("now"), sa.false()),
        _waiting.c.offer_until,
    )
    .select_from(_TIMES.join(_waiting, _waiting.c.session_id == _session.c.id))
    .where(
        _waiting.c.participant_id == _HERS,
        _waiting.c.ended_at.is_(None),
        _session.c.starts_at > sa.bindparam("now"),
    )
)
_FREE = (
    _rows(FREE, sa.type_coerce(sa.null(), sa.Uuid()), sa.false())
    .select_from(_TIMES.outerjoin(_booking, queries.IS_HELD_BY_HER))
    .where(*queries.IS_HERS_TO_BOOK, _booking.c.id.is_(None))
)
BOOKABLE = _FREE.order_by(_session.c.starts_at, _session.c.id)
HERS = sa.union_all(_HELD, _WAITED_FOR).order_by("starts_at", "session_id")
ALL = sa.union_all(_HELD, _WAITED_FOR, _FREE).order_by("starts_at", "session_id")


class Hers(NamedTuple):
    """A class in which she holds a place, or for which she waits.

    `id` is that of the booking or of the waiting, `trainer_name` the first name of the
    trainer. `mark` says of a place that the class was called off, of a waiting that a place
    is kept for her now, `offer_until` until when.
    """

    id: UUID
    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    on_date: date
    module: str
    language: str
    trainer_name: str
    mark: bool
    offer_until: datetime | None = None

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return _minutes(self.starts_at, self.ends_at)


class Slot(NamedTuple):
    """A class hour that can be booked.

    `trainer_name` is the first name of the trainer, `hindrance` why the class does not fit
    beside what she holds, or None.
    """

    session_id: UUID
    starts_at: datetime
    minutes: int
    module: str
    language: str
    trainer_name: str
    places_left: int
    hindrance: Misfit | None = None


@dataclass(frozen=True)
class Overview:
    """What one participant sees of her classes, each list soonest first.

    `held` goes back as far as the rule of what fits looks, and has classes that were called
    off; `hours` are those beside which a class must fit. `first_on` is the first day of her
    classes, None where she may not train; `refusal` is why she can book no class of today,
    None where she can; `help_phone` and `emergency_number` are those of her site.
    """

    held: list[Hers]
    waits: list[Hers]
    slots: list[Slot]
    hours: list[fit.Hour]
    zone: str
    first_on: date | None
    refusal: NotAllowed | None
    help_phone: str
    emergency_number: str


def of_her(about: Sequence[Any], *, now: datetime) -> Overview:
    """What a participant sees of her classes; `about` is what `visitor.HERE_AND_HER` says."""
    row = Her(*about)
    wanted = queries.hers_to_book(row.trainee, now=now)
    asked = {"participant_id": row.id, "since": now - fit.FAR, "now": now}
    with reader() as read:
        found = read.execute(ALL if wanted else HERS, asked | (wanted or {})).all()
    names = _first_names(found)
    held, waits = _hers(found, HELD, names), _hers(found, WAITED_FOR, names)
    hours = [_hour(one) for one in held if not one.mark]
    first_on = wanted["first_on"] if wanted else None
    slots = _slots(found, names, hours, first_on) if first_on else []
    refusal = rules.refusal_today(
        has_agreed=row.consented_on is not None,
        has_left=row.withdrawn_on is not None,
        is_cleared=row.cleared_on is not None,
        first_on=rules.first_day(row.baseline_on, row.arm),
        zone=row.zone,
        now=now,
    )
    return Overview(
        held, waits, slots, hours, row.zone, first_on, refusal, row.phone, row.emergency_number
    )


def booked_until(hers: Overview, *, now: datetime) -> date | None:
    """The day of the last class that she holds, where nothing else that is offered fits.

    None where something fits, be it full, and where she holds nothing any more.
    """
    if any(slot.hindrance is None for slot in hers.slots):
        return None
    return max((hour.on_date for hour in hers.hours if hour.ends_at > now), default=None)


def bookable(participant: Participant, hours: Sequence[fit.Hour], *, now: datetime) -> list[Slot]:
    """What of `queries.offered` she has not booked, soonest first.

    `hours` are those beside which a class must fit, as `fit.held` gives them.
    """
    wanted = queries.hers_to_book(Trainee.of(participant), now=now)
    if wanted is None:
        return []
    with reader() as read:
        free = read.execute(BOOKABLE, wanted).all()
    return _slots(free, _first_names(free), hours, wanted["first_on"])


def alternatives(booking: Booking, *, now: datetime) -> list[Slot]:
    """The classes with a place left to which a booking can be moved, soonest first.

    One in which a place is kept for her is among them.
    """
    kept = waiting_queries.kept_for(booking.participant, now=now)
    holds = [one for one in queries.held(booking.participant, now=now) if one.id != booking.id]
    slots = bookable(booking.participant, fit.held(holds), now=now)
    return [
        slot._replace(places_left=max(1, slot.places_left))
        for slot in slots
        if slot.module == booking.session.module
        and slot.session_id != booking.session_id
        and (slot.places_left > 0 or slot.session_id in kept)
        and slot.hindrance is None
    ]


def nearest(booking: Booking, *, now: datetime) -> list[Slot]:
    """The three `alternatives` that are nearest in time to a class, soonest first."""
    at = booking.session.starts_at
    by_distance = sorted(alternatives(booking, now=now), key=lambda slot: abs(slot.starts_at - at))
    return sorted(by_distance[:AT_HAND], key=lambda slot: (slot.starts_at, slot.session_id))


def _hers(rows: Sequence[Any], wanted: int, names: Mapping[bytes | None, str]) -> list[Hers]:
    return [
        Hers(key, id_, start, end, on_date, module, language, names[sealed], mark, until)
        for what, key, id_, start, end, on_date, module, language, _, mark, until, _, sealed in rows
        if what == wanted
    ]


def _hour(one: Hers) -> fit.Hour:
    return fit.Hour(one.session_id, one.starts_at, one.ends_at, one.on_date, one.module)


def _slots(
    rows: Sequence[Any],
    names: Mapping[bytes | None, str],
    hours: Sequence[fit.Hour],
    first_on: date,
) -> list[Slot]:
    return [
        Slot(
            id_, starts_at, _minutes(starts_at, ends_at), module, language, names[sealed], left,
            fit.hindrance(fit.Hour(id_, starts_at, ends_at, on_date, module), hours, first_on)
            if hours else None,
        )
        for what, _, id_, starts_at, ends_at, on_date, module, language, left, *_m, sealed in rows
        if what == FREE
    ]  # fmt: skip


def _first_names(rows: Sequence[Any]) -> dict[bytes | None, str]:
    """First names by the seal that holds the name: each is opened once."""
    sealed = {row[-1]: row[-2] for row in rows}
    return {name: first_name(UUID(str(key)), name) for name, key in sealed.items()}


def _minutes(starts_at: datetime, ends_at: datetime) -> int:
    return int((ends_at - starts_at).total_seconds() // 60)
