"""`remote-training attendance`: correcting the record by what providers report."""

from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from remote_training.attendance import reports
from remote_training.outside.world import outside

attendance = AppGroup("attendance", help="Who was there, for how long.")


@attendance.command()
@click.option(
    "--days", default=3, show_default=True, type=click.IntRange(1, 30),
    help="Classes that ended within so many days.",
)  # fmt: skip
def reconcile(days: int) -> None:
    """Ask the provider's report about past classes, and correct the record."""
    now = outside().now()
    found = reports.ask_all(since=now - timedelta(days=days), now=now)
    click.echo(
        f"{found.asked} classes asked about, {found.changed} attendances corrected, "
        f"{found.failed} without an answer"
    )
