"""The answer of somebody's calendar program to an invitation: one file, read with suspicion.

Source: RFC 5545, RFC 5546 section 3.2.3 (REPLY); RFC 6047 (in a mail).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from enum import StrEnum

from icalendar import Calendar
from icalendar.cal import Component

LARGEST = 64 * 1024  # octets of one file
KINDS = frozenset({"text/calendar", "application/ics"})


class Unreadable(ValueError):
    """This is no calendar file that could be an answer. The text holds nothing of it."""


class Says(StrEnum):
    """What somebody says; by the words of RFC 5545 section 3.2.12."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


@dataclass(frozen=True)
class Reply:
    """What one file says. Words that people typed (comment, name, summary) are not read.

    Attributes
    ----------
    method, says
        In small letters, as they stand: `reply` or another method; `accepted`, `delegated`,
        or whatever else.
    said_at
        The file's own moment; an aware one.
    attendee
        The bare address of who answers.
    by_another
        Whether the file says that somebody else answers for her (SENT-BY, DELEGATED-...).
    """

    method: str
    uid: str
    sequence: int
    said_at: datetime
    attendee: str
    says: str
    by_another: bool


def in_mail(mail: Message) -> Reply | None:
    """The first calendar file of a mail, attached or not; None where it has none.

    A mail within the mail is not looked into: what it holds was said to somebody else.
    Raises `Unreadable`.
    """
    content = _first(mail)
    return read(content) if content is not None else None


def read(content: bytes) -> Reply:
    """Read a calendar file that answers. Raises `Unreadable`."""
    if len(content) > LARGEST:
        raise Unreadable("too large")
    try:
        calendar = Calendar.from_ical(content)
        (event, *_others) = calendar.walk("VEVENT")
        return _reply(str(calendar.get("METHOD", "")), event)
    except Unreadable:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreadable(type(error).__name__) from None


def _reply(method: str, event: Component) -> Reply:
    attendees = event.get("ATTENDEE")
    if attendees is None or isinstance(attendees, list):
        raise Unreadable("not one attendee")
    told = attendees.params
    said_at: object = getattr(event["DTSTAMP"], "dt", None)
    if not isinstance(said_at, datetime) or said_at.tzinfo is None:
        raise Unreadable("no moment in UTC")
    return Reply(
        method=method.strip().lower(),
        uid=str(event["UID"]).strip(),
        sequence=int(event.get("SEQUENCE", 0)),
        said_at=said_at.astimezone(UTC),
        attendee=_bare(str(attendees)),
        says=str(told.get("PARTSTAT", "")).strip().lower(),
        by_another=any(name in told for name in ("SENT-BY", "DELEGATED-FROM", "DELEGATED-TO")),
    )


def _bare(value: str) -> str:
    scheme, colon, address = value.strip().partition(":")
    if not colon or scheme.lower() != "mailto":
        raise Unreadable("the attendee is no mail address")
    return address


def _first(part: Message) -> bytes | None:
    if part.get_content_type() in KINDS:
        payload = part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else None
    if part.get_content_maintype() != "multipart":
        return None
    parts = part.get_payload()
    for inner in parts if isinstance(parts, list) else []:
        found = _first(inner) if isinstance(inner, Message) else None
        if found is not None:
            return found
    return None
