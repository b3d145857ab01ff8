"""What exports refuse."""

from __future__ import annotations

from remote_training.core.errors import Invalid, Refused


class CannotWrite(Refused):
    """The files cannot be put where they were asked for."""


class NoSuchFormat(Invalid):
    """There is no data set in this format."""


class TooLarge(Refused):
    """It cannot be made while somebody waits; the command makes it."""
