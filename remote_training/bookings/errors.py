"""Why a place is not given."""

from __future__ import annotations

from remote_training.core.errors import Invalid, NotAllowed, Refused
from remote_training.core.words import say


class NotTakingPart(NotAllowed):
    """The participant has not agreed to take part, or no longer does."""


class NotCleared(NotAllowed):
    """Nobody has yet written that exercise is safe for her."""


class NotBegun(NotAllowed):
    """Her classes begin later, or it is not yet known when."""

    brief = say("Your classes have not begun by then.")


class ProgrammeOver(NotAllowed):
    """A class after the last week of her programme."""

    brief = say("Your programme has ended by then.")


class OtherProgramme(NotAllowed):
    """A class for another complaint than hers."""


class BookingClosed(Refused):
    """The class has begun, or was called off."""


class Misfit(Refused):
    """A class does not fit beside what she holds; `brief` says so where many are listed."""

    brief = say("This class does not fit beside another one of yours.")
    brief_to_staff = say("This class does not fit beside another one of hers.")
    way_out = ""  # what she can do instead, where there is something


class Overlap(Misfit):
    """She holds a place in another class at that time."""

    brief = say("You have another class at that time.")
    brief_to_staff = say("She has another class at that time.")


class NoRest(Misfit):
    """She holds a place in a class that is too near to rest in between."""

    brief = say("This is too near to another class of yours.")
    brief_to_staff = say("This is too near to another class of hers.")


class WeekFull(Misfit):
    """She holds as many classes of this kind in that week as her programme foresees."""

    brief = say("You have your classes of this kind for that week.")
    brief_to_staff = say("She has her classes of this kind for that week.")
    way_out = say("You can move one of yours instead.")


class AlreadyBooked(Misfit):
    """She holds a place in this class."""

    brief = say("You already have a place in this class.")
    brief_to_staff = say("She already has a place in this class.")


class SessionFull(Refused):
    """Every place is taken."""


class HasBegun(Refused):
    """A place in a class that has begun cannot be given back."""


class NotInLine(Refused):
    """She does not wait for this class any more."""


class NoOffer(Refused):
    """No place is kept for her, or no longer."""


class TooLateToWait(Refused):
    """The class is so near that nobody moves up any more."""


class GivenBack(Refused):
    """A place that was given back cannot be moved."""


class OtherKind(Refused):
    """A place is moved to a class of the same kind only."""


class WrongChoice(Invalid):
    """No weekly class was chosen for her programme, or too many of one kind."""
