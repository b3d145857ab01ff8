"""Mail by way of an SMTP server, as `SMTP_URL` names it.

Source: RFC 5321 (SMTP), RFC 8314 (implicit TLS), RFC 3207 (STARTTLS).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

from remote_training.core.addresses import mail_address
from remote_training.outside.dialogue import Patience, Server, SmtpConnection

PORTS = {"smtp": 25, "smtps": 465}
PORT_WITH_LOGIN = 587


class SmtpMail:
    """The mail provider of `SMTP_URL`: `smtp://user:password@host:587` or `smtps://...`.

    With `smtp://` the line is encrypted where the server offers it; a password never
    travels unencrypted, but to this machine itself, where a certificate is not asked for
    either. Without a port: 465 for `smtps`, 587 with a user, else 25. Safe to share between
    threads: each `open` gives a connection of its own.
    """

    def __init__(
        self,
        url: str,
        *,
        sender: str | None = None,
        patience: Patience | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Read the address; raises `ValueError` for one that cannot be used.

        `sender` is the envelope's sender; without it, the address in `From` is.
        """
        self._server = _server(url)
        self._sender = mail_address(sender) if sender else None
        self._patience = patience or Patience()
        self._context = context or _context(self._server)

    @contextmanager
    def open(self) -> Iterator[SmtpConnection]:
        """Give a connection; the first mail opens it, the end of the block closes it."""
        connection = SmtpConnection(self._server, self._sender, self._patience, self._context)
        try:
            yield connection
        finally:
            connection.close()


def _server(url: str) -> Server:
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme not in PORTS or not parts.hostname or not (user + password).isascii():
        raise ValueError("SMTP_URL must be an address such as smtp://user:password@host:587")
    usual = PORT_WITH_LOGIN if user and parts.scheme == "smtp" else PORTS[parts.scheme]
    port = _port(parts) or usual
    return Server(parts.hostname, port, parts.scheme == "smtps", user, password)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("SMTP_URL must end with a port number, such as :587") from None


def _context(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if server.is_here:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
