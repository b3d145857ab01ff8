"""A weekly series, and its class hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.accounts.models import Account
from remote_training.core.db import Model
from remote_training.studies.current import study
from remote_training.studies.models import Site

DOORS_OPEN = timedelta(minutes=15)


class Series(Model):
    """A class that repeats every week at the same wall time of its own zone.

    It is what was planned, and what was changed of all its hours from a day on; a single
    hour may differ. `weekdays` are digits, 0 for Monday; `module` is a code of the study
    file, and so is `host`: the meeting host that was chosen for all its hours, None where
    each takes one that is free.
    """

    __tablename__ = "series"
    __table_args__ = (
        sa.CheckConstraint("length(weekdays) BETWEEN 1 AND 7", name="weekdays"),
        sa.CheckConstraint("minutes BETWEEN 5 AND 240", name="minutes"),
        sa.CheckConstraint("places BETWEEN 1 AND 100", name="places"),
        sa.CheckConstraint("last_on >= first_on", name="order"),
    )

    site_id: Mapped[UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    trainer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    module: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str] = mapped_column(sa.String(8))
    host: Mapped[str | None] = mapped_column(sa.String(40))
    zone: Mapped[str] = mapped_column(sa.String(60))
    weekdays: Mapped[str] = mapped_column(sa.String(7))
    wall_time: Mapped[time]
    minutes: Mapped[int]
    places: Mapped[int]
    first_on: Mapped[date]
    last_on: Mapped[date]

    site: Mapped[Site] = relationship()
    trainer: Mapped[Account] = relationship()

    @property
    def days(self) -> tuple[int, ...]:
        """Its days of the week, 0 for Monday, in their order."""
        return tuple(int(digit) for digit in self.weekdays)


class Break(Model):
    """Days on which a series has no class, both ends included; `why` may be empty."""

    __tablename__ = "series_break"
    __table_args__ = (sa.CheckConstraint("last_on >= first_on", name="order"),)

    series_id: Mapped[UUID] = mapped_column(sa.ForeignKey("series.id"), index=True)
    first_on: Mapped[date]
    last_on: Mapped[date]
    why: Mapped[str] = mapped_column(sa.String(120))


class Substitute(Model):
    """A trainer who may be asked first where the trainer of a series cannot come."""

    __tablename__ = "series_substitute"
    __table_args__ = (sa.UniqueConstraint("series_id", "account_id"),)

    series_id: Mapped[UUID] = mapped_column(sa.ForeignKey("series.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))


class Session(Model):
    """One class hour. `taken` counts live bookings, and the places that are kept for somebody
    on the waiting list who is asked first; the database refuses one too many.

    `sequence` grows with each change that calendars must hear of, and `changed_at` is the
    moment of the last one (at first: when the hour was offered). `host` is the code of its
    meeting host in the study file, None at a site that has none. `remind_at` is when its
    reminders are looked at next, None where none is to come: whoever takes a place in it, or
    changes it, sets it back to a moment that is past (`LOOKED_AT_ANEW`).
    """

    __tablename__ = "session"
    __table_args__ = (
        sa.CheckConstraint("taken >= 0 AND taken <= places", name="places"),
        sa.CheckConstraint("ends_at > starts_at", name="order"),
        sa.Index("ix_session_series_on_date", "series_id", "on_date"),
        sa.Index("ix_session_site_starts_at", "site_id", "starts_at"),
        sa.Index("ix_session_trainer_starts_at", "trainer_id", "starts_at"),
        sa.Index("ix_session_starts_at_remind_at", "starts_at", "remind_at"),
        sa.Index("ix_session_host_starts_at", "host", "starts_at"),
    )

    series_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("series.id"))
    on_date: Mapped[date]
    site_id: Mapped[UUID] = mapped_column(sa.ForeignKey("site.id"))
    trainer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    module: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str] = mapped_column(sa.String(8))
    host: Mapped[str | None] = mapped_column(sa.String(40))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    called_off_at: Mapped[datetime | None]
    sequence: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]
    remind_at: Mapped[datetime | None]

    site: Mapped[Site] = relationship()
    trainer: Mapped[Account] = relationship()
    series: Mapped[Series | None] = relationship()

    @property
    def zone(self) -> str:
        """The zone whose clocks it goes by: that of its series, or of its site."""
        return self.series.zone if self.series is not None else self.site.zone

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def places_left(self) -> int:
        """Places nobody holds."""
        return self.places - self.taken

    @property
    def doors_open_at(self) -> datetime:
        """From when people may come in."""
        return self.starts_at - DOORS_OPEN

    @property
    def is_called_off(self) -> bool:
        """True when the class does not take place."""
        return self.called_off_at is not None

    def takes_bookings(self, now: datetime) -> bool:
        """Whether a place can still be booked: not called off, not too near, not begun."""
        closes = timedelta(minutes=study().booking.closes_minutes)
        return not self.is_called_off and now < self.starts_at - closes

    def doors_are_open(self, now: datetime) -> bool:
        """Whether people may come in: from 15 minutes before, to the end."""
        return not self.is_called_off and doors_are_open(self.starts_at, self.ends_at, now)


class HandedOver(Model):
    """A class hour that somebody else gives from a moment on; `trainer_id` gave it before."""

    __tablename__ = "session_handed_over"
    __table_args__ = (
        sa.Index("ix_session_handed_over_trainer_handed_at", "trainer_id", "handed_at"),
    )

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"))
    trainer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    handed_at: Mapped[datetime]


def doors_are_open(starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether people may come in to a class that takes place: 15 minutes before, to its end."""
    return starts_at - DOORS_OPEN <= now < ends_at


LOOKED_AT_ANEW = {"remind_at": Session.changed_at}
