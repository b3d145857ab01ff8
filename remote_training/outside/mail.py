"""One e-mail: what it says, how it is built, and what can go wrong on its way.

Source: RFC 5322, RFC 2046, RFC 6047 (iMIP), RFC 3834 (automatic mail).
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import Protocol

from css_inline import CSSInliner

from remote_training.core.addresses import mail_address
from remote_training.core.text import clean_line, clean_lines

SEVEN_BIT = SMTP.clone(cte_type="7bit", refold_source="none")
SEVEN_BIT_UTF8 = SEVEN_BIT.clone(utf8=True)
MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+=-]{1,120}@[A-Za-z0-9.-]{1,120}>")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')  # RFC 5322 section 3.2.3
METHODS = ("REQUEST", "CANCEL", "PUBLISH", "REPLY")
ATTACHED = 'attachment; filename="invite.ics"'
LONGEST_NAME = 120
SHORT = 60  # signs of a header that need not be folded
LONGEST_SUBJECT = 200


class MailError(Exception):
    """A mail did not go. The text holds codes and the stage, never an address.

    Attributes
    ----------
    code
        The answer of the mail server (`451`), or None where there was none.
    stage
        What was being said: `CONNECT`, `EHLO`, `STARTTLS`, `AUTH`, `MAIL`, `RCPT`, `DATA`.
    """

    def __init__(self, stage: str, code: int | None = None, detail: str = "") -> None:
        self.stage, self.code, self.detail = stage, code, detail
        said = f"answered {code}" if code is not None else "gave no answer"
        super().__init__(f"The mail server {said} to {stage}{detail and f' ({detail})'}")


class MailTemporary(MailError):
    """Not sent, for certain; trying later may work."""


class MailRefused(MailError):
    """Not sent, for certain; this mail, or this recipient, is refused for good."""


class MailLoginRefused(MailError):
    """The server does not accept us at all: the whole queue has to stop, and somebody to look."""


class MailUncertain(MailError):
    """The content was on its way when the connection broke: nobody knows whether it was taken."""


class MailConnection(Protocol):
    """What mails can be handed to, one after the other. One thread at a time."""

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail: returns when it was taken, or raises a `MailError`."""
        ...


class MailProvider(Protocol):
    """A service that delivers mail."""

    def open(self) -> AbstractContextManager[MailConnection]:
        """Open it for some mails, and close it afterwards; the first mail may open the network."""
        ...


@dataclass(frozen=True)
class CalendarPart:
    """A calendar file in a mail: `method` as in the file (`REQUEST`, `CANCEL`), and its bytes."""

    method: str
    content: bytes

    def __post_init__(self) -> None:
        """Raise `ValueError` for a method that iTIP does not know."""
        if self.method not in METHODS:
            raise ValueError("the method of a calendar part is one of " + ", ".join(METHODS))


@dataclass(frozen=True)
class Letter:
    """One mail to one person.

    Attributes
    ----------
    message_id
        `<something@host>`; the same for every attempt, so that a relay's log can be asked.
    to, sender, reply_to
        Bare addresses; `sender` is the organiser of every invitation.
    to_name
        Left out of the header where empty.
    html
        The finished page, or empty for a mail of text only.
    references
        The `message_id` of an earlier mail under which a mail program may show this one.
    """

    message_id: str
    to: str
    sender: str
    subject: str
    text: str
    html: str = ""
    calendar: CalendarPart | None = None
    to_name: str = ""
    reply_to: str = ""
    language: str = ""
    references: str = ""


def build(letter: Letter, *, now: datetime) -> EmailMessage:
    """Make the mail: alternative text, page and calendar; the calendar attached as well.

    Names, subject and text are cleaned (see `core.text`), so that nothing somebody typed can
    add a header or a part. The same letter at the same moment gives the same bytes, of seven
    bits throughout but for an address that is itself not ASCII.

    Raises
    ------
    ValueError
        An address, a `message_id` or a language that is none, a naive `now`. The text of the
        error holds no address.
    """
    to = mail_address(letter.to)
    message = EmailMessage(policy=SEVEN_BIT if to.isascii() else SEVEN_BIT_UTF8)
    for name, value in _ready_headers(letter, now):
        message.set_raw(name, value)
    message.set_raw("From", _known("From", mail_address(letter.sender)))
    message.set_raw("To", _mailbox(_name(letter.to_name), to))
    message.set_raw("Subject", _worded(_words(letter.subject, LONGEST_SUBJECT)))
    if letter.reply_to:
        message.set_raw("Reply-To", mail_address(letter.reply_to))
    _fill(message, letter)
    return message


