"""What all processes have to share about one provider: its token, and how fast they may ask.

Two processes that each fetch a token may make each other's invalid; two that each keep to
thirty calls a second make sixty. `meetings.sharing` keeps both in the database; `InMemory` is
for one process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

FRESH = timedelta(seconds=90)  # a token is not used in its last moments


@dataclass(frozen=True)
class Token:
    """A token, and where it may be used."""

    value: str = field(repr=False)
    api_url: str
    expires_at: datetime

    def is_good(self, now: datetime, stale: str | None) -> bool:
        """Whether it can be used: not about to end, and not the one that was refused."""
        return self.value != stale and self.expires_at - FRESH > now


Fetch = Callable[[], Token]


class Shared(Protocol):
    """What the processes of an installation share about a provider."""

    def token(self, name: str, fetch: Fetch, *, now: datetime, stale: str | None = None) -> Token:
        """The token that all use; `fetch` is called where there is none, by one at a time.

        `stale` is a token that the provider refused: another one is given.
        """
        ...

    def turn(self, name: str, *, now: datetime, seconds: float) -> float:
        """Take the next turn for a call, one every so many seconds; how long to wait for it."""
        ...


class InMemory:
    """`Shared` within one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._turns: dict[str, datetime] = {}

    def token(self, name: str, fetch: Fetch, *, now: datetime, stale: str | None = None) -> Token:
        """As `Shared.token`."""
        with self._lock:
            known = self._tokens.get(name)
            if known is None or not known.is_good(now, stale):
                known = self._tokens[name] = fetch()
            return known

    def turn(self, name: str, *, now: datetime, seconds: float) -> float:
        """As `Shared.turn`."""
        with self._lock:
            mine = max(now, self._turns.get(name, now))
            self._turns[name] = mine + timedelta(seconds=seconds)
        return (mine - now).total_seconds()
