"""The outside world of the tests: a clock that stands, a mailbox in memory."""

from __future__ import annotations

import email
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

from remote_training.outside.mail import Mail
from remote_training.outside.offline import OfflineMeetings
from remote_training.outside.world import Outside

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> datetime:
        """Move on by a span (`minutes=5`), and give the new moment."""
        self.moment += timedelta(**span)
        return self.moment


class FakeMail:
    """Keeps what was sent; `fault` is raised instead of sending while it is set."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.fault: Exception | None = None
        self._lock = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[FakeMail]:
        """Open the mailbox."""
        yield self

    def send(self, mail: Mail) -> None:
        """Keep one mail as whoever gets it reads it, or raise the fault that was set."""
        if self.fault is not None:
            raise self.fault
        with self._lock:
            self.sent.append(
                cast(EmailMessage, email.message_from_bytes(mail.content, policy=SMTP))
            )

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to one address, oldest first."""
        return [mail for mail in self.sent if address in str(mail["To"])]


def world() -> Outside:
    """A whole outside world of fakes."""
    return Outside(
        now=FakeClock(), mail=FakeMail(), meetings={"offline": OfflineMeetings("http://localhost")}
    )
