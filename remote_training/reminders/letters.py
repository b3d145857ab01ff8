"""Which messages there are: is each still wanted, and what does it say."""

from __future__ import annotations


def kinds() -> dict[str, object]:
    """The table of message kinds that the outbox asks."""
    return {}
