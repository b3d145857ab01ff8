"""What exports refuse."""

from __future__ import annotations

from remote_training.core.errors import Refused


class CannotWrite(Refused):
    """The files cannot be put where they were asked for."""
