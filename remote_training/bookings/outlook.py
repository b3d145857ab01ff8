"""What would become of a class, or of all its series from a day on, as somebody wishes.

Nothing is written. It is computed from how things stand, the same way for the preview and for
the deed. So what is done twice is done once, and a preview that has grown old is noticed by its
mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from hashlib import sha256
from uuid import UUID

from remote_training.bookings import fit, queries, rules, waiting_queries
from remote_training.bookings.errors import HasBegun
from remote_training.bookings.models import Booking
from remote_training.bookings.wanted import Scope as Scope
from remote_training.bookings.wanted import Touched, wanted
from remote_training.bookings.wanted import Wish as Wish
from remote_training.classes import clashes
from remote_training.classes import queries as classes_queries
from remote_training.classes import rules as class_rules
from remote_training.classes.clashes import Hour, Seated
from remote_training.classes.errors import ClassOver, WrongSeries
from remote_training.classes.models import Session
from remote_training.classes.plan import DaysOff
from remote_training.classes.wall_time import Oddity
from remote_training.core import words
from remote_training.core.errors import Refused
from remote_training.core.words import say


@dataclass(frozen=True)
class Change:
    """What would become of one class.

    Attributes
    ----------
    was, minutes_were, language_was
        When it began before, how long it took, and in which language it was held.
    hour, language
        Its day, time, length, trainer and host afterwards; and its language.
    wall_time, oddity
        The time that was asked for; and where clocks leave it out on that day, or show it twice.
    refusals
        Why it cannot be, if anything.
    told
        The bookings whose holders are told.
    misfits
        How many of them could not have booked it then: they are offered another one.
    waits
        How many wait for it, and are told.
    """

    session: Session
    was: datetime
    minutes_were: int
    language_was: str
    hour: Hour
    language: str
    wall_time: time
    oddity: Oddity | None
    places: int
    is_given_by_another: bool
    has_other_places: bool
    refusals: tuple[Refused, ...]
    told: tuple[Booking, ...]
    misfits: int
    waits: int

    @property
    def is_moved(self) -> bool:
        """Whether it begins at another moment."""
        return self.hour.starts_at != self.was

    @property
    def minutes(self) -> int:
        """How long it takes afterwards."""
        return self.hour.minutes

    @property
    def has_other_length(self) -> bool:
        """Whether it takes longer than before, or not as long."""
        return self.minutes != self.minutes_were

    @property
    def has_other_language(self) -> bool:
        """Whether it is held in another language."""
        return self.language != self.language_was

    @property
    def is_heard(self) -> bool:
        """Whether those who hold a place, and whose class it is, hear of it."""
        return self.is_for_calendars or self.is_given_by_another or self.has_other_language

    @property
    def is_for_calendars(self) -> bool:
        """Whether the entries of those who hold a place begin or end otherwise."""
        return self.is_moved or self.has_other_length

    @property
    def is_for_who_waits(self) -> bool:
        """Whether those who wait for it hear of it: who gives it they read where they book."""
        return self.is_for_calendars or self.has_other_language


@dataclass(frozen=True)
class Outlook:
    """All that a wish would change, soonest first; `mark` tells how things stood then."""

    changes: tuple[Change, ...]
    mark: str

    @property
    def people(self) -> int:
        """How many people hold a place that is touched, and are told."""
        return len({one.participant_id for change in self.changes for one in change.told})

    @property
    def waits(self) -> int:
        """How many wait for one of the classes, and are told."""
        return sum(change.waits for change in self.changes)

    @property
    def misfits(self) -> int:
        """How many places no longer fit beside what their holders have."""
        return sum(change.misfits for change in self.changes)

    @property
    def refusals(self) -> tuple[Refused, ...]:
        """Why it cannot be, class by class."""
        return tuple(refusal for change in self.changes for refusal in change.refusals)


def chosen(session: Session, scope: Scope, *, now: datetime) -> Sequence[Session]:
    """The classes that are meant, soonest first.

    Raises `HasBegun`, or `ClassOver` where this one was called off.
    """
    if session.is_called_off:
        raise ClassOver(say("This class does not take place: it can no longer be changed."))
    if now >= session.starts_at:
        raise HasBegun(say("This class has already begun: it can no longer be changed."))
    if scope is Scope.ONE:
        return [session]
    return classes_queries.following(session, now=now)


def of(session: Session, wish: Wish, *, now: datetime) -> Outlook:
    """What a wish would change; nothing is written. Raises as `chosen`, and `WrongSeries`."""
    return of_these(session, chosen(session, wish.scope, now=now), wish, now=now)


def of_these(
    session: Session, sessions: Sequence[Session], wish: Wish, *, now: datetime
) -> Outlook:
    """What a wish for one class would change in these, which are `chosen`. Raises `WrongSeries`."""
    if wish.trainer.id != session.trainer_id:
        class_rules.check_trainer(wish.trainer, session.site)
    class_rules.check_places(wish.places)
    class_rules.check_day(wish.on_date, now)
    if wish.minutes != session.minutes:
        class_rules.check_minutes(wish.minutes)
    if wish.language != session.language:
        class_rules.check_language(wish.language)
    touched = [one for one in (wanted(session, one, wish) for one in sessions) if one.differs]
    seated = _seated(session, touched)
    free = classes_queries.days_off(session) if wish.scope is Scope.LATER else ()
    told, waits = _bookings(touched), _waits(touched)
    misfits = _misfits(touched, told)
    changes = [
        Change(
            session=one.session,
            was=one.session.starts_at,
            minutes_were=one.session.minutes,
            language_was=one.session.language,
            hour=seated[one.session.id].hour,
            language=one.language,
            wall_time=one.wall_time,
            oddity=one.oddity,
            places=one.places,
            is_given_by_another=one.has_another_trainer,
            has_other_places=one.places != one.session.places,
            refusals=tuple(_refusals(one, seated[one.session.id], free, now)),
            told=tuple(told.get(one.session.id, ())),
            misfits=misfits.get(one.session.id, 0),
            waits=waits.get(one.session.id, 0),
        )
        for one in touched
    ]
    return Outlook(tuple(changes), _mark(sessions))


def _seated(session: Session, touched: Sequence[Touched]) -> dict[UUID, Seated]:
    """Each class with its host, by id; its own one where that is free at the new time."""
    anew = sorted(
        (one for one in touched if one.is_seated_anew), key=lambda one: one.hour.starts_at
    )
    ids = [one.session.id for one in anew]
    seated = clashes.seat([one.hour for one in anew], session.site, but=ids, is_strict=False)
    as_before = {one.session.id: Seated(one.hour) for one in touched}
    return as_before | dict(zip(ids, seated, strict=True))


def _refusals(
    one: Touched, seated: Seated, free: Sequence[DaysOff], now: datetime
) -> Iterable[Refused]:
    session = one.session
    on_date = one.hour.on_date
    if on_date != session.on_date and any(off.holds(on_date) for off in free):
        yield WrongSeries(
            say(
                "On %(day)s the series has a day off. Move or call off the class of %(was)s "
                "alone, then change the later ones."
            ),
            field="on_date",
            day=words.day(on_date),
            was=words.day(session.on_date),
        )
    if one.is_moved and one.hour.starts_at <= now:
        sentence = say("At that time the class would have begun already.")
        yield WrongSeries(sentence, field="wall_time")
    if one.places < session.taken:
        yield WrongSeries(
            say("%(taken)s places are held or kept for somebody: there cannot be fewer."),
            field="places",
            taken=session.taken,
        )
    yield from clashes.refusals(seated, session.zone)


def _bookings(touched: Sequence[Touched]) -> dict[UUID, list[Booking]]:
    """The live bookings whose holders must be told, by class."""
    found: dict[UUID, list[Booking]] = {}
    for booking in queries.of_sessions([one.session.id for one in touched if one.is_told]):
        found.setdefault(booking.session_id, []).append(booking)
    return found


def _waits(touched: Sequence[Touched]) -> Mapping[UUID, int]:
    return waiting_queries.how_many([one.session.id for one in touched if one.is_for_who_waits])


def _misfits(touched: Sequence[Touched], told: Mapping[UUID, Sequence[Booking]]) -> dict[UUID, int]:
    """How many holders of a place in each class could not have booked it as it would be."""
    afterwards = {one.session.id: one.hour for one in touched if one.is_at_other_times}
    bookings = [one for id_ in afterwards for one in told.get(id_, ())]
    held = queries.hours_of({one.participant_id for one in bookings})
    found: dict[UUID, int] = {}
    for booking in bookings:
        hours = [_moved(hour, afterwards) for hour in held.get(booking.participant_id, ())]
        mine = [hour for hour in hours if hour.session_id == booking.session_id]
        others = [hour for hour in hours if hour.session_id != booking.session_id]
        if mine and rules.misfit(booking.participant, mine[0], others) is not None:
            found[booking.session_id] = found.get(booking.session_id, 0) + 1
    return found


def _moved(hour: fit.Hour, afterwards: Mapping[UUID, Hour]) -> fit.Hour:
    to = afterwards.get(hour.session_id)
    if to is None:
        return hour
    return hour._replace(starts_at=to.starts_at, ends_at=to.ends_at, on_date=to.on_date)


def _mark(sessions: Sequence[Session]) -> str:
    stands = [
        (
            one.id.hex, one.sequence, one.starts_at.isoformat(), one.ends_at.isoformat(),
            one.trainer_id.hex, one.places, one.language,
        )
        for one in sorted(sessions, key=lambda each: each.id)
    ]  # fmt: skip
    return sha256(repr(stands).encode()).hexdigest()[:32]
