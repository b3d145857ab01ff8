"""Commands about rooms at providers."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from remote_training.meetings import jobs, overview, service
from remote_training.outside.world import outside

MOST_ROUNDS = 50

meetings = AppGroup("meetings", help="Online rooms that are kept ahead at a provider.")


@meetings.command()
def reconcile() -> None:
    """Compare every room with what the provider has, now, and repair what differs.

    Exit status 1 where something could not be repaired; it is tried again by the worker.
    """
    now = outside().now
    first = jobs.keep(now, even_if_fresh=True)
    looked, failed = first.rooms, first.failed
    for _round in range(MOST_ROUNDS):
        more = jobs.keep(now)
        if not more.rooms and not more.hosts:
            break
        looked, failed = looked + more.rooms, more.failed
    click.echo(f"{first.hosts} hosts and {looked} rooms were looked at, {failed} failed.")
    if failed:
        sys.exit(1)


@meetings.command()
def status() -> None:
    """Say how the rooms of the next two weeks stand; exit status 1 where one is not ready
    for a class of the next day.
    """
    now = outside().now()
    kept = service.kept_sites()
    found = overview.overview(list(kept), now=now)
    click.echo(f"{found.ready} rooms are ready")
    for row in found.health:
        click.echo(
            f"{row.provider} does not answer since {row.failing_since:%F %T} UTC: {row.cause}"
        )
    for host in found.hosts:
        click.echo(f"host {host.account or 'me'}: {host.last_error}")
    for one in found.problems:
        why = ", ".join(one.differs) or one.cause or "is being made"
        again = f", again {one.next_try_at:%F %T} UTC" if one.next_try_at else ""
        begins, site = one.session.starts_at, one.session.site.code
        click.echo(f"{begins:%F %H:%M} UTC {site} {one.session.id}: {why}{again}")
    for stray in found.strays:
        click.echo(
            f"{stray.starts_at:%F %H:%M} UTC another meeting in host {stray.account or 'me'}"
        )
    if any(one.is_near and one.is_open for one in found.problems):
        sys.exit(1)
