"""How somebody would like classes to be, and how each of them would be then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from remote_training.accounts.models import Account
from remote_training.classes import wall_time as wall
from remote_training.classes.clashes import Hour
from remote_training.classes.models import Session
from remote_training.classes.wall_time import Oddity


class Scope(StrEnum):
    """One class, or it and all later ones of its series."""

    ONE = "one"
    LATER = "later"


@dataclass(frozen=True)
class Wish:
    """How somebody would like a class to be: day and time by the clocks of its zone.

    With `Scope.LATER` all later classes of the series move by as many days, to that time.
    What is as it was is left alone, in each of them; so are `minutes` and `language` where
    they are None.
    """

    on_date: date
    wall_time: time
    trainer: Account
    places: int
    scope: Scope = Scope.ONE
    minutes: int | None = None
    language: str | None = None


class Touched(NamedTuple):
    """A class, and how it would be."""

    session: Session
    hour: Hour
    wall_time: time
    places: int
    language: str

    @property
    def oddity(self) -> Oddity | None:
        """What is odd about the time that it gets; nothing where it keeps its own."""
        zone = self.session.zone
        return wall.oddity(self.hour.on_date, self.wall_time, zone) if self.is_moved else None

    @property
    def is_moved(self) -> bool:
        """Whether it begins at another moment."""
        return self.hour.starts_at != self.session.starts_at

    @property
    def is_at_other_times(self) -> bool:
        """Whether it begins or ends at another moment."""
        return self.is_moved or self.hour.ends_at != self.session.ends_at

    @property
    def has_another_trainer(self) -> bool:
        """Whether somebody else gives it."""
        return self.hour.trainer_id != self.session.trainer_id

    @property
    def is_seated_anew(self) -> bool:
        """Whether trainer and host must be free at other times, or be others."""
        return self.is_at_other_times or self.has_another_trainer

    @property
    def is_for_who_waits(self) -> bool:
        """Whether those who wait for it must hear of it."""
        return self.is_at_other_times or self.language != self.session.language

    @property
    def is_told(self) -> bool:
        """Whether those who hold a place must hear of it."""
        return self.is_for_who_waits or self.has_another_trainer

    @property
    def differs(self) -> bool:
        """Whether anything about it would change."""
        return self.is_told or self.places != self.session.places


def wanted(session: Session, one: Session, wish: Wish) -> Touched:
    """How one class would be; `session` is the one that the wish was written for."""
    days = wish.on_date - session.on_date  # whole ones
    is_other_time = wish.wall_time != wall.shown(session.starts_at, session.zone).time()
    starts_at, on_date = one.starts_at, one.on_date
    wall_time = wish.wall_time if is_other_time else _clock(one)
    if days or is_other_time:
        on_date = one.on_date + days
        starts_at = wall.moment(on_date, wall_time, one.zone)
    trainer_id = wish.trainer.id if wish.trainer.id != session.trainer_id else one.trainer_id
    many = wish.places if wish.places != session.places else one.places
    ends_at = starts_at + _length(session, one, wish)
    spoken = one.language if wish.language in (None, session.language) else wish.language
    hour = Hour(on_date, starts_at, ends_at, trainer_id, one.module, one.host)
    return Touched(one, hour, wall_time, many, spoken or one.language)


def _length(session: Session, one: Session, wish: Wish) -> timedelta:
    if wish.minutes in (None, session.minutes):
        return one.ends_at - one.starts_at
    return timedelta(minutes=wish.minutes or 0)


def _clock(one: Session) -> time:
    """The wall time of a class: as planned, also on a day on which clocks do not show it."""
    series = one.series
    if series is not None:
        planned = wall.moment(one.on_date, series.wall_time, series.zone)
        if planned == one.starts_at:
            return series.wall_time
    return wall.shown(one.starts_at, one.zone).time()
