"""What we ask of a service that opens online rooms.

There are two kinds. Some keep rooms ahead (Zoom): a room is made days before, people are
registered in it one by one, and `meetings.upkeep` makes both agree with the classes and
bookings that we hold. With others (BigBlueButton, Jitsi, a page of our own) a room is there
as soon as somebody asks for it. `keeps_rooms_ahead` tells them apart.

What happens in a room a provider tells later, as events of connections (hooks, reports);
`meetings.service.receive` takes them, repeated and in any order. A person is known in them by
the `key` of `WantedPerson`, or by the `external_id` that the provider gave her.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol, TypeGuard


class Cause(StrEnum):
    """Why a provider did not do what was asked: what is kept and shown, and nothing personal.

    `meetings.causes` has the words for a coordinator, and what she can do.
    """

    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    BROKEN = "broken"
    TOO_FAST = "too_fast"
    DAY_LIMIT = "day_limit"
    LOGIN = "login"
    SCOPE = "scope"
    LICENCE = "licence"
    HOST_UNKNOWN = "host_unknown"
    NO_HOST = "no_host"
    NOT_UNDERSTOOD = "not_understood"
    GONE = "gone"
    OURSELVES = "ourselves"


class MeetingFault(Exception):
    """A provider did not do what was asked. The text holds a cause and a code, nothing else."""

    def __init__(self, cause: Cause, code: int | str | None = None) -> None:
        self.cause, self.code = cause, code
        super().__init__(f"{cause}" if code is None else f"{cause} ({code})")


class MeetingUnavailable(MeetingFault):
    """Trying later may work: not before `retry_at`, where the provider named a moment.

    Whether the provider did it all the same is not known.
    """

    def __init__(
        self,
        cause: Cause = Cause.UNREACHABLE,
        code: int | str | None = None,
        *,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(cause, code)
        self.retry_at = retry_at


class LimitReached(MeetingUnavailable):
    """So many calls are not allowed, for certain nothing was done; `until` when."""

    def __init__(self, until: datetime, cause: Cause = Cause.DAY_LIMIT) -> None:
        super().__init__(cause, retry_at=until)
        self.until = until


class MeetingGone(MeetingFault):
    """The room, or what was asked about it, is not there (any more)."""

    def __init__(self, code: int | str | None = None) -> None:
        super().__init__(Cause.GONE, code)


class MeetingRefused(MeetingFault):
    """Trying again changes nothing until a person has mended what `cause` says."""


@dataclass(frozen=True)
class WantedRoom:
    """The room of one class, as we want it.

    Attributes
    ----------
    key
        Our own name of it, the same for ever: the id of the class.
    marker
        Is written into the description of a room that is kept ahead, so that it is found again.
    host
        The provider's id of the account that the room belongs to; empty where there is none.
    topic
        Neutral: it says nothing about health.
    others
        The addresses at the provider, in small letters, of who may start it besides the host.
    """

    key: str
    marker: str
    host: str
    topic: str
    starts_at: datetime
    minutes: int
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WantedPerson:
    """Somebody who is to come in: all that a provider learns of her.

    `key` is what events name her by (her booking), where the provider takes a name of ours;
    `alias` is an address of ours that reaches nobody, where it insists on one.
    """

    key: str
    first_name: str = field(repr=False)
    alias: str = field(default="", repr=False)


@dataclass(frozen=True)
class Room:
    """A room at a provider, by the provider's own id."""

    external_id: str


@dataclass(frozen=True)
class FoundRoom:
    """A room that is kept ahead, as the provider has it.

    `description` holds our marker, if it is ours; `is_safe` says that people have to be
    registered and wait until they are let in; `is_on` that it has begun. `topic` is None, and
    `others` empty, where the provider did not say.
    """

    external_id: str
    description: str
    starts_at: datetime | None
    minutes: int
    is_safe: bool = True
    is_on: bool = False
    topic: str | None = None
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FoundPerson:
    """Somebody who is registered in a room; `join_url` is hers alone, and a credential."""

    external_id: str
    alias: str = field(repr=False)
    join_url: str = field(default="", repr=False)


