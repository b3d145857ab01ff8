"""What an entry says: neutral words, the time once more in the reader's zone and with its name."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from remote_training.core.words import (
    DEFAULT_ZONE,
    clock,
    long_day,
    reading_as,
    say,
    translated,
    zone_name,
)


@lru_cache(maxsize=2048)
def summary(language: str) -> str:
    """The one line of an entry, in a language."""
    with reading_as(language, DEFAULT_ZONE):
        return translated(say("Training class"))


@lru_cache(maxsize=2048)
def description(
    language: str, zone: str, starts_at: datetime, ends_at: datetime, phone: str = ""
) -> str:
    """The text of an entry: when it is, and whom to ring where a number is given."""
    with reading_as(language, zone):
        when = translated(
            say("%(day)s, %(begin)s to %(end)s, %(zone)s."),
            day=long_day(starts_at),
            begin=clock(starts_at),
            end=clock(ends_at),
            zone=zone_name(starts_at),
        )
        trouble = translated(say("Trouble joining? Ring %(phone)s."), phone=phone)
        return f"{when}\n{trouble}" if phone else when
