"""The mark that a room of ours carries at the provider: whose it is, and of which class.

It names the installation as well: two of them may share an account, and neither may take
away what belongs to the other.
"""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

from remote_training.core import settings

MARK = re.compile(r"\bref-([0-9a-f]{12})-([0-9a-f]{32})\b")


def of(session_id: UUID) -> str:
    """The mark of the room of a class."""
    return f"ref-{_installation()}-{session_id.hex}"


def session_id(description: str) -> UUID | None:
    """Of which class of this installation a description speaks; None where of none."""
    found = MARK.search(description)
    if found is None or found[1] != _installation():
        return None
    return UUID(hex=found[2])


def _installation() -> str:
    return hashlib.sha256(settings.current().address.encode()).hexdigest()[:12]
