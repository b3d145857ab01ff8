"""What programs are refused for."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.accounts.errors import TooOften as TooOften
from remote_training.core.errors import Invalid, Refused


class TokenNeeded(Refused):
    """Nobody we know asks: no token came along."""

    status = HTTPStatus.UNAUTHORIZED


class TokenEnded(TokenNeeded):
    """A token that never was, has run out, was ended, or whose owner has lost the role."""


class NotAsDescribed(Invalid):
    """A field of a request is missing, unknown, or not what the description says."""


class NotJson(Refused):
    """A body that is no JSON by its own account."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
