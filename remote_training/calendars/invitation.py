"""One calendar entry for one person: asked for, changed, and taken out again.

A change is `request` once more with the same `uid` and the next `sequence`.

Source: RFC 5545 (iCalendar), RFC 5546 sections 3.2.2 and 3.2.5 (REQUEST, CANCEL), RFC 7986.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from icalendar import Calendar, Event
from icalendar.prop import vCalAddress, vUri

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
    event = _event(entry, now)
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("x-microsoft-cdo-busystatus", "BUSY")
    event.add("x-microsoft-disallow-counter", "TRUE")
    asked = {"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
    event.add("attendee", _person(entry.attendee, ROLE="REQ-PARTICIPANT", **asked))
    description = entry.description
    if entry.join_url is not None:
        description = f"{entry.join_url}\n\n{description}".rstrip("\n")
        event.add("location", entry.join_url)
        event.add("url", entry.join_url)
        event.add("conference", _conference(entry.join_url, entry.summary))
    if description:
        event.add("description", description)
    return _file("REQUEST", event)


def cancellation(entry: Entry, *, now: datetime) -> bytes:
    """The file that takes the entry out of the calendar again; it holds no link.

    The `sequence` has to be higher than that of the last request.
    """
    event = _event(replace(entry, join_url=None), now)
    event.add("status", "CANCELLED")
    event.add("transp", "TRANSPARENT")
    event.add("x-microsoft-cdo-busystatus", "FREE")
    event.add("attendee", _person(entry.attendee, ROLE="REQ-PARTICIPANT"))
    if entry.description:
        event.add("description", entry.description)
    return _file("CANCEL", event)


def _event(entry: Entry, now: datetime) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", _utc(now))
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    event.add("summary", entry.summary)
    event.add("organizer", _person(entry.organizer))
    event.add("class", "PRIVATE")
    return event


def _file(method: str, event: Event) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment of a calendar must know its zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def _person(address: str, **parameters: str) -> vCalAddress:
    person = vCalAddress("mailto:" + quote(address, safe=IN_A_URI))
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
