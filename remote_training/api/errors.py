"""What programs are refused for."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.core.errors import Invalid, Refused


class TokenNeeded(Refused):
    """Nobody we know asks: no token came along."""

    status = HTTPStatus.UNAUTHORIZED


class TokenEnded(TokenNeeded):
    """A token that never was, has run out, was ended, or whose owner has lost the role."""


class TooOften(Refused):
    """More requests than one program may make in a while; `seconds` until the next."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, sentence: str, *, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class NotAsDescribed(Invalid):
    """A field of a request is missing, unknown, or not what the description says."""


class NotJson(Refused):
    """A body that is no JSON by its own account."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
