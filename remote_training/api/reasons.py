"""The short word for each refusal, by which a program tells one from another.

These words are public: they change with the version of the addresses alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from remote_training.accounts.errors import WrongRole
from remote_training.api.errors import NotAsDescribed, NotJson, TokenEnded, TokenNeeded, TooOften
from remote_training.bookings import errors as bookings
from remote_training.core.errors import Invalid, NotAllowed, NotFound, Refused
from remote_training.exports.errors import NoSuchFormat, TooLarge

OF_CLASSES: Mapping[type[Refused], str] = {
    NotFound: "not-found",
    bookings.NotTakingPart: "not-taking-part",
    bookings.NotCleared: "not-cleared",
    bookings.NotBegun: "not-begun",
    bookings.ProgrammeOver: "programme-over",
    bookings.OtherProgramme: "other-programme",
    bookings.BookingClosed: "booking-closed",
    bookings.AlreadyBooked: "already-booked",
    bookings.Overlap: "overlap",
    bookings.NoRest: "no-rest",
    bookings.WeekFull: "week-full",
    bookings.SessionFull: "class-full",
}
ALL: Mapping[type[Refused], str] = {
    **OF_CLASSES,
    bookings.HasBegun: "has-begun",
    TokenNeeded: "token-needed",
    TokenEnded: "token-ended",
    TooOften: "too-often",
    WrongRole: "other-role",
    NotAsDescribed: "not-as-described",
    NotJson: "not-json",
    NoSuchFormat: "no-such-format",
    TooLarge: "too-large",
    NotAllowed: "not-allowed",
    Invalid: "invalid",
    Refused: "refused",
}


def word(refusal: Refused) -> str:
    """The word for a refusal: that of its own kind, or of the nearest kind above it."""
    return next(ALL[kind] for kind in type(refusal).__mro__ if kind in ALL)
