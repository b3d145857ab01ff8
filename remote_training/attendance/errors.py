"""What attendance refuses."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.core.errors import Invalid, Refused


class DoorClosed(Refused):
    """The class cannot be entered now: too early, over, called off, or the place was given back."""


class NotBegun(Refused):
    """Before the class begins nobody can have been there, late or absent."""


class NoLinkNow(Refused):
    """The class is over or called off: a link to it would open nothing."""


class NotHeld(Refused):
    """The class was called off: nobody trained in it."""


class NothingTold(Invalid):
    """Nobody is known to have been there, and nothing was filled in for anybody."""


class Overtaken(Invalid):
    """Somebody else saved the same thing after it was shown."""

    status = HTTPStatus.CONFLICT


class ChangedMeanwhile(Invalid):
    """Another trainer said something of this person that was not on the page yet."""

    status = HTTPStatus.CONFLICT
