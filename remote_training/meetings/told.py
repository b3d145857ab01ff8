"""What one report of a provider comes to, whichever provider sent it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from remote_training.meetings.models import EventKind, Source


@dataclass(frozen=True)
class Told:
    """One thing that a provider reports.

    Attributes
    ----------
    external_id
        The provider's id of the room; `run` is that of one opening of it, empty where it has none.
    visit
        The provider's id of one visit on one device; a second coming in may have another.
    person
        What names her: the id under which she was registered, or our own key; empty where unknown.
    who
        What names her within this room only, also over several visits; `visit` where it is empty.
    is_host
        Whether she is known to be a trainer: shows that the room worked, counts for nobody.
    is_lost
        A leaving of which the provider says that the line broke: nobody pressed Leave.
    """

    provider: str
    external_id: str
    run: str
    kind: EventKind
    at: datetime
    source: Source = Source.WEBHOOK
    visit: str = ""
    person: str = field(default="", repr=False)
    who: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    is_host: bool = False
    is_imputed: bool = False
    is_lost: bool = False

    @property
    def connection(self) -> str:
        """The visit, short enough to keep; the same from whichever source."""
        return _digest(self.provider, self.run, self.visit)[:40] if self.visit else ""

    @property
    def stranger(self) -> str:
        """Who it is as long as nobody knows who it is."""
        return _digest(self.provider, self.person or self.who or f"{self.run}/{self.visit}")

    @property
    def key(self) -> str:
        """The same for a report that is told again."""
        facts = (self.provider, self.source, self.kind, self.external_id, self.run)
        return _digest(*facts, self.visit, self.at.isoformat())


def _digest(*facts: str) -> str:
    return hashlib.sha256("\x1f".join(facts).encode()).hexdigest()
