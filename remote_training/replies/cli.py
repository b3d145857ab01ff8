"""Commands about mail that comes back."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click
from flask.cli import AppGroup

from remote_training.outside import mailbox as mailboxes
from remote_training.outside.world import outside
from remote_training.replies import jobs
from remote_training.replies.service import Kind

LARGEST = mailboxes.LARGEST

mail = AppGroup("mail", help="Mail that comes back to us.")


@mail.command()
@click.option("--stdin", "from_stdin", is_flag=True, help="One mail on standard input.")
@click.option(
    "--mailbox",
    envvar="REPLIES_MAILBOX",
    help="imap(s)://user:password@host/INBOX; or in the variable REPLIES_MAILBOX.",
)
def replies(from_stdin: bool, mailbox: str | None) -> None:
    """Read calendar answers and mails that could not be delivered.

    What is no answer of a participant is counted and changes nothing.
    """
    if from_stdin:
        raw = sys.stdin.buffer.read(LARGEST + 1)
        is_too_large = len(raw) > LARGEST
        kind = Kind.UNREADABLE if is_too_large else jobs.hear_one(raw, now=outside().now())
        _tell({kind: 1})
        return
    if not mailbox:
        raise click.UsageError("Give --stdin, or --mailbox imaps://user:password@host/INBOX.")
    with mailboxes.opened(mailbox) as opened:
        _tell(jobs.hear_all(opened, outside()))


def _tell(counts: Mapping[Kind, int]) -> None:
    said = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    click.echo(said or "nothing new")
