"""Commands about the outbox."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from remote_training.core.db import unit_of_work
from remote_training.messages import jobs, queries, service
from remote_training.outside.world import outside

messages = AppGroup("messages", help="What we owe people.")


@messages.command()
def deliver() -> None:
    """Send what is due now; two runs at once do not meet."""
    jobs.sweep(outside().now())
    sent = 0
    while batch := jobs.deliver("by-hand", outside()):
        sent += batch
    click.echo(f"{sent} dealt with")


@messages.command()
def status() -> None:
    """Say how the queue stands; exit status 1 while it stands still."""
    found = queries.status(now=outside().now())
    for state, count in found.counts.items():
        click.echo(f"{state:<10} {count}")
    click.echo(f"oldest due: {found.oldest_due_seconds:.0f} s")
    if found.worker_seen_at is not None:
        click.echo(f"last worker seen: {found.worker_seen_at:%F %T} UTC")
    if found.stopped_at is not None:
        click.echo(
            f"The queue stands still since {found.stopped_at:%F %T} UTC: {found.fault}. "
            "When this is mended: remote-training messages resume",
            err=True,
        )
        sys.exit(1)


@messages.command()
def resume() -> None:
    """Let the queue go on after a refused login was mended."""
    with unit_of_work():
        was_standing = service.resume_queue(now=outside().now())
    click.echo("The queue goes on." if was_standing else "The queue was not standing still.")
