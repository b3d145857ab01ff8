"""What fits beside the classes that she holds: one rule for page, desk, booking and moving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from remote_training.bookings.errors import AlreadyBooked, Misfit, NoRest, Overlap, WeekFull
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.words import long_day, moment, say
from remote_training.studies.current import study

WEEK = timedelta(weeks=1)
FAR = WEEK + timedelta(days=4)  # no rule looks further: a week of hers, three days of rest, a zone


class Hour(NamedTuple):
    """A class hour that she holds or would like to have; `on_date` is its day where it is given."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    on_date: date
    module: str


def hour_of(session: Session) -> Hour:
    """A class hour as the rule looks at it."""
    return Hour(session.id, session.starts_at, session.ends_at, session.on_date, session.module)


def held(bookings: Iterable[Booking]) -> list[Hour]:
    """The hours of her live bookings; a class that was called off stands in nobody's way."""
    hours = (booking.session for booking in bookings if booking.is_live)
    return [hour_of(session) for session in hours if not session.is_called_off]


def week(on: date, first_on: date) -> date:
    """The first day of the week of her programme in which a day is.

    Weeks of a programme begin on the weekday of its first day, not on Mondays: twelve of
    them hold what the protocol counts.
    """
    return first_on + (on - first_on) // WEEK * WEEK


def hindrance(hour: Hour, others: Sequence[Hour], first_on: date) -> Misfit | None:
    """Why an hour does not fit beside the others, or None where it does.

    `AlreadyBooked`, `Overlap`, `NoRest`, `WeekFull`, in this order; the same whatever the
    order of the others.
    """
    if not others:
        return None
    if any(other.session_id == hour.session_id for other in others):
        return already_booked()
    for other in sorted(others, key=lambda other: (other.starts_at, other.session_id)):
        if other.starts_at < hour.ends_at and hour.starts_at < other.ends_at:
            return Overlap(
                say(
                    "You have another class at that time: %(moment)s. "
                    "Cancel that one first if you would rather come to this one."
                ),
                to_staff=say(
                    "She has another class at that time: %(moment)s. "
                    "That one must be cancelled first if she would rather come to this one."
                ),
                moment=moment(other.starts_at),
            )
        if not _is_rested(hour, other):
            return NoRest(
                say(
                    "Between two classes there must be %(hours)s hours of rest, "
                    "and you have a class on %(moment)s. Please choose another one."
                ),
                to_staff=say(
                    "Between two classes there must be %(hours)s hours of rest, "
                    "and she has a class on %(moment)s. Please choose another one."
                ),
                hours=study().booking.rest_hours,
                moment=moment(other.starts_at),
            )
    return _full_week(hour, others, first_on)


def overlapping(hours: Sequence[Hour]) -> dict[UUID, Hour]:
    """The hours during which there is another one, by the id of the class: the first such other.

    She books none so; but a class may have been moved onto another one of hers.
    """
    in_order = sorted(hours, key=lambda hour: (hour.starts_at, hour.session_id))
    found: dict[UUID, Hour] = {}
    for one in in_order:
        for other in in_order:
            is_other = other.session_id != one.session_id
            if is_other and other.starts_at < one.ends_at and one.starts_at < other.ends_at:
                found.setdefault(one.session_id, other)
    return found


def already_booked() -> AlreadyBooked:
    """The refusal of a second place in one class."""
    return AlreadyBooked(
        say("You already have a place in this class."),
        to_staff=say("She already has a place in this class."),
    )


def _is_rested(one: Hour, other: Hour) -> bool:
    rest = timedelta(hours=study().booking.rest_hours)
    return one.ends_at + rest <= other.starts_at or other.ends_at + rest <= one.starts_at


def _full_week(hour: Hour, others: Sequence[Hour], first_on: date) -> Misfit | None:
    most = study().module(hour.module).most_per_week
    if most is None or len(others) < most:
        return None
    begins = week(hour.on_date, first_on)
    same = [
        other
        for other in others
        if other.module == hour.module and week(other.on_date, first_on) == begins
    ]
    if len(same) < most:
        return None
    return WeekFull(
        say(
            "From %(first)s to %(last)s you have all the classes of this kind that your "
            "programme foresees. Move one of them if you would rather come to this one."
        ),
        to_staff=say(
            "From %(first)s to %(last)s she has all the classes of this kind that her "
            "programme foresees. One of them can be moved if she would rather come to this one."
        ),
        first=long_day(begins),
        last=long_day(begins + WEEK - timedelta(days=1)),
    )
