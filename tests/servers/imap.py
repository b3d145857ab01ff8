"""A real IMAP server on loopback (dovecot), where it is installed: one mailbox in a folder.

`DOVECOT` may name the program; else it is looked for where Debian puts it.
"""

from __future__ import annotations

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "classes", "a-secret-of-the-tests"
NOT_INSTALLED = "dovecot is not installed: no answer was read from a real mailbox"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
libexec_dir = {home}/lib/dovecot
mail_plugin_dir = {home}/lib/dovecot/modules
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class ImapServer:
    """Where the mailbox is, and what stands in it."""

    port: int

    @property
    def url(self) -> str:
        """The address of its inbox, as the command takes it."""
        return f"imap://{USER}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"

    def put(self, raw: bytes) -> None:
        """Let a mail arrive."""
        with self._inbox() as inbox:
            inbox.append("INBOX", "", "", raw)

    def flags(self) -> list[set[str]]:
        """The marks of each mail, in the order in which they arrived."""
        with self._inbox() as inbox:
            _ok, told = inbox.fetch("1:*", "(FLAGS)")
            found = [imaplib.ParseFlags(one) for one in told if isinstance(one, bytes)]
        return [{flag.decode() for flag in flags} - {"\\Recent"} for flags in found]

    @contextmanager
    def _inbox(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as connection:
            connection.login(USER, PASSWORD)
            connection.select("INBOX")
            yield connection


def program() -> str | None:
    """The server's program, if there is one."""
    return os.environ.get("DOVECOT") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def dovecot(folder: Path) -> Iterator[ImapServer]:
    """A server with an empty mailbox, for as long as this lasts."""
    found = program()
    assert found is not None, NOT_INSTALLED
    port, user = _free_port(), "nobody" if os.geteuid() == 0 else getpass.getuser()
    group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    for name in ("run", "state", "mail"):
        (folder / name).mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder / "mail", user, group)
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            folder=folder, home=Path(found).parents[1], user=user, group=group, port=port,
            password=PASSWORD,
        )
    )  # fmt: skip
    process = subprocess.Popen([found, "-F", "-c", str(config)])
    try:
        _wait(port, process, folder / "log")
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        return
    raise RuntimeError("dovecot did not start: " + (log.read_text() if log.exists() else ""))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
