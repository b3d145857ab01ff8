"""Why a place is not given."""

from __future__ import annotations

from remote_training.core.errors import NotAllowed, Refused


class NotTakingPart(NotAllowed):
    """The participant has not agreed to take part, or no longer does."""


class NotCleared(NotAllowed):
    """Nobody has yet written that exercise is safe for her."""


class NotBegun(NotAllowed):
    """Her classes begin later, or it is not yet known when."""


class OtherProgramme(NotAllowed):
    """A class for another complaint than hers."""


class BookingClosed(Refused):
    """The class has begun, or was called off."""


class Overlap(Refused):
    """She holds a place in another class at that time."""


class AlreadyBooked(Refused):
    """She holds a place in this class."""


class SessionFull(Refused):
    """Every place is taken."""


class HasBegun(Refused):
    """A place in a class that has begun cannot be given back."""
