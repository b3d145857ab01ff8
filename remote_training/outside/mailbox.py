"""A mailbox that is read over IMAP: mail by mail, each marked only after it was dealt with.

Source: RFC 9051 (IMAP4rev2), RFC 8314 (TLS for access to mail).
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

from remote_training.core.errors import Refused
from remote_training.core.words import say

SECONDS = 20  # for each answer of the server
LARGEST = 2 * 1024 * 1024  # octets; what is larger is flagged unread
IMAP, IMAPS = 143, 993
MOST = 500  # in one go
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
WHERE = say("Write the mailbox as imaps://user:password@host/INBOX.")


class MailboxAway(Refused):
    """The mailbox cannot be read now. The text holds no address and no password."""


class Mailbox:
    """What stands unread and unflagged in one folder."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection

    def waiting(self) -> list[str]:
        """The numbers of the mails that nobody has dealt with, oldest first, at most 500."""
        _ok, found = self._connection.uid("SEARCH", "UNSEEN UNFLAGGED UNDELETED")
        numbers = found[0].split() if found and found[0] else []
        return [number.decode("ascii") for number in numbers[:MOST]]

    def read(self, number: str) -> bytes | None:
        """One mail as it came, without marking it; None where it is gone, or far too large."""
        _ok, told = self._connection.uid("FETCH", number, "(RFC822.SIZE)")
        size = SIZE.search(b" ".join(part for part in told if isinstance(part, bytes)))
        if size is None or int(size[1]) > LARGEST:
            return None
        _ok, parts = self._connection.uid("FETCH", number, "(BODY.PEEK[])")
        return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)

    def mark_read(self, number: str) -> None:
        """It was dealt with: nobody needs to look at it."""
        self._connection.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)")

    def flag(self, number: str) -> None:
        """It could not be read: it stays unread, for a person to look at."""
        self._connection.uid("STORE", number, "+FLAGS.SILENT", r"(\Flagged)")


@contextmanager
def opened(url: str) -> Iterator[Mailbox]:
    """The mailbox of an address `imap(s)://user:password@host[:port]/FOLDER`.

    Without TLS only on this machine, or where the server offers STARTTLS. Every answer has
    20 seconds. Raises `MailboxAway`.
    """
    place = _place(url)
    try:
        connection = _connected(place)
        try:
            connection.login(unquote(place.username or ""), unquote(place.password or ""))
            folder = unquote(place.path.strip("/")) or "INBOX"
            ok, _told = connection.select('"' + folder.replace('"', "") + '"')
            if ok != "OK":
                raise MailboxAway(say("The mailbox has no such folder."))
            yield Mailbox(connection)
        finally:
            _leave(connection)
    except imaplib.IMAP4.error as error:
        raise MailboxAway(say("The mail server refuses: name, password or folder.")) from error
    except OSError as error:
        raise MailboxAway(say("The mail server of the mailbox does not answer.")) from error


def _place(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        is_whole = place.scheme in ("imap", "imaps") and place.hostname and place.username
        if not is_whole or (place.port is not None and place.port == 0):
            raise MailboxAway(WHERE)
    except ValueError:
        raise MailboxAway(WHERE) from None
    return place


def _connected(place: SplitResult) -> imaplib.IMAP4:
    host = place.hostname or ""
    context = ssl.create_default_context()
    if place.scheme == "imaps":
        port = place.port or IMAPS
        return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=SECONDS)
    plain = imaplib.IMAP4(host, place.port or IMAP, timeout=SECONDS)
    if host in LOOPBACK:
        return plain
    if "STARTTLS" not in plain.capabilities:
        _leave(plain)
        raise MailboxAway(say("This mailbox would be read in clear: write imaps://."))
    plain.starttls(ssl_context=context)
    return plain


def _leave(connection: imaplib.IMAP4) -> None:
    try:
        connection.logout()
    except (OSError, imaplib.IMAP4.error):
        return
