"""What we ask of a service that opens online rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Room:
    """An online room: the provider's own id, and the address by which it is entered."""

    external_id: str
    join_url: str


class MeetingUnavailable(Exception):
    """The provider did not give what was asked; trying later may work."""


class MeetingProvider(Protocol):
    """A service that opens online rooms.

    What happens in a room it reports later, as events of connections (hooks, reports);
    `meetings.service.receive` takes them, repeated and in any order.
    """

    @property
    def name(self) -> str:
        """The provider's name in settings and events: `offline`, `zoom` ..."""
        ...

    @property
    def is_our_page(self) -> bool:
        """Whether the room is a page of the platform, which reports its visits itself."""
        ...

    def open_room(self, *, session_id: UUID, topic: str, starts_at: datetime, minutes: int) -> Room:
        """Open the room of one class, or raise `MeetingUnavailable`.

        Asked twice for the same class, it gives the same room.
        """
        ...

    def join_url(self, room: Room, *, person_key: str, first_name: str) -> str:
        """Give the address by which one person enters, or raise `MeetingUnavailable`.

        `person_key` is what the provider's events name her by later: it says nothing to
        anybody else. It is asked while a page is shown and must change nothing: a
        provider that registers people beforehand only looks up what it has.
        """
        ...
