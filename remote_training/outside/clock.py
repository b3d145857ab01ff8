"""The clock: the one place that reads it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def ticking() -> float:
    """Seconds of a clock that only goes forward, for measuring spans."""
    return time.monotonic()
