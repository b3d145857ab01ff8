"""A room that the platform serves itself: no provider, no network.

People come in and leave on a page of ours (`/class/<booking>/room`); that page reports
joining and leaving with the same facts a real provider would send.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from remote_training.outside.meetings import Room


class OfflineMeetings:
    """The meeting provider `offline`."""

    name = "offline"
    is_our_page = True

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def open_room(self, *, session_id: UUID, topic: str, starts_at: datetime, minutes: int) -> Room:
        """Give the room of a class; it always exists."""
        return Room(
            external_id=f"offline-{session_id}",
            join_url=f"{self._public_url}/staff/classes/{session_id}/room",
        )

    def join_url(self, room: Room, *, person_key: str, first_name: str) -> str:
        """Give the page of one booking: `person_key` is the booking's id."""
        return f"{self._public_url}/class/{person_key}/room"
