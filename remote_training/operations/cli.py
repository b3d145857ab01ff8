"""Commands for operators: the schema, the translations."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import AppGroup

from remote_training.core import migrations
from remote_training.core.db import unit_of_work
from remote_training.operations import languages
from remote_training.studies import service as studies
from remote_training.studies.current import study

database = AppGroup("db", help="The schema of the database.")
translations = click.Group("translations", help="The languages of the platform.")


@database.command()
def upgrade() -> None:
    """Bring the database to the newest schema, and the sites in line with the study file."""
    migrations.upgrade(current_app.extensions["settings"].database)
    with unit_of_work():
        studies.install(study())
    click.echo(f"The schema is at {migrations.newest()}.")


@translations.command("update")
def update() -> None:
    """Find all texts in code and templates, and add the new ones to each language."""
    for language, missing in languages.update():
        click.echo(f"{language}: {missing} texts to translate")


@translations.command("compile")
def compile_() -> None:
    """Turn each messages.po into the messages.mo that the platform reads."""
    for language in languages.compile_all():
        click.echo(f"{language}: compiled")


@translations.command("check")
def check() -> None:
    """Say what is missing, outdated or not compiled; exit status 1 if anything is."""
    faults = languages.faults()
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        sys.exit(1)
