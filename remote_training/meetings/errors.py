"""What meetings refuse."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.core.errors import Refused


class RoomUnavailable(Refused):
    """The provider did not open the room, or gave no way in."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class WrongRoom(Refused):
    """A report names a booking that is for another class: it counts for nobody."""
