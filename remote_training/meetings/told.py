"""What one report of a provider comes to, whichever provider sent it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from remote_training.meetings.models import IN_PART, EventKind, Source


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
    part
        The breakout room in which the visit is; empty in the room itself.
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
    part: str = ""

    @property
    def connection(self) -> str:
        """The visit, short enough to keep; the same from whichever source.

        After `IN_PART` stands the breakout room, if it is one.
        """
        if not self.visit:
            return ""
        visit = _digest(self.provider, self.run, self._visit)[:40]
        return f"{visit}{IN_PART}{_digest(self.part)[:16]}" if self.part else visit

    @property
    def stranger(self) -> str:
        """Who it is as long as nobody knows who it is."""
        return _digest(self.provider, self.person or self.who or f"{self.run}/{self._visit}")

    @property
    def key(self) -> str:
        """The same for a report that is told again."""
        facts = (self.provider, self.source, self.kind, self.external_id, self.run)
        return _digest(*facts, self._visit, self.at.isoformat())

    @property
    def _visit(self) -> str:
        return f"{self.visit}#{self.part}" if self.part else self.visit


def _digest(*facts: str) -> str:
    return hashlib.sha256("\x1f".join(facts).encode()).hexdigest()
