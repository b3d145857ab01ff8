"""A calendar to subscribe to: somebody's entries in one file, with nobody else in it.

Written line by line: a program asks for it every hour, and a library takes six times as long.

Source: RFC 5545 sections 3.1 (lines) and 3.6.6 (VALARM), RFC 5546 section 3.2.1
(PUBLISH), RFC 7986 (NAME, REFRESH-INTERVAL).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from remote_training.calendars.invitation import IN_A_URI, PRODUCT
from remote_training.calendars.lines import folded
from remote_training.core.text import clean_lines

ASK_EVERY = RING_BEFORE = "PT1H"


@dataclass(frozen=True)
class Item:
    """One entry of a feed, in words that say nothing about anybody.

    Attributes
    ----------
    uid, sequence
        Those of the invitation to the same class, so that a calendar shows one entry.
    changed_at
        When something of it changed last; an aware moment, as the others.
    location
        An address of our own without any token, or None where there is nothing to open.
    """

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    location: str | None
    is_cancelled: bool


def published(
    items: Iterable[Item], *, name: str, organizer: str, alarms_from: datetime | None = None
) -> bytes:
    """The file of a feed: `name` is what the calendar is called, `organizer` who sends mails.

    What begins at `alarms_from` or later and is not cancelled has an alarm an hour before;
    with None nothing has. What is past has none: a program that is new to the feed would
    ring for all of it.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        _text("NAME", name),
        _text("X-WR-CALNAME", name),
        f"REFRESH-INTERVAL;VALUE=DURATION:{ASK_EVERY}",
        f"X-PUBLISHED-TTL:{ASK_EVERY}",
    ]
    sender = "ORGANIZER:mailto:" + quote(organizer, safe=IN_A_URI)
    for item in items:
        rings = alarms_from is not None and item.starts_at >= alarms_from
        lines += _event(item, sender, rings=rings and not item.is_cancelled)
    lines.append("END:VCALENDAR")
    return b"\r\n".join([*(folded(line.encode()) for line in lines), b""])


def _event(item: Item, sender: str, *, rings: bool) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{item.uid}",
        f"SEQUENCE:{item.sequence}",
        f"DTSTAMP:{_utc(item.changed_at)}",
        f"DTSTART:{_utc(item.starts_at)}",
        f"DTEND:{_utc(item.ends_at)}",
        _text("SUMMARY", item.summary),
        _text("DESCRIPTION", item.description),
        sender,
        "CLASS:PRIVATE",
        f"STATUS:{'CANCELLED' if item.is_cancelled else 'CONFIRMED'}",
        f"TRANSP:{'TRANSPARENT' if item.is_cancelled else 'OPAQUE'}",
    ]
    if item.location is not None:
        lines += [_text("LOCATION", item.location), f"URL:{item.location}"]
    if rings:
        said = _text("DESCRIPTION", item.summary)
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", said, f"TRIGGER:-{RING_BEFORE}", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a moment of a calendar must know its zone")
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%SZ}"


@lru_cache(maxsize=2048)
def _text(name: str, value: str) -> str:
    """A line of text: what somebody typed can begin no line of its own."""
    text = clean_lines(value).replace("\\", "\\\\").replace("\n", "\\n")
    return f"{name}:{text.replace(';', chr(92) + ';').replace(',', chr(92) + ',')}"
