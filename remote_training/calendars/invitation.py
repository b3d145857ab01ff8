"""One calendar entry for one person: asked for, changed, and taken out again.

A change is `request` once more with the same `uid` and the next `sequence`. What all who
come to one class have in common is written by icalendar once, with marks in it.

Source: RFC 5545 (iCalendar), RFC 5546 sections 3.2.2 and 3.2.5 (REQUEST, CANCEL), RFC 7986.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from icalendar import Calendar, Event
from icalendar.prop import vCalAddress, vText, vUri

from remote_training.calendars.lines import folded
from remote_training.core.addresses import mail_address
from remote_training.core.text import clean_line, clean_lines

PRODUCT = "-//Remote Training//Remote Training//EN"
UID = re.compile(r"[A-Za-z0-9._-]{8,120}@[A-Za-z0-9.-]{1,120}")
LINK = re.compile(r"https?://[!#$%&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]+")
LARGEST_SEQUENCE = 2**31 - 1
LONGEST_SUMMARY = 200
LONGEST_DESCRIPTION = 4000
UID_BYTES = 24
IN_A_URI = "!$'*+-._=~@"
# Marks hold a control character, which no text of an entry can.
MARK = re.compile("(\x01[a-z]+\x02)")
UID_OF_ENTRY, STAMP, ATTENDEE = "\x01uid\x02", "\x01stamp\x02", "\x01attendee\x02"
JOIN_LINK, LINK_IN_TEXT = "\x01link\x02", "\x01text\x02"


@dataclass(frozen=True)
class Entry:
    """One class in one person's calendar. `summary` and `description` are neutral words.

    Attributes
    ----------
    uid
        From `new_uid`, kept with the booking for its life, never used again.
    sequence
        0, and one more with every change of time, place or state.
    starts_at, ends_at
        Aware moments; a calendar knows whole seconds.
    join_url
        The platform's own link, `http` or `https`; None where there is nothing to open.
    organizer, attendee
        Bare addresses; the organiser is the sender of the mail.

    Raises
    ------
    ValueError
        A naive moment, an end that is not after its start, a sequence below 0, an address,
        uid or link that is none, a summary without any sign. No text of it holds an address.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    join_url: str | None
    organizer: str
    attendee: str

    def __post_init__(self) -> None:
        """Take only what can be written, in the spelling in which it is written."""
        clean = {
            "starts_at": _utc(self.starts_at),
            "ends_at": _utc(self.ends_at),
            "summary": clean_line(self.summary, limit=LONGEST_SUMMARY),
            "description": clean_lines(self.description, limit=LONGEST_DESCRIPTION),
            "organizer": mail_address(self.organizer),
            "attendee": mail_address(self.attendee),
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)
        self._refuse_nonsense()

    def _refuse_nonsense(self) -> None:
        if self.ends_at <= self.starts_at:
            raise ValueError("an entry ends after it has started")
        if not 0 <= self.sequence <= LARGEST_SEQUENCE:
            raise ValueError("a sequence counts from 0")
        if not self.summary:
            raise ValueError("an entry needs a summary that can be read")
        if not UID.fullmatch(self.uid):
            raise ValueError("a uid is made by new_uid")
        if self.join_url is not None and not _is_link(self.join_url):
            raise ValueError("a join link begins with http:// or https://, in ASCII")


def new_uid(domain: str) -> str:
    """An unguessable name for one entry: 192 random bits, no word about anybody."""
    return f"{secrets.token_hex(UID_BYTES)}@{domain}"


def request(entry: Entry, *, now: datetime) -> bytes:
    """The file that puts the entry into a calendar, or changes it there.

    `now` is the moment of sending: programs ignore what is not newer than what they have.
    """
    return _filled(_requested(_Shared.of(entry), entry.join_url is not None), entry, now)


def cancellation(entry: Entry, *, now: datetime) -> bytes:
    """The file that takes the entry out of the calendar again; it holds no link.

    The `sequence` has to be higher than that of the last request.
    """
    return _filled(_cancelled(_Shared.of(entry)), entry, now)


class _Shared(NamedTuple):
    """What the entries of all who come to one class have in common."""

    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    organizer: str

    @classmethod
    def of(cls, entry: Entry) -> _Shared:
        return cls(*(getattr(entry, name) for name in cls._fields))


@lru_cache(maxsize=256)
def _requested(shared: _Shared, is_linked: bool) -> tuple[str, ...]:
    event = _event(shared)
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("x-microsoft-cdo-busystatus", "BUSY")
    event.add("x-microsoft-disallow-counter", "TRUE")
    asked = {"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
    event.add("attendee", _person(ATTENDEE, ROLE="REQ-PARTICIPANT", **asked))
    description = shared.description
    if is_linked:
        description = f"{LINK_IN_TEXT}\n\n{description}".rstrip("\n")
        event.add("location", LINK_IN_TEXT)
        event.add("url", JOIN_LINK)
        event.add("conference", _conference(JOIN_LINK, shared.summary))
    if description:
        event.add("description", description)
    return _pieces("REQUEST", event)


@lru_cache(maxsize=256)
def _cancelled(shared: _Shared) -> tuple[str, ...]:
    event = _event(shared)
    event.add("status", "CANCELLED")
    event.add("transp", "TRANSPARENT")
    event.add("x-microsoft-cdo-busystatus", "FREE")
    event.add("attendee", _person(ATTENDEE, ROLE="REQ-PARTICIPANT"))
    if shared.description:
        event.add("description", shared.description)
    return _pieces("CANCEL", event)


def _event(shared: _Shared) -> Event:
    event = Event()
    event.add("uid", UID_OF_ENTRY)
    event.add("sequence", shared.sequence)
    event["dtstamp"] = vText(STAMP)
    event.add("dtstart", shared.starts_at)
    event.add("dtend", shared.ends_at)
    event.add("summary", shared.summary)
    event.add("organizer", _person(_mailto(shared.organizer)))
    event.add("class", "PRIVATE")
    return event


def _pieces(method: str, event: Event) -> tuple[str, ...]:
    """The file, unfolded: what is the same for everybody, and in between the names of marks."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    return tuple(MARK.split(calendar.to_ical().decode().replace("\r\n ", "")))


def _filled(pieces: tuple[str, ...], entry: Entry, now: datetime) -> bytes:
    link = entry.join_url or ""
    words = {
        UID_OF_ENTRY: entry.uid,
        STAMP: f"{_utc(now):%Y%m%dT%H%M%SZ}",
        ATTENDEE: _mailto(entry.attendee),
        JOIN_LINK: link,
        LINK_IN_TEXT: link.replace(",", "\\,").replace(";", "\\;"),
    }
    whole = "".join([words.get(piece, piece) for piece in pieces])
    return b"\r\n".join([folded(line) for line in whole.encode().split(b"\r\n")])


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment of a calendar must know its zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def _mailto(address: str) -> str:
    return "mailto:" + quote(address, safe=IN_A_URI)


def _person(uri: str, **parameters: str) -> vCalAddress:
    person = vCalAddress(uri)
    person.params.update(parameters)
    return person


def _conference(link: str, label: str) -> vUri:
    """A list of features, unquoted: the library's own `Conference` quotes it into one."""
    uri = vUri(link)
    uri.params.update({"VALUE": "URI", "FEATURE": ["AUDIO", "VIDEO"]})
    uri.params["LABEL"] = label.replace('"', "'")
    return uri


def _is_link(value: str) -> bool:
    return bool(LINK.fullmatch(value)) and bool(_host(value))


def _host(link: str) -> str | None:
    try:
        return urlsplit(link).hostname
    except ValueError:
        return None
