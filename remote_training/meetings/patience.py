"""When a room is looked at again that could not be made as it is wanted."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from remote_training.classes.models import Session
from remote_training.meetings import due
from remote_training.meetings.differences import Difference
from remote_training.outside.meetings import MeetingFault, MeetingRefused, MeetingUnavailable

FIRST, LONGEST, NEAR_LONGEST = 5.0, 900.0, 20.0  # seconds until it is tried again
REFUSED_FIRST = 60.0
SOON = timedelta(minutes=30)  # before the class nobody waits for a quarter of an hour
MOST_DOUBLINGS = 10
UNDECIDED = frozenset({Difference.GONE, Difference.UNSAFE})


def after(fault: MeetingFault, tries: int, session: Session, now: datetime) -> datetime:
    """When to try again: as the provider says, or later and later, but near a class soon."""
    said = fault.retry_at if isinstance(fault, MeetingUnavailable) else None
    if said is not None and said > now:
        return said + timedelta(seconds=random.uniform(0, 1))  # noqa: S311
    first = REFUSED_FIRST if isinstance(fault, MeetingRefused) else FIRST
    is_soon = session.starts_at - SOON <= now
    most = max(first, NEAR_LONGEST) if is_soon else LONGEST
    seconds = min(most, first * 2 ** min(tries - 1, MOST_DOUBLINGS))
    return now + timedelta(seconds=seconds * random.uniform(0.6, 1.0))  # noqa: S311


def until_somebody_decides(
    differs: Collection[Difference], session: Session, now: datetime
) -> datetime | None:
    """When to look again at what keeps people out until somebody decides; None for no such."""
    if UNDECIDED.isdisjoint(differs):
        return None
    is_near = session.starts_at - due.NEAR <= now
    return now + (due.LOOKED_AT_NEAR if is_near else due.SHOWN_AGAIN)
