"""The demo mailbox: every mail is kept as a file, and nothing leaves the machine.

A file is named by its order and the mail's own id, never by a person.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from remote_training.outside.mail import Mail

FILE_NAME = re.compile(r"^[0-9]{8}-[A-Za-z0-9_-]{1,80}\.eml$")


@dataclass(frozen=True)
class Kept:
    """One mail of the mailbox, as a list shows it."""

    name: str
    to: str
    subject: str
    date: str


class DemoMailbox:
    """A mail provider that keeps mails in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: int | None = None  # the highest number, while it is open

    @contextmanager
    def open(self) -> Iterator[DemoMailbox]:
        """Open the mailbox; it looks once what another process has put there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._last = None
        yield self

    def send(self, mail: Mail) -> None:
        """Keep one mail: written beside its place, then moved there, so that it is whole."""
        identity = re.sub(r"[^A-Za-z0-9-]", "", mail.message_id.split("@")[0])[:80]
        unfinished = self._folder / f".{identity}.part"
        unfinished.write_bytes(mail.content)
        self._move(unfinished, identity)

    def _move(self, unfinished: Path, identity: str) -> None:
        number = (self._last_number() if self._last is None else self._last) + 1
        while True:
            try:
                os.link(unfinished, self._folder / f"{number:08}-{identity}.eml")
            except FileExistsError:
                number += 1
                continue
            self._last = number
            unfinished.unlink()
            return

    def _last_number(self) -> int:
        names = os.listdir(self._folder)
        return max((int(name.split("-")[0]) for name in names if FILE_NAME.match(name)), default=0)

    def _names(self) -> list[str]:
        """File names, newest first."""
        if not self._folder.is_dir():
            return []
        return sorted((n for n in os.listdir(self._folder) if FILE_NAME.match(n)), reverse=True)

    def newest(self, limit: int, *, after: int = 0, to: str = "") -> Sequence[Kept]:
        """Mails, newest first, without the first `after`; with `to`, those to one address only."""
        kept: list[Kept] = []
        for name in self._names()[after:]:
            mail = self._read(name)
            if not to or to == str(mail["To"]):
                kept.append(Kept(name, str(mail["To"]), str(mail["Subject"]), str(mail["Date"])))
            if len(kept) == limit:
                break
        return kept

    def mail(self, name: str) -> EmailMessage | None:
        """One mail, or None where there is none of this name."""
        return self._read(name) if self.raw(name) is not None else None

    def raw(self, name: str) -> bytes | None:
        """One mail as it would travel, or None."""
        path = self._folder / name
        return path.read_bytes() if FILE_NAME.match(name) and path.is_file() else None

    def _read(self, name: str) -> EmailMessage:
        content = (self._folder / name).read_bytes()
        return email.message_from_bytes(content, policy=email.policy.SMTP)
