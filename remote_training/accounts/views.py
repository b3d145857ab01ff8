"""Staff sign in and out."""

from __future__ import annotations

from flask import Blueprint

from remote_training.accounts import guard

blueprint = Blueprint("accounts", __name__, url_prefix="/staff")


def staff_name() -> str:
    """The name of the member of staff who is signed in, or nothing."""
    account = guard.staff_account()
    return account.contact.name if account is not None else ""
