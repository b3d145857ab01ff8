"""Staff come in by password and second factor, and go out, on one device or on all."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import desk, factors, guard, queries, throttle, tries, visits
from remote_training.accounts.errors import SignInFirst
from remote_training.accounts.forms import CodeForm, SignInForm
from remote_training.accounts.guard import public
from remote_training.accounts.models import Account, BrowserSession
from remote_training.audit import service as audit
from remote_training.core.db import db, unit_of_work
from remote_training.core.words import say
from remote_training.outside.world import outside

HALFWAY = timedelta(minutes=10)  # between password and second factor

blueprint = Blueprint("accounts", __name__, url_prefix="/staff")


@blueprint.get("/")
@public
def start() -> ResponseReturnValue:
    """Lead staff to their first page, everybody else to the sign-in."""
    signed_in = guard.staff_account() is not None
    return redirect(url_for("dashboard.index" if signed_in else ".sign_in"), 303)


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Ask for mail address and password."""
    return render_template("accounts/sign_in.html", form=SignInForm())


@blueprint.post("/sign-in")
@public
def give_password() -> ResponseReturnValue:
    """Take mail address and password; the second factor comes next.

    While the password is compared, which takes its time, no transaction is open.
    """
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form), 422
    email, password = str(form.email.data), str(form.password.data)
    with unit_of_work():
        may_try = tries.may_try_password(email, _network(), now=outside().now())
        account = queries.active_staff_with_email(email)
        account_id, stored = (account.id, account.password_hash) if account else (None, None)
    if not may_try:
        return _too_often("accounts/sign_in.html", form)
    if not factors.fits(stored, password) or account_id is None:
        form.password.errors = [_("Mail address and password do not fit together.")]
        return render_template("accounts/sign_in.html", form=form), 401
    with unit_of_work():
        return _go_halfway(db.session.get_one(Account, account_id), email, password)


def _go_halfway(account: Account, email: str, password: str) -> ResponseReturnValue:
    """The password was right: begin a short visit that may only give the second factor."""
    now, is_new = outside().now(), account.totp_confirmed_at is None
    tries.was_right(email, _network(), now=now)
    factors.renew_hash(account, password)
    if is_new:
        factors.new_secret(account)
    desk.come_in(account, lasts=HALFWAY)
    audit.note("accounts.password", "account", account.id, by=account.id, now=now)
    return redirect(url_for(".set_up" if is_new else ".second_factor"), 303)


@blueprint.get("/second-factor")
@public
def second_factor() -> ResponseReturnValue:
    """Ask for the six digits, or a recovery code."""
    _halfway(confirmed=True)
    return render_template("accounts/second_factor.html", form=CodeForm())


@blueprint.post("/second-factor")
@public
@unit_of_work()
def give_code() -> ResponseReturnValue:
    """Take the second factor: from here on somebody is signed in."""
    account, form, now = _halfway(confirmed=True).account, CodeForm(), outside().now()
    if not form.validate_on_submit():
        return render_template("accounts/second_factor.html", form=form), 422
    if not tries.may_try_code(str(account.id), now=now):
        return _too_often("accounts/second_factor.html", form)
    code = str(form.code.data)
    if not factors.code_fits(account, code, now=now) and not factors.recovery_code_fits(
        account, code, now=now
    ):
        form.code.errors = [_("This code does not fit, or was used before.")]
        return render_template("accounts/second_factor.html", form=form), 401
    tries.code_was_right(str(account.id), now=now)
    desk.come_in(account, lasts=visits.STAFF_HOURS, with_both=True)
    audit.note("accounts.sign_in", "account", account.id, by=account.id, now=now)
    return redirect(url_for("dashboard.index"), 303)


@blueprint.get("/set-up")
@public
def set_up() -> ResponseReturnValue:
    """Show the second factor that is new, to be put into an app and confirmed."""
    account = _halfway(confirmed=False).account
    return render_template("accounts/set_up.html", form=CodeForm(), secret=account.totp_secret)


@blueprint.get("/set-up/picture.svg")
@public
def picture() -> ResponseReturnValue:
    """The new second factor as a picture for the app's camera."""
    account = _halfway(confirmed=False).account
    return Response(factors.picture(account), content_type="image/svg+xml")


@blueprint.post("/set-up")
@public
@unit_of_work()
def confirm() -> ResponseReturnValue:
    """Take the first code of a new second factor, and show the recovery codes, once."""
    account, form, now = _halfway(confirmed=False).account, CodeForm(), outside().now()
    secret = account.totp_secret
    if not form.validate_on_submit():
        return render_template("accounts/set_up.html", form=form, secret=secret), 422
    if not tries.may_try_code(str(account.id), now=now):
        return _too_often("accounts/set_up.html", form, secret=secret)
    if not factors.code_fits(account, str(form.code.data), now=now):
        form.code.errors = [_("This code does not fit. Please try the next one.")]
        return render_template("accounts/set_up.html", form=form, secret=secret), 422
    account.totp_confirmed_at = now
    codes = factors.new_recovery_codes(account)
    tries.code_was_right(str(account.id), now=now)
    desk.come_in(account, lasts=visits.STAFF_HOURS, with_both=True)
    audit.note("accounts.second_factor", "account", account.id, by=account.id, now=now)
    return render_template("accounts/recovery_codes.html", codes=codes)


@blueprint.post("/sign-out")
@public
@unit_of_work()
def sign_out() -> ResponseReturnValue:
    """End the visits of this member of staff on every device."""
    visit = guard.staff_visit()
    if visit is not None:
        visits.end_all(visit.account_id, now=outside().now())
    session.pop(guard.STAFF_COOKIE, None)
    session.pop(desk.WANTED, None)
    flash(_("You are signed out on every device."))
    return desk.forgetting(redirect(url_for(".sign_in"), 303))


def staff_name() -> str:
    """The name of the member of staff who is signed in, or nothing."""
    account = guard.staff_account() if request.path.startswith("/staff") else None
    return account.contact.name if account is not None else ""


def _halfway(*, confirmed: bool) -> BrowserSession:
    """The visit of somebody who gave the password alone, or `SignInFirst`."""
    visit = guard.staff_visit()
    is_new = visit is not None and visit.account.totp_confirmed_at is None
    if visit is None or visit.second_factor_at is not None or is_new is confirmed:
        raise SignInFirst(say("Please sign in first."))
    return visit


def _network() -> str:
    return throttle.network(request.remote_addr)


def _too_often(template: str, form: object, **more: object) -> ResponseReturnValue:
    flash(_("Too many tries. Please wait a quarter of an hour."), "wait")
    wait = {"Retry-After": str(tries.seconds_left(now=outside().now()))}
    return render_template(template, form=form, **more), 429, wait
