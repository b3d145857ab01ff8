"""Commands about accounts."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from remote_training.accounts import service, tokens
from remote_training.accounts.models import LinkKind, Role
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.outside.world import outside
from remote_training.studies import queries as studies

accounts = AppGroup("accounts", help="Who signs in.")


@accounts.command()
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--site", required=True, help="The code of the site, as in the study file.")
@click.option("--sees-arm", is_flag=True, help="For a researcher who is not blinded.")
def add(name: str, email: str, role: str, site: str, *, sees_arm: bool) -> None:
    """Add a member of staff; prints the link to begin, good once and for 72 hours."""
    now = outside().now()
    with unit_of_work():
        place = next((found for found in studies.sites() if found.code == site), None)
        if place is None:
            raise NotFound(say("There is no such site in the study file."))
        account = service.create_staff(
            name, email, language=place.language, zone=place.zone, now=now, by=None
        )
        db.session.flush()
        service.grant(
            account, Role(role), place, sees_arm=sees_arm, now=now, by=None, reason="by command"
        )
        ends = now + tokens.INVITATION_LASTS
        token = tokens.mint(LinkKind.INVITATION, account.id, now=now, expires_at=ends)
    click.echo(f"{current_app.extensions['settings'].address}/l/{token}")
