"""What the weekly classes that somebody chose come to in each week of her programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from remote_training.bookings import fit
from remote_training.bookings.overview import Slot


@dataclass(frozen=True)
class Line:
    """What one weekly class comes to in one week.

    Attributes
    ----------
    week
        The first day of the week.
    at
        When the class is, or would be.
    slot
        The class that can be booked, or None.
    is_hers
        Whether she holds a place in it already.
    reason
        Why nothing can be booked, as a sentence to be translated.
    others
        Classes of the same kind in that week that would fit, nearest in time first.
    is_above
        Whether all others stand under a line before this one.
    session_id
        The class that was asked for, where what came of it is told.
    """

    module: str
    week: date
    at: datetime
    slot: Slot | None = None
    is_hers: bool = False
    reason: str = ""
    others: Sequence[Slot] = ()
    session_id: UUID | None = None
    is_above: bool = False


@dataclass(frozen=True)
class Week:
    """One week of her programme; `number` counts from 1."""

    number: int
    begins_on: date
    lines: Sequence[Line]

    @property
    def last_on(self) -> date:
        """Its last day."""
        return self.begins_on + fit.WEEK - timedelta(days=1)
