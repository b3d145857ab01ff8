"""What we ask of a service that opens online rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Room:
    """An online room: the provider's own id, and the address that participants open."""

    external_id: str
    join_url: str


class MeetingUnavailable(Exception):
    """The provider did not give what was asked; trying later may work."""


class MeetingProvider(Protocol):
    """A service that opens online rooms."""

    @property
    def name(self) -> str:
        """The provider's name in settings and events: `offline`, `zoom` ..."""
        ...

    def open_room(self, *, session_id: UUID, topic: str, starts_at: datetime, minutes: int) -> Room:
        """Open the room of one class, or raise `MeetingUnavailable`.

        Asked twice for the same class, it gives the same room.
        """
        ...
