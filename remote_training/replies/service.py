"""Hearing one mail that came back to us: what it is, and what follows from it.

Whatever is not plainly her own answer to her own invitation is counted by its kind and
changes nothing. Nothing that somebody typed is read, kept or logged.

Source: RFC 5546 section 3.2.3, RFC 3834 section 2 (what must not be answered), RFC 3464.
"""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message as Mail
from email.utils import getaddresses
from enum import StrEnum

from remote_training.audit import service as audit
from remote_training.bookings import answers
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.calendars import reply
from remote_training.calendars.reply import Reply, Says
from remote_training.contacts.errors import WrongAddress
from remote_training.contacts.service import canonical
from remote_training.core import settings
from remote_training.core.db import db
from remote_training.messages import bounces
from remote_training.messages import service as outbox
from remote_training.studies.current import study
from remote_training.studies.parts import Decline

BULK = frozenset({"bulk", "junk", "list"})
OTHERS_METHODS = frozenset({"counter", "declinecounter", "refresh"})
ANSWERED_BY_MACHINE = ("X-Autoreply", "X-Autorespond")
SENT_ON = ("Resent-From", "Resent-To", "Resent-Date")


class Kind(StrEnum):
    """What a mail was. Only the first three, `freed` and `bounced` change something."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    FREED = "freed"
    BOUNCED = "bounced"
    DELAYED = "delayed"
    BOUNCE_OF_OTHERS = "bounce_of_others"
    AUTOMATIC = "automatic"
    LOOP = "loop"
    COUNTER = "counter"
    DELEGATED = "delegated"
    STRANGER = "stranger"
    FORWARDED = "forwarded"
    UNKNOWN = "unknown"
    OLD = "old"
    SETTLED = "settled"
    NO_ANSWER = "no_answer"
    UNREADABLE = "unreadable"


def hear(raw: bytes, *, now: datetime) -> Kind:
    """Hear one mail as it came, and say what it was; the same mail twice is heard once."""
    mail = message_from_bytes(raw, policy=policy.compat32)
    if bounces.is_report(mail):
        return _bounce(mail, now)
    unwanted = _unwanted(mail)
    if unwanted is not None:
        return unwanted
    try:
        said = reply.in_mail(mail)
    except reply.Unreadable:
        return Kind.UNREADABLE
    return _answer(said, _senders(mail), now) if said is not None else Kind.NO_ANSWER


def _bounce(mail: Mail, now: datetime) -> Kind:
    bounce = bounces.read(mail)
    if bounce.message_id is None:
        return Kind.BOUNCE_OF_OTHERS
    if not bounce.is_final:
        return Kind.DELAYED
    return Kind.BOUNCED if bounces.came_back(bounce, now=now) else Kind.SETTLED


def _unwanted(mail: Mail) -> Kind | None:
    """Why a mail is not heard at all, by its headers; None where it may be."""
    if _plain(settings.current().sender) in _senders(mail):
        return Kind.LOOP
    is_automatic = (
        _said(mail, "Auto-Submitted").partition(";")[0].strip() not in ("", "no")
        or _said(mail, "Return-Path") == "<>"
        or _said(mail, "Precedence") in BULK
        or any(name in mail for name in ANSWERED_BY_MACHINE)
        or mail.get_content_type() == "multipart/report"
    )
    if is_automatic:
        return Kind.AUTOMATIC
    return Kind.FORWARDED if any(name in mail for name in SENT_ON) else None


def _answer(said: Reply, senders: set[str], now: datetime) -> Kind:
    if said.method in OTHERS_METHODS:
        return Kind.COUNTER
    if said.method != "reply":
        return Kind.NO_ANSWER
    booking = answers.with_uid(said.uid)
    if booking is None:
        return Kind.UNKNOWN
    attendee = _plain(said.attendee)
    if not attendee or attendee != _plain(booking.participant.contact.email):
        return Kind.STRANGER
    if said.says == "delegated" or said.by_another:
        return Kind.DELEGATED
    if senders != {attendee}:
        return Kind.FORWARDED
    if said.says not in set(Says):
        return Kind.NO_ANSWER
    return _hers(booking, said, now)


def _hers(booking: Booking, said: Reply, now: datetime) -> Kind:
    """Keep her answer to the invitation as it now stands, and do what the study says."""
    answers.hold(booking)
    if said.sequence < booking.sequence:
        return Kind.OLD
    if said.sequence > booking.sequence:
        return Kind.UNKNOWN  # an invitation that we have not sent
    session = booking.session
    is_on = booking.is_live and not session.is_called_off and now < session.starts_at
    if not is_on or booking.participant.withdrawn_on is not None:
        return Kind.SETTLED
    says = Says(said.says)
    sequence = booking.sequence
    if not answers.record(booking, says, sequence=sequence, said_at=said.said_at, now=now):
        return Kind.OLD
    if says is not Says.DECLINED:
        return Kind(says.value)
    audit.note("replies.says_no", "booking", booking.id, by=None, now=now)
    if study().booking.decline is Decline.FREE:
        bookings.cancel(booking, now=now, by=None)
        return Kind.FREED
    outbox.queue(
        "says_no",
        to=booking.participant.contact_id,
        facts={"booking_id": str(booking.id), "sequence": str(sequence)},
        not_after=session.starts_at,
        now=now,
        dedupe_key=f"says_no/{booking.id}/{sequence}",
    )
    db.session.flush()
    return Kind.DECLINED


def _senders(mail: Mail) -> set[str]:
    """Who wrote the mail, by its `From`; without one, nobody."""
    said = [str(value) for value in mail.get_all("From", [])]
    return {_plain(address) for _name, address in getaddresses(said)}


def _plain(address: str) -> str:
    """The one spelling of an address; nothing for what is none."""
    try:
        return canonical(address)
    except WrongAddress:
        return ""


def _said(mail: Mail, name: str) -> str:
    return str(mail.get(name, "")).strip().lower()
