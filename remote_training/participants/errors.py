"""What is refused about participants."""

from __future__ import annotations

from remote_training.core.errors import Invalid, Refused


class WrongFact(Invalid):
    """A fact that cannot be so; `gaps["fact"]` says which."""


class HasLeft(Refused):
    """The participant has withdrawn."""


class NoStudyNumber(Refused):
    """No free study number was found: nearly all are given away."""
