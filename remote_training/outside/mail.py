"""One e-mail: what it says, how it is built, and what can go wrong on its way.

Source: RFC 5322, RFC 2046, RFC 6047 (iMIP), RFC 3834 (automatic mail), RFC 2369 and RFC 8058
(stopping optional mail by one press).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from typing import Protocol

from css_inline import CSSInliner

from remote_training.core.addresses import mail_address
from remote_training.core.text import clean_line, clean_lines

MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+=-]{1,120}@[A-Za-z0-9.-]{1,120}>")
STOP_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/-]{1,400}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')  # RFC 5322 section 3.2.3
METHODS = ("REQUEST", "CANCEL", "PUBLISH", "REPLY")
INVITE = 'text/calendar; charset="utf-8"; method="{method}";\n component="VEVENT"'
ATTACHED = 'application/ics; name="invite.ics"'
DISPOSITION = 'Content-Disposition: attachment; filename="invite.ics"'
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


@dataclass(frozen=True, repr=False)
class Mail:
    """A mail that is ready to go to exactly one person: bare addresses, and its bytes.

    Raises `ValueError` for an address that is none, or more than one.
    """

    message_id: str
    sender: str
    to: str
    content: bytes

    def __post_init__(self) -> None:
        """Take only what an envelope can name."""
        mail_address(self.sender)
        mail_address(self.to)


class MailConnection(Protocol):
    """What mails can be handed to, one after the other. One thread at a time."""

    def send(self, mail: Mail) -> None:
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
        Shaped as a `message_id`: mail programs show mails that name the same one together.
    stop_url
        Only for optional mail: the address that stops mail of this kind, by a POST without a
        cookie. Mail programs show it as "unsubscribe".
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
    stop_url: str = ""


def build(letter: Letter, *, now: datetime) -> Mail:
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
    to, sender = mail_address(letter.to), mail_address(letter.sender)
    headers = [
        *_ready_headers(letter, now),
        f"From: {sender}",
        f"To: {_mailbox(_name(letter.to_name), to)}",
        f"Subject: {_worded(_words(letter.subject, LONGEST_SUBJECT))}",
    ]
    if letter.reply_to:
        headers.append(f"Reply-To: {mail_address(letter.reply_to)}")
    content = "\n".join((*headers, _body(letter)))
    return Mail(letter.message_id, sender, to, content.replace("\n", "\r\n").encode())


def _ready_headers(letter: Letter, now: datetime) -> list[str]:
    """The headers that are right as they stand: nothing in them was typed by anybody."""
    if now.tzinfo is None:
        raise ValueError("the moment of a mail must know its zone")
    headers = [
        f"Date: {format_datetime(now.astimezone(UTC))}",
        f"Message-ID: {_fitting(MESSAGE_ID, letter.message_id, 'a message id')}",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, AutoReply",
    ]
    if letter.references:
        headers.append(f"References: {_fitting(MESSAGE_ID, letter.references, 'a message id')}")
    if letter.stop_url:
        address = _fitting(STOP_ADDRESS, letter.stop_url, "an address of ours")
        headers.append(f"List-Unsubscribe: <{address}>")
        headers.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if letter.language:
        headers.append(f"Content-Language: {_fitting(LANGUAGE, letter.language, 'a language')}")
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


def _body(letter: Letter) -> str:
    parts = [_text("text/plain", letter.text)]
    if letter.html:
        parts.append(_text("text/html", letter.html))
    calendar = letter.calendar
    if calendar is None:
        return _held("alternative", parts)
    encoded = base64.encodebytes(calendar.content).decode("ascii")
    parts.append(_part(INVITE.format(method=calendar.method), "base64", encoded))
    attached = _part(ATTACHED, f"base64\n{DISPOSITION}", encoded)
    return _held("mixed", [_held("alternative", parts), attached])


def _held(kind: str, parts: Sequence[str]) -> str:
    """A multipart; neither base64 nor quoted-printable can spell its boundary."""
    opened = "".join(f"--=_{kind}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="=_{kind}"\n\n{opened}--=_{kind}--\n'


def _text(kind: str, text: str) -> str:
    encoded = binascii.b2a_qp(clean_lines(text).encode() + b"\n").decode("ascii")
    return _part(f'{kind}; charset="utf-8"', "quoted-printable", encoded)


def _part(kind: str, encoding: str, payload: str) -> str:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n{payload}"


def inlined(html: str, css: str) -> str:
    """The page with its sheet written into the elements, for mail programs that drop sheets.

    Media queries stay in a `style` element; rules for states (`a:hover`) are lost.
    """
    return _inliner(css).inline(html)


@lru_cache(maxsize=16)
def _inliner(css: str) -> CSSInliner:
    return CSSInliner(extra_css=css, keep_at_rules=True, load_remote_stylesheets=False)
