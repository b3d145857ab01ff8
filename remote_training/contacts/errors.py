"""What the vault refuses."""

from __future__ import annotations

from remote_training.core.errors import Invalid


class WrongAddress(Invalid):
    """What was typed is no mail address."""
