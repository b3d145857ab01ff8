"""What meetings refuse."""

from __future__ import annotations

from remote_training.core.errors import Refused


class WrongRoom(Refused):
    """A report names a booking that is for another class: it counts for nobody."""
