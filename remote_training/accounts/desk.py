"""What the staff's views share: beginning a visit in this browser, leaving none behind."""

from __future__ import annotations

from datetime import timedelta

from flask import request, session
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from remote_training.accounts import factors, guard, tries, visits
from remote_training.accounts.forms import PasswordForm
from remote_training.accounts.models import Account
from remote_training.outside.world import outside

WANTED = "wanted"
LONGEST_ADDRESS = 500


def remember_page() -> None:
    """Keep in this browser which page was asked for, to go there once somebody has signed in."""
    address = request.full_path.removesuffix("?")
    if len(address) <= LONGEST_ADDRESS and request.blueprint != "accounts":
        session[WANTED] = [request.endpoint, address]


def remembered_page() -> str | None:
    """The page that was asked for before the sign-in, once; None where it is not theirs to open."""
    endpoint, address = session.pop(WANTED, None) or ("", "")
    return str(address) if guard.may_open(endpoint) else None


def come_in(account: Account, *, lasts: timedelta, with_both: bool = False) -> None:
    """Begin a visit with a token of its own; the one before it in this browser ends."""
    now, before = outside().now(), guard.staff_visit()
    if before is not None:
        visits.end(before, now=now)
    visit, token = visits.begin(account, lasts=lasts, now=now)
    visit.second_factor_at = now if with_both else None
    session[guard.STAFF_COOKIE] = token
    session.pop("csrf_token", None)


def me() -> Account:
    """The member of staff who is signed in; only behind the guard."""
    account = guard.staff_account()
    assert account is not None
    return account


def is_my_password(form: PasswordForm) -> bool:
    """Whether a form has the password of who is signed in; said at the field where it has not."""
    account, now = me(), outside().now()
    if not tries.may_try_code(f"own/{account.id}", now=now):
        form.old.errors = [_("Too many tries. Please wait a quarter of an hour.")]
        return False
    if not factors.fits(account.password_hash, str(form.old.data)):
        form.old.errors = [_("This is not your password.")]
        return False
    tries.code_was_right(f"own/{account.id}", now=now)
    return True


def forgetting(answer: Response) -> Response:
    """An answer after which the browser forgets what it kept of our pages."""
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
