"""The dialogue with an SMTP server: one connection for many mails, every failure told apart.

It is led command by command, because only then is it known whether the content was already
on its way when a connection broke.

Source: RFC 5321 (SMTP), RFC 4954 (AUTH), RFC 3207 (STARTTLS), RFC 6531 (SMTPUTF8).
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from remote_training.outside.mail import (
    Mail,
    MailError,
    MailLoginRefused,
    MailRefused,
    MailTemporary,
    MailUncertain,
)

LOGIN_CODES = frozenset({530, 534, 535, 538})
TOO_LARGE = 552
CLOSING = 421
GOOD, GO_AHEAD, LATER, NEVER = 2, 3, 4, 5  # the first digit of an answer
BAD = (LATER, NEVER)
DETAILED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")


@dataclass(frozen=True)
class Patience:
    """How long one answer of the server may take, in seconds.

    `connect` holds for the greeting too, `content` for the answer to the whole mail,
    `goodbye` for the answer to QUIT, which no longer matters to anybody.
    """

    connect: float = 10.0
    answer: float = 30.0
    content: float = 60.0
    goodbye: float = 2.0


@dataclass(frozen=True, repr=False)
class Server:
    """Where mail is handed over. Never printed: it holds the password."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str

    @property
    def is_here(self) -> bool:
        """True for this very machine: nobody stands between."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class SmtpConnection:
    """One connection, opened when needed and kept for the next mail. For one thread."""

    def __init__(
        self, server: Server, sender: str | None, patience: Patience, context: ssl.SSLContext
    ) -> None:
        self._server = server
        self._sender = sender
        self._patience = patience
        self._context = context
        self._smtp: smtplib.SMTP | None = None
        self._is_clean = True

    def send(self, mail: Mail) -> None:
        """Hand over one mail; returns when the server has taken it.

        Raises
        ------
        MailTemporary, MailRefused, MailLoginRefused
            It was not taken, for certain.
        MailUncertain
            The connection broke between the content and the answer to it.
        """
        sender = self._sender or mail.sender
        is_ascii = mail.to.isascii() and sender.isascii()
        try:
            self._announce(sender, mail.to, len(mail.content), is_ascii=is_ascii)
            self._hand_over(mail.content)
        except MailError:
            raise
        except BaseException:
            self._drop()
            raise

    def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        if self._smtp is None:
            return
        with suppress(OSError):
            self._wait(self._patience.goodbye)
            self._smtp.quit()
        self._drop()

    def _announce(self, sender: str, recipient: str, size: int, *, is_ascii: bool) -> None:
        was_kept = self._smtp is not None
        self._ready(sender)
        try:
            self._mail_from(sender, size, is_ascii=is_ascii)
        except MailTemporary:
            if self._smtp is not None or not was_kept:
                raise
            self._ready(sender)  # the server had closed a kept connection: once more, on a new one
            self._mail_from(sender, size, is_ascii=is_ascii)
        self._ask("RCPT", f"TO:<{recipient}>")

    def _ready(self, sender: str) -> None:
        if self._smtp is None:
            self._connect(sender.rpartition("@")[2])

    def _mail_from(self, sender: str, size: int, *, is_ascii: bool) -> None:
        if not self._is_clean:
            self._ask("RSET")
        smtp = self._connected()
        options = f" SIZE={size}" if smtp.has_extn("size") else ""
        if not is_ascii:
            if not smtp.has_extn("smtputf8"):
                raise MailRefused("MAIL", detail="the server takes ASCII addresses only")
            options += " BODY=8BITMIME SMTPUTF8"
        smtp.command_encoding = "ascii" if is_ascii else "utf-8"
        self._is_clean = False
        self._ask("MAIL", f"FROM:<{sender}>{options}")

    def _hand_over(self, content: bytes) -> None:
        """Send the content. From its first byte on, silence means that nobody knows."""
        self._ask("DATA", good=GO_AHEAD)
        smtp = self._connected()
        self._wait(self._patience.content)
        try:
            smtp.send(_framed(content))
            code, answer = smtp.getreply()
        except OSError:
            self._drop()
            raise MailUncertain("DATA") from None
        if code // 100 not in (GOOD, *BAD):
            self._drop()
            raise MailUncertain("DATA")
        self._judge("DATA", code, answer)
        self._is_clean = True

    def _connect(self, hello: str) -> None:
        with self._stage("CONNECT"):
            self._smtp = smtp = self._dial(hello)
            self._wait(self._patience.answer)
        with self._stage("EHLO"):
            smtp.ehlo_or_helo_if_needed()
        if not self._server.is_tls:
            self._encrypt(smtp)
        if self._server.user:
            self._log_in(smtp)
        self._is_clean = True

    def _dial(self, hello: str) -> smtplib.SMTP:
        host, port, seconds = self._server.host, self._server.port, self._patience.connect
        smtp = (
            smtplib.SMTP_SSL(host, port, hello, timeout=seconds, context=self._context)
            if self._server.is_tls
            else smtplib.SMTP(host, port, hello, timeout=seconds)
        )
        if smtp.sock is not None:  # the end of a mail is not to wait for an acknowledgement
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return smtp

    def _encrypt(self, smtp: smtplib.SMTP) -> None:
        if smtp.has_extn("starttls"):
            with self._stage("STARTTLS"):
                smtp.starttls(context=self._context)
                smtp.ehlo()
        elif self._server.user and not self._server.is_here:
            self._drop()
            raise MailLoginRefused("STARTTLS", detail="not offered, so no password was sent")

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        with self._stage("AUTH"):
            try:
                smtp.login(self._server.user, self._server.password)
            except smtplib.SMTPResponseException:
                raise
            except smtplib.SMTPServerDisconnected:
                raise
            except smtplib.SMTPException:
                raise MailLoginRefused("AUTH", detail="no way to log in is offered") from None

    def _ask(self, stage: str, words: str = "", *, good: int = GOOD) -> None:
        """Say one command; returns on a good answer, raises the fitting `MailError` on others."""
        smtp = self._connected()
        with self._stage(stage):
            self._wait(self._patience.answer)
            code, answer = smtp.docmd(stage, words)
        self._judge(stage, code, answer, good=good)

    def _judge(self, stage: str, code: int, answer: bytes, *, good: int = GOOD) -> None:
        if code // 100 == good:
            return
        if code == CLOSING or code // 100 not in BAD:
            self._drop()
        raise _refusal(stage, code, answer)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Turn what `smtplib` and the network raise into a `MailError`, without their texts."""
        try:
            yield
        except MailError:
            self._drop()
            raise
        except smtplib.SMTPResponseException as error:
            self._drop()
            said = error.smtp_error
            answer = said if isinstance(said, bytes) else b""
            raise _refusal(name, error.smtp_code, answer) from None
        except ssl.SSLError:
            self._drop()
            raise MailTemporary(name, detail="encryption failed") from None
        except OSError:
            self._drop()
            raise MailTemporary(name) from None

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            raise MailTemporary("CONNECT")
        return self._smtp

    def _wait(self, seconds: float) -> None:
        sock = self._connected().sock
        if sock is not None:
            sock.settimeout(seconds)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _refusal(stage: str, code: int, answer: bytes) -> MailError:
    """What an answer means: for this mail, or for all of them; for now, or for good."""
    detailed = DETAILED.match(answer)
    detail = detailed[0].decode("ascii") if detailed else ""
    known = code if code > 0 else None
    is_final = code // 100 == NEVER
    if code in LOGIN_CODES or (is_final and stage == "AUTH"):
        return MailLoginRefused(stage, known, detail)
    if is_final and stage == "MAIL" and code != TOO_LARGE and not detail.startswith("5.3.4"):
        return MailLoginRefused(stage, known, detail)  # our own address is refused: all mails are
    if is_final and stage in ("MAIL", "RCPT", "DATA"):
        return MailRefused(stage, known, detail)
    return MailTemporary(stage, known, detail)


def _framed(content: bytes) -> bytes:
    """The content as DATA wants it: leading dots doubled, a lone dot at the end."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return ended.replace(b"\r\n.", b"\r\n..") + b".\r\n"
