"""Commands of the demo; they refuse to run in production."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from remote_training.core.errors import NotAllowed
from remote_training.core.settings import Settings
from remote_training.core.words import say
from remote_training.demo import fill as play
from remote_training.demo import queries, scenery
from remote_training.outside.world import outside

MOST_PEOPLE, MOST_WEEKS = 2000, 60

demo = AppGroup("demo", help="An invented study, for a first look.")


class DemoIsOff(NotAllowed):
    """The demo was asked for where real people may be."""


@demo.command()
@click.option("--participants", type=click.IntRange(1, MOST_PEOPLE), required=True)
@click.option("--weeks", type=click.IntRange(0, MOST_WEEKS), required=True)
@click.option("--seed", type=int, required=True)
def fill(participants: int, weeks: int, seed: int) -> None:
    """Fill an empty database with an invented study, and a class that starts in ten minutes."""
    _only_in_the_demo()
    sent = play.fill(count=participants, weeks=weeks, seed=seed, world=outside())
    click.echo(f"{participants} participants, {weeks} weeks, {sent} mails.")


@demo.command()
def people() -> None:
    """Say who can sign in where."""
    settings = _only_in_the_demo()
    click.echo(f"Who one can be, one click each: {settings.address}/demo")
    click.echo(f"Every mail that was sent:        {settings.address}/demo/mailbox")
    for person in queries.staff():
        click.echo(f"  {', '.join(person.what)}, {person.site}: {person.name}, {person.email}")


@demo.command("class-soon")
def class_soon() -> None:
    """Offer a class that starts in ten minutes at each site, unless there is one."""
    _only_in_the_demo()
    click.echo(f"{scenery.offer_classes_soon(outside())} classes start in ten minutes.")


def _only_in_the_demo() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    if not settings.demo:
        raise DemoIsOff(say("The demo is off here (DEMO): nothing was done."))
    return settings
