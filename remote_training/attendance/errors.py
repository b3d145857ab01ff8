"""What attendance refuses."""

from __future__ import annotations

from remote_training.core.errors import Refused


class DoorClosed(Refused):
    """The class cannot be entered now: too early, over, called off, or the place was given back."""


class NotBegun(Refused):
    """Before the class begins nobody can have been there, late or absent."""


class NoLinkNow(Refused):
    """The class is over or called off: a link to it would open nothing."""
