"""`remote-training keys`: changing the keys that seal what names a person."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from remote_training.accounts.models import Account
from remote_training.attendance import notes
from remote_training.attendance import training_service as training
from remote_training.contacts import service as contacts
from remote_training.core.crypto import keyring
from remote_training.core.db import db, unit_of_work
from remote_training.hooks import service as hooks
from remote_training.meetings import sealed as meetings
from remote_training.safety import service as safety

AT_ONCE = 500

keys = AppGroup("keys", help="The keys of SECRET_KEYS.")


@keys.command()
def reseal() -> None:
    """Seal everything with the newest key, so that an older one can be dropped."""
    total = 0
    while done := _some():
        total += done
    click.echo(f"{total} rows sealed anew")


@unit_of_work()
def _some() -> int:
    reseals = (
        contacts.reseal, safety.reseal, meetings.reseal, hooks.reseal, training.reseal,
        notes.reseal,
    )  # fmt: skip
    return _second_factors() + sum(reseal(AT_ONCE) for reseal in reseals)


def _second_factors() -> int:
    sealed = sa.select(Account).where(Account.totp_sealed.is_not(None)).order_by(Account.id)
    old = [row for row in db.session.scalars(sealed) if not _is_newest(row)]
    for account in old:
        account.totp_secret = account.totp_secret
    return len(old)


def _is_newest(account: Account) -> bool:
    return account.totp_sealed is not None and keyring().is_newest(account.totp_sealed)