def _ready_headers(letter: Letter, now: datetime) -> list[tuple[str, str]]:
    """The headers that are right as they stand: nothing in them was typed by anybody."""
    if now.tzinfo is None:
        raise ValueError("the moment of a mail must know its zone")
    headers = [
        ("Date", format_datetime(now.astimezone(UTC))),
        ("Message-ID", _fitting(MESSAGE_ID, letter.message_id, "a message id")),
        ("MIME-Version", "1.0"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    if letter.references:
        headers.append(("References", _fitting(MESSAGE_ID, letter.references, "a message id")))
    if letter.language:
        headers.append(("Content-Language", _fitting(LANGUAGE, letter.language, "a language")))
    return headers


def _words(typed: str, limit: int) -> str:
    """One clean line in which nothing is read as an encoded word (RFC 2047)."""
    return clean_line(typed, limit=limit).replace("=?", "= ?")


def _name(typed: str) -> str:
    """A name that needs no quotes: a colon or a comma outside them makes a list of recipients,
    and programs that fold a long name lose them.
    """
    return clean_line(SPECIAL.sub(" ", _words(typed, LONGEST_NAME)))


def _fitting(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"this is not {what} that a header can hold")
    return value


def _mailbox(name: str, address: str) -> str:
    return f"{_worded(name)}\n <{address}>" if name else address


def _worded(line: str) -> str:
    """A header's text, folded: `email` itself drops spaces where it folds encoded words."""
    if line.isascii() and len(line) <= SHORT:
        return line
    return Header(line, "utf-8", header_name="Subject").encode()


def _fill(message: EmailMessage, letter: Letter) -> None:
    parts = [_text("text/plain", letter.text)]
    if letter.html:
        parts.append(_text("text/html", letter.html))
    calendar = letter.calendar
    if calendar is None:
        _hold(message, "alternative", parts)
        return
    kind = f'text/calendar; charset="utf-8"; method={calendar.method}; component=VEVENT'
    parts.append(_encoded(kind, calendar.content))
    attached = _encoded('application/ics; name="invite.ics"', calendar.content)
    attached.set_raw("Content-Disposition", _known("Content-Disposition", ATTACHED))
    alternative = MIMEPart(policy=SEVEN_BIT)
    _hold(alternative, "alternative", parts)
    _hold(message, "mixed", [alternative, attached])


def _hold(container: MIMEPart, kind: str, parts: list[MIMEPart]) -> None:
    """Put parts into a multipart; neither base64 nor quoted-printable can spell its boundary."""
    container.set_raw(
        "Content-Type", _known("Content-Type", f'multipart/{kind}; boundary="=_{kind}"')
    )
    container.set_payload([*parts])


def _text(kind: str, text: str) -> MIMEPart:
    encoded = binascii.b2a_qp(clean_lines(text).encode() + b"\n").decode("ascii")
    return _part(f'{kind}; charset="utf-8"', "quoted-printable", encoded)


def _encoded(kind: str, content: bytes) -> MIMEPart:
    return _part(kind, "base64", base64.encodebytes(content).decode("ascii"))


def _part(kind: str, encoding: str, payload: str) -> MIMEPart:
    part = MIMEPart(policy=SEVEN_BIT)
    part.set_raw("Content-Type", _known("Content-Type", kind))
    part.set_raw("Content-Transfer-Encoding", _known("Content-Transfer-Encoding", encoding))
    part.set_payload(payload)
    return part


@lru_cache(maxsize=64)
def _known(name: str, value: str) -> str:
    """A header that many mails share, read once: reading it took most of a mail's time."""
    header: str = SEVEN_BIT.header_factory(name, value)
    return header


def inlined(html: str, css: str) -> str:
    """The page with its sheet written into the elements, for mail programs that drop sheets.

    Media queries stay in a `style` element; rules for states (`a:hover`) are lost.
    """
    return _inliner(css).inline(html)


@lru_cache(maxsize=16)
def _inliner(css: str) -> CSSInliner:
    return CSSInliner(extra_css=css, keep_at_rules=True, load_remote_stylesheets=False)
