"""Commands for operators: the schema, the translations."""

from __future__ import annotations

from pathlib import Path

import click
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import current_app
from flask.cli import AppGroup

from remote_training.core import migrations
from remote_training.core.db import unit_of_work
from remote_training.core.settings import load
from remote_training.studies import service as studies
from remote_training.studies.current import study

TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"

database = AppGroup("db", help="The schema of the database.")
translations = click.Group("translations", help="The languages of the platform.")


@database.command()
def upgrade() -> None:
    """Bring the database to the newest schema, and the sites in line with the study file."""
    migrations.upgrade(current_app.extensions["settings"].database)
    with unit_of_work():
        studies.install(study())
    click.echo(f"The schema is at {migrations.newest()}.")


@database.command(with_appcontext=False)
def check() -> None:
    """Say whether the settings can be used; touches nothing."""
    load()
    click.echo("The settings are good.")


@translations.command()
def compile() -> None:
    """Turn each messages.po into the messages.mo that the platform reads."""
    for source in sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")):
        with source.open("rb") as po, source.with_suffix(".mo").open("wb") as mo:
            write_mo(mo, read_po(po))
        click.echo(f"{source.parts[-3]}: compiled")
