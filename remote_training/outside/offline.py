"""A room that the platform serves itself: no provider, no network.

People come in and leave on a page of ours (`/class/<booking>/room`); that page reports
joining and leaving with the same facts a real provider would send.
"""

from __future__ import annotations

from remote_training.outside.meetings import Room, WantedPerson, WantedRoom


class OfflineMeetings:
    """The meeting provider `offline`."""

    name = "offline"
    is_our_page = True
    keeps_rooms_ahead = False

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def open_room(self, wanted: WantedRoom) -> Room:
        """Give the room of a class; it always exists."""
        return Room(external_id=f"offline-{wanted.key}")

    def join_url(self, room: Room, person: WantedPerson) -> str:
        """Give the page of one booking."""
        return f"{self._public_url}/class/{person.key}/room"

    def host_url(self, room: Room, person: WantedPerson) -> str:
        """Give the trainer's page of the room."""
        session_id = room.external_id.removeprefix("offline-")
        return f"{self._public_url}/staff/classes/{session_id}/room"