@dataclass(frozen=True)
class Presence:
    """One connection of a report: who, from when to when; `name` as she called herself.

    `person` is the `external_id` of a `FoundPerson`, empty where the provider does not know;
    `run` names one opening of the room: a room may be opened twice. `source` is `report` or
    `past`: the second is the poorer one.
    """

    run: str
    person: str
    connection: str
    joined_at: datetime
    left_at: datetime
    source: str
    name: str = field(default="", repr=False)


class MeetingProvider(Protocol):
    """A service that opens online rooms: one of the two kinds below."""

    @property
    def name(self) -> str:
        """The provider's name in settings and events: `offline`, `zoom` ..."""
        ...

    @property
    def is_our_page(self) -> bool:
        """Whether the room is a page of the platform, which reports its visits itself."""
        ...

    @property
    def keeps_rooms_ahead(self) -> bool:
        """True for `KeptRooms`, False for `RoomsAtTheClick`."""
        ...


class RoomsAtTheClick(MeetingProvider, Protocol):
    """A provider whose rooms are there when somebody asks. Each call takes under three seconds.

    All of them may raise `MeetingUnavailable` or `MeetingRefused`.
    """

    def open_room(self, wanted: WantedRoom) -> Room:
        """Make sure that the room is there; asked at every click, it gives the same room."""
        ...

    def join_url(self, room: Room, person: WantedPerson) -> str:
        """The address by which one person enters, hers alone.

        It is asked while a page is shown, after `open_room`, and changes nothing.
        """
        ...

    def host_url(self, room: Room, person: WantedPerson) -> str:
        """The address by which the trainer enters as host; as `join_url`."""
        ...


class KeptRooms(MeetingProvider, Protocol):
    """A provider that keeps rooms ahead, each in the account of a host.

    Every call may raise any `MeetingFault`; `MeetingGone` where the room is not there. After
    `MeetingUnavailable` (but not `LimitReached`) it may have been done all the same: whoever
    calls again looks first (`coming`, `people`).
    """

    @property
    def changes_a_day(self) -> int:
        """How many rooms of one host can be made or changed between midnight and midnight UTC."""
        ...

    @property
    def registrations_a_day(self) -> int:
        """How often a day one person can be registered or taken out of one room."""
        ...

    def check_host(self, host: str) -> None:
        """Raise `MeetingRefused` where the account is unknown, or may not do what we need."""
        ...

    def coming(self, host: str) -> Sequence[FoundRoom]:
        """All rooms of a host that are still to come, ours and others'; `is_safe` is not known."""
        ...

    def create(self, wanted: WantedRoom) -> FoundRoom:
        """Make a room. Twice makes two. Who else may start it is left out where that is refused."""
        ...

    def read(self, external_id: str) -> FoundRoom:
        """The room as it is now."""
        ...

    def change(self, external_id: str, wanted: WantedRoom) -> None:
        """Make a room as it is wanted, as in `create`; its host stays."""
        ...

    def delete(self, external_id: str) -> None:
        """Take a room away; one that is gone is no fault."""
        ...

    def people(self, external_id: str) -> Sequence[FoundPerson]:
        """Who may come in."""
        ...

    def register(self, external_id: str, person: WantedPerson) -> FoundPerson:
        """Let one person in, with an address of her own. The same alias twice is one person."""
        ...

    def unregister(self, external_id: str, person: FoundPerson) -> None:
        """Her address opens nothing any more; twice is no fault."""
        ...

    def host_url(self, external_id: str) -> str:
        """The address by which the trainer starts the room: asked at the click, kept nowhere."""
        ...

    def presences(self, external_id: str) -> Sequence[Presence]:
        """Who was there, in every opening of the room; `MeetingUnavailable` while not ready."""
        ...


def keeps_rooms_ahead(provider: MeetingProvider) -> TypeGuard[KeptRooms]:
    """Whether this is a provider that keeps rooms ahead."""
    return provider.keeps_rooms_ahead


def opens_at_the_click(provider: MeetingProvider) -> TypeGuard[RoomsAtTheClick]:
    """Whether rooms of this provider are there when somebody asks."""
    return not provider.keeps_rooms_ahead


def next_midnight(now: datetime) -> datetime:
    """When the limits of a day begin anew: 00:00 UTC."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)
