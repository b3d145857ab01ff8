"""What accounts refuse."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.core.errors import Invalid, NotAllowed, Refused


class SignInFirst(Refused):
    """A page for staff was asked for by nobody we know: the sign-in page answers."""

    status = HTTPStatus.UNAUTHORIZED


class LinkNeeded(Refused):
    """A personal page was asked for without a link or sign-in that opens it."""

    status = HTTPStatus.UNAUTHORIZED


class LinkEnded(Refused):
    """The link was good once; it no longer opens anything."""

    status = HTTPStatus.GONE


class WrongRole(NotAllowed):
    """Signed in, but this is not theirs to do."""


class WeakPassword(Invalid):
    """A password that is too short, too long, or known to everybody."""


class NotYourOwn(NotAllowed):
    """Nobody changes their own roles, or confirms what they asked for themselves."""


class AlreadyThere(Refused):
    """Somebody with this address, or this role, is there already."""


class WorksElsewhere(NotAllowed):
    """What touches a whole account is not for one site alone."""


class WrongTokenName(Invalid):
    """The name of an access token is empty, or too long."""


class TooOften(Refused):
    """More tries than there may be in a while; `seconds` until the next one is looked at."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, sentence: str, *, seconds: int, to_staff: str = "", **gaps: object) -> None:
        super().__init__(sentence, to_staff=to_staff, **gaps)
        self.seconds = seconds


class TooManyTokens(Refused):
    """Somebody has as many access tokens as one can keep in mind."""
