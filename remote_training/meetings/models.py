"""Rooms at providers, who may come into them, and what providers report from them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts.models import Sealed
from remote_training.core.db import Model
from remote_training.meetings.differences import Difference, Differences
from remote_training.outside.meetings import Cause


class EventKind(StrEnum):
    """What a provider reports of one connection, or of the whole room (started, ended).

    Waiting is the waiting room: it does not count. Admitted is being let back in from there;
    waited, that she is no longer in it, whether she was let in or gave up.
    """

    JOINED = "joined"
    LEFT = "left"
    WAITING = "waiting"
    ADMITTED = "admitted"
    WAITED = "waited"
    STARTED = "started"
    ENDED = "ended"


OF_THE_ROOM = frozenset({EventKind.STARTED, EventKind.ENDED})
IN_PART = "~"  # in the name of a visit: what follows names the breakout room in which it is


class Source(StrEnum):
    """How we came to know: told at once, told afterwards, or seen on a page of our own."""

    WEBHOOK = "webhook"
    REPORT = "report"
    PAGE = "page"


IS_NOW = sa.text("replaced_at IS NULL")


class MeetingRoom(Model):
    """The online room of one class, at one provider.

    `host` is the provider's account in which it is kept; empty where rooms have none.
    No address is kept of it: one that lets somebody in is a credential. A class has one room
    at a time. One that it had before (`replaced_at`) keeps its row, so that what was and is
    told of it counts for the class; `was_lost`, if somebody deleted it at the provider.
    """

    __tablename__ = "meeting_room"
    __table_args__ = (
        sa.Index(
            "uq_meeting_room_now", "session_id",
            unique=True, sqlite_where=IS_NOW, postgresql_where=IS_NOW,
        ),
    )  # fmt: skip

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), index=True)
    provider: Mapped[str] = mapped_column(sa.String(20))
    external_id: Mapped[str] = mapped_column(sa.String(120), unique=True)
    host: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    opened_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
    was_lost: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    session: Mapped[Session] = relationship()


class MeetingPerson(Model):
    """One booking in one room that is kept ahead: how the provider knows her.

    `alias` is an address of ours that reaches nobody; `external_id` is what events and reports
    name her by, empty until she is registered. `begun_at` is set while it is not known whether
    the provider did what was asked last. Who was taken out again keeps the row, without
    `join_url`, so that late events still find her.
    """

    __tablename__ = "meeting_person"
    __table_args__ = (
        sa.UniqueConstraint("room_id", "booking_id"),
        sa.Index("ix_meeting_person_external_id", "room_id", "external_id"),
    )

    room_id: Mapped[UUID] = mapped_column(sa.ForeignKey("meeting_room.id"))
    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    alias: Mapped[str] = mapped_column(sa.String(200), unique=True)
    external_id: Mapped[str | None] = mapped_column(sa.String(120))
    join_url_sealed: Mapped[bytes | None]
    begun_at: Mapped[datetime | None]
    registered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    join_url = Sealed()

    room: Mapped[MeetingRoom] = relationship()
    booking: Mapped[Booking] = relationship()

    @property
    def may_come_in(self) -> bool:
        """Whether the provider lets her in, as far as we know."""
        return self.registered_at is not None and self.ended_at is None


class RoomUpkeep(Model):
    """How far the room of one class is from what we want, and when somebody looks again.

    Attributes
    ----------
    begun_at, begun_host
        A room was asked for at this host, and what came of it is not known.
    kept_starts_at, kept_minutes, kept_others
        What we last made the provider have: what differs from it was changed there by hand.
    checked_at
        When room and people were last found as they are wanted.
    tries, next_try_at, last_error
        Since the last success; not before when; why.
    lease_until
        One worker is at it until then.
    differs, differs_at
        What somebody changed at the provider, noticed when.
    instead
        The address of another room that staff typed, for this class only.
    """

    __tablename__ = "room_upkeep"
    __table_args__ = (sa.Index("ix_room_upkeep_next_try_at", "next_try_at"),)

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), unique=True)
    begun_at: Mapped[datetime | None]
    begun_host: Mapped[str] = mapped_column(sa.String(120), default="")
    kept_starts_at: Mapped[datetime | None]
    kept_minutes: Mapped[int] = mapped_column(default=0)
    kept_others: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    checked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    last_error: Mapped[Cause | None]
    lease_until: Mapped[datetime | None]
    differs: Mapped[frozenset[Difference]] = mapped_column(
        Differences, default=frozenset, nullable=True
    )
    differs_at: Mapped[datetime | None]
    instead_sealed: Mapped[bytes | None]

    instead = Sealed()

    session: Mapped[Session] = relationship()

    def forget_room(self) -> None:
        """There is none any more, and nothing that we made of it."""
        self.begun_at, self.begun_host = None, ""
        self.kept_starts_at, self.kept_minutes, self.kept_others = None, 0, ""
        self.differs, self.differs_at = frozenset(), None


class MeetingHost(Model):
    """An account at a provider in which rooms are kept: when it was last gone through."""

    __tablename__ = "meeting_host"
    __table_args__ = (sa.UniqueConstraint("provider", "account"),)

    provider: Mapped[str] = mapped_column(sa.String(20))
    account: Mapped[str] = mapped_column(sa.String(120))
    swept_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    last_error: Mapped[Cause | None]


class StrayRoom(Model):
    """A room in an account of a host that lies across a class of ours. Its title is not kept."""

    __tablename__ = "stray_room"
    __table_args__ = (sa.UniqueConstraint("provider", "external_id"),)

    provider: Mapped[str] = mapped_column(sa.String(20))
    account: Mapped[str] = mapped_column(sa.String(120))
    external_id: Mapped[str] = mapped_column(sa.String(120))
    starts_at: Mapped[datetime]
    minutes: Mapped[int]
    seen_at: Mapped[datetime]


class MeetingEvent(Model):
    """One report of a provider: kept as it came, counted once.

    `connection` is one visit on one device, empty for what is of the whole room; `run` names one
    opening of the room, which may be opened twice. `happened_at` is the provider's time,
    `received_at` ours. `key` makes a repeated report one row. `is_imputed` marks a leaving that
    nobody reported (the page simply went silent), `is_lost` one of which the provider says that
    the line broke. Without `booking_id` it is of the whole room, of a host, or of somebody who is
    not known (`stranger_id`). `replaced_at`: the provider has since corrected it.
    """

    __tablename__ = "meeting_event"
    __table_args__ = (
        sa.Index("ix_meeting_event_booking", "booking_id", "happened_at"),
        sa.Index("ix_meeting_event_connection", "session_id", "connection"),
    )

    key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    provider: Mapped[str] = mapped_column(sa.String(20))
    source: Mapped[Source] = mapped_column(default=Source.PAGE, server_default=Source.PAGE)
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), index=True)
    booking_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("booking.id"))
    stranger_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("unmatched_presence.id"), index=True
    )
    kind: Mapped[EventKind]
    connection: Mapped[str] = mapped_column(sa.String(80))
    run: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    is_imputed: Mapped[bool] = mapped_column(default=False)
    is_lost: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    replaced_at: Mapped[datetime | None]

    booking: Mapped[Booking | None] = relationship()


class Decision(StrEnum):
    """What a trainer decided about somebody whom no registration names."""

    BOOKED = "booked"
    NOBODY = "nobody"


class UnmatchedPresence(Model):
    """Somebody in a room whom no registration of ours names: a trainer decides who it was.

    `who` is what the provider calls her, hashed; the name that she gave herself is sealed, and
    never compared with anything. A decision may be changed and taken back.
    """

    __tablename__ = "unmatched_presence"
    __table_args__ = (sa.UniqueConstraint("session_id", "who"),)

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"))
    provider: Mapped[str] = mapped_column(sa.String(20))
    who: Mapped[str] = mapped_column(sa.String(64))
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    name_sealed: Mapped[bytes | None]
    decision: Mapped[Decision | None]
    booking_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("booking.id"))
    decided_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]

    name = Sealed()


class Pulse(Model):
    """One visit in the room that we serve ourselves, and its last sign of life.

    `seen_at` is until when we take her to be there: the last heartbeat, or, for a page
    without script, the end of the class. `is_over` is true while the visit is closed; a
    page that was only reloaded comes back with its next heartbeat, one that was left by
    the button (`has_left`) does not.
    """

    __tablename__ = "pulse"
    __table_args__ = (sa.Index("ix_pulse_silent", "is_over", "seen_at"),)

    connection: Mapped[str] = mapped_column(sa.String(80), unique=True)
    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), index=True)
    seen_at: Mapped[datetime]
    is_over: Mapped[bool] = mapped_column(default=False)
    has_left: Mapped[bool] = mapped_column(default=False)
