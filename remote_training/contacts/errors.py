"""What the vault refuses."""

from __future__ import annotations

from remote_training.core.errors import Invalid


class WrongAddress(Invalid):
    """What was typed is no mail address."""


class WrongName(Invalid):
    """Nothing is left of the name, or it is too long for an envelope."""


class WrongPhone(Invalid):
    """What was typed cannot be dialled."""


class WrongBirthYear(Invalid):
    """No year in which somebody of age was born."""
