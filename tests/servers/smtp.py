"""A real SMTP server on loopback: it keeps every mail, and fails as it is told to.

As a program of its own, for tests that kill the sender and for benchmarks:
`python -m tests.servers.smtp --port 0 --log FILE` prints `ready PORT`, and appends one JSON line
for each mail before it answers 250.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import json
import os
import re
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

LONGEST_HANG = 20.0
MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)


@dataclass
class Faults:
    """What goes wrong. Counts run down as they are used; codes and addresses stay.

    Attributes
    ----------
    greeting_421, mail_421, drop_before_answer, drop_after_answer
        So many connections are refused at once; so many mails are refused at MAIL (and the
        connection closed), are kept without an answer, are answered and then cut off.
    rcpt
        Codes for the next recipients, one after the other (`[451, 451]`).
    refused
        A code for an address (`{"a@example.org": 550}`), at RCPT.
    content
        Codes for the next mails, after their content; nothing is kept.
    sender
        A code for every MAIL.
    login
        A code for every login: 535, or 454 for later.
    hang
        Seconds without an answer, by command: `QUIT`, `DATA` (after the content), `RCPT`.
    """

    greeting_421: int = 0
    mail_421: int = 0
    rcpt: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    content: list[int] = field(default_factory=list)
    sender: int = 0
    login: int = 0
    drop_before_answer: int = 0
    drop_after_answer: int = 0
    drop_at_data: int = 0
    hang: dict[str, float] = field(default_factory=dict)

    def uses(self, name: str) -> bool:
        """True while the fault of this name is still to happen; one is used up."""
        left = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return bool(left)


@dataclass(frozen=True)
class Received:
    """One mail as it came in: the envelope, and the bytes between DATA and the dot."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, read anew."""
        return cast(EmailMessage, email.message_from_bytes(self.raw, policy=SMTP_POLICY))


class Dialogue(SMTP):
    """One connection with somebody who hands over mail."""

    def __init__(self, server: SmtpServer, **options: Any) -> None:
        self.faults = server.faults
        self.server = server
        super().__init__(server, hostname="localhost", **options)

    async def _handle_client(self) -> None:
        self.server.connections += 1
        if self.faults.uses("greeting_421"):
            await self.push("421 4.3.2 Come back later")
            self._cut()
            return
        await super()._handle_client()

    async def push(self, status: Any) -> None:
        """Say it, unless nobody listens any more."""
        if self.transport is not None and not self.transport.is_closing():
            await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Take the content; the connection may be cut around it."""
        if self.faults.uses("drop_at_data"):
            self._cut()
            return
        await super().smtp_DATA(arg)
        if self.faults.uses("drop_after_answer"):
            self._cut()

    def _cut(self) -> None:
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        if self.transport is not None:
            self.transport.close()


class SmtpServer:
    """The server, in a thread of its own. `mails` and `received` grow, oldest first.

    Attributes
    ----------
    commands
        `MAIL` with its options, `AUTH` and `RSET`, as they came.
    connections
        How many were opened.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        tls_from_start: bool = False,
        logins: bool = False,
        utf8: bool = True,
        port: int = 0,
        on_mail: Callable[[Received], None] | None = None,
    ) -> None:
        self.faults = Faults()
        self.received: list[Received] = []
        self.commands: list[str] = []
        self.connections = 0
        self._tls_from_start = context if tls_from_start else None
        self._options: dict[str, Any] = {"enable_SMTPUTF8": utf8}
        self._options["tls_context"] = None if tls_from_start else context
        if logins:
            self._options |= {"authenticator": self._check, "auth_require_tls": False}
        self._wanted_port = port
        self._on_mail = on_mail or self.received.append
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """The `SMTP_URL` of this server."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[EmailMessage]:
        """Every mail that was kept, read anew, oldest first."""
        return [one.message for one in list(self.received)]

    def to(self, address: str) -> list[EmailMessage]:
        """The mails whose envelope names this address, oldest first."""
        return [one.message for one in list(self.received) if address in one.recipients]

    def start(self) -> SmtpServer:
        """Listen on a port of loopback."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def stop(self) -> None:
        """Close every connection and the port."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(
            lambda: Dialogue(self, **self._options),
            "127.0.0.1",
            self._wanted_port,
            ssl=self._tls_from_start,
        )

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)

    # ------ hooks of aiosmtpd

    async def handle_MAIL(  # noqa: N802
        self, server: Dialogue, _session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Take a sender."""
        self.commands.append("MAIL " + " ".join(options))
        if self.faults.uses("mail_421"):
            await server.push("421 4.7.0 Too many mails on one connection")
            server._cut()
            return ""
        if self.faults.sender:
            return f"{self.faults.sender} 5.7.1 This sender is not wanted"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: Dialogue, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take a recipient, or refuse as the faults say. The answer repeats the address."""
        await self._hang("RCPT")
        code = self.faults.refused.get(address) or (self.faults.rcpt and self.faults.rcpt.pop(0))
        if code:
            return f"{code} {code // 100}.1.1 <{address}>: not now, or not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Dialogue, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail, then answer, or not."""
        if self.faults.content:
            code = self.faults.content.pop(0)
            return f"{code} {code // 100}.6.0 The content is not wanted"
        raw = cast(bytes, envelope.original_content)
        self._on_mail(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        await self._hang("DATA")
        if self.faults.uses("drop_before_answer"):
            server._cut()
        return "250 2.0.0 Taken"

    async def handle_QUIT(  # noqa: N802
        self, _server: Dialogue, _session: Session, _envelope: Envelope
    ) -> str:
        """Say goodbye."""
        await self._hang("QUIT")
        return "221 Bye"

    async def handle_RSET(  # noqa: N802
        self, _server: Dialogue, _session: Session, _envelope: Envelope
    ) -> str:
        """Forget what was begun."""
        self.commands.append("RSET")
        return "250 OK"

    async def _hang(self, command: str) -> None:
        seconds = self.faults.hang.get(command, 0.0)
        if seconds:
            await asyncio.sleep(min(seconds, LONGEST_HANG))

    def _check(
        self, _server: Any, _session: Any, _envelope: Any, _way: str, data: Any
    ) -> AuthResult:
        self.commands.append("AUTH")
        if self.faults.login:
            said = f"{self.faults.login} 5.7.8 The login of {data.login.decode()} is refused"
            return AuthResult(success=False, handled=False, message=said)
        return AuthResult(success=True)


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A mail server on loopback: `.url`, `.mails`, `.received`, `.faults`."""
    server = SmtpServer().start()
    yield server
    server.stop()


def main() -> None:
    """Run until SIGTERM; each mail is one line of the log before it is answered."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", required=True)
    chosen = parser.parse_args()
    log = os.open(chosen.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(mail: Received) -> None:
        found = MESSAGE_ID.search(mail.raw)
        line = {"message_id": found[1].decode() if found else "", "to": list(mail.recipients)}
        os.write(log, json.dumps(line).encode() + b"\n")

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    server = SmtpServer(port=chosen.port, on_mail=note).start()
    print(f"ready {server.port}", flush=True)
    ended.wait()
    server.stop()
    os.close(log)


if __name__ == "__main__":
    main()
