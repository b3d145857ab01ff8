"""What safety refuses."""

from __future__ import annotations

from remote_training.core.errors import Invalid


class NoteNeeded(Invalid):
    """Something else was done, and it is not said what."""
