"""Staff come in by password and second factor, and go out, on one device or on all."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import factors, guard, queries, throttle, visits
from remote_training.accounts.errors import SignInFirst, WeakPassword
from remote_training.accounts.forms import (
    ChangePasswordForm,
    CodeForm,
    ReadingForm,
    SignInForm,
)
from remote_training.accounts.guard import public, staff_only
from remote_training.accounts.models import Account, BrowserSession
from remote_training.audit import service as audit
from remote_training.core.db import db, unit_of_work
from remote_training.core.words import say, translated
from remote_training.outside.world import outside

WINDOW = timedelta(minutes=15)
PER_PERSON, PER_NETWORK = 10, 50
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
@unit_of_work()
def give_password() -> ResponseReturnValue:
    """Take mail address and password; the second factor comes next."""
    form, now = SignInForm(), outside().now()
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form), 422
    if not _may_try(str(form.email.data)):
        return _too_often("accounts/sign_in.html", form)
    account = queries.staff_with_email(str(form.email.data))
    fits = factors.password_fits(account, str(form.password.data))
    if account is None or not fits or not account.is_active:
        form.password.errors = [_("Mail address and password do not fit together.")]
        return render_template("accounts/sign_in.html", form=form), 401
    if account.totp_confirmed_at is None:
        factors.new_secret(account)
    _come_in(account, lasts=HALFWAY)
    is_new = account.totp_confirmed_at is None
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
    if not _may_try(str(account.id)):
        return _too_often("accounts/second_factor.html", form)
    code = str(form.code.data)
    if not factors.code_fits(account, code, now=now) and not factors.recovery_code_fits(
        account, code, now=now
    ):
        form.code.errors = [_("This code does not fit, or was used before.")]
        return render_template("accounts/second_factor.html", form=form), 401
    _come_in(account, lasts=visits.STAFF_HOURS, with_both=True)
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
    if not _may_try(str(account.id)):
        return _too_often("accounts/set_up.html", form, secret=secret)
    if not factors.code_fits(account, str(form.code.data), now=now):
        form.code.errors = [_("This code does not fit. Please try the next one.")]
        return render_template("accounts/set_up.html", form=form, secret=secret), 422
    account.totp_confirmed_at = now
    codes = factors.new_recovery_codes(account)
    _come_in(account, lasts=visits.STAFF_HOURS, with_both=True)
    audit.note("accounts.second_factor", "account", account.id, by=account.id, now=now)
    return render_template("accounts/recovery_codes.html", codes=codes)


@blueprint.post("/sign-out")
@public
@unit_of_work()
def sign_out() -> ResponseReturnValue:
    """End the visit on this device."""
    visit = guard.staff_visit()
    if visit is not None:
        visits.end(visit, now=outside().now())
    session.pop(guard.STAFF_COOKIE, None)
    flash(_("You are signed out."))
    return redirect(url_for(".sign_in"), 303, Response=_forgetting)


@blueprint.post("/sign-out-everywhere")
@staff_only()
@unit_of_work()
def sign_out_everywhere() -> ResponseReturnValue:
    """End the visits on every device."""
    visits.end_all(_me().id, now=outside().now())
    session.pop(guard.STAFF_COOKIE, None)
    flash(_("You are signed out on every device."))
    return redirect(url_for(".sign_in"), 303)


@blueprint.get("/me")
@staff_only()
def me() -> ResponseReturnValue:
    """One's own account: language, password, recovery codes."""
    return _my_page()


@blueprint.post("/me/language")
@staff_only()
@unit_of_work()
def read_in() -> ResponseReturnValue:
    """Read pages and mails in another language from now on."""
    form = ReadingForm()
    if not form.validate_on_submit():
        return _my_page(reading=form), 422
    _me().language = form.language.data
    session.pop("language", None)
    return redirect(url_for(".me"), 303)


@blueprint.post("/me/password")
@staff_only()
@unit_of_work()
def change_password() -> ResponseReturnValue:
    """Change the password; every other device has to sign in again."""
    form, account, now = ChangePasswordForm(), _me(), outside().now()
    if not form.validate_on_submit():
        return _my_page(password=form), 422
    if not _may_try(str(account.id)):
        return _my_page(password=form), 429
    if not factors.password_fits(account, str(form.old.data)):
        form.old.errors = [_("This is not your password.")]
        return _my_page(password=form), 422
    try:
        factors.set_password(account, str(form.password.data))
    except WeakPassword as error:
        form.password.errors = [translated(error.sentence)]
        return _my_page(password=form), 422
    visits.end_all(account.id, now=now)
    _come_in(account, lasts=visits.STAFF_HOURS, with_both=True)
    audit.note("accounts.change_password", "account", account.id, by=account.id, now=now)
    flash(_("Your password is changed. Other devices are signed out."))
    return redirect(url_for(".me"), 303)


@blueprint.post("/me/recovery-codes")
@staff_only()
@unit_of_work()
def renew_codes() -> ResponseReturnValue:
    """Show ten new recovery codes, once; the old ones end."""
    account = _me()
    codes = factors.new_recovery_codes(account)
    audit.note("accounts.codes", "account", account.id, by=account.id, now=outside().now())
    return render_template("accounts/recovery_codes.html", codes=codes)


def staff_name() -> str:
    """The name of the member of staff who is signed in, or nothing."""
    account = guard.staff_account() if request.path.startswith("/staff") else None
    return account.contact.name if account is not None else ""


def _me() -> Account:
    account = guard.staff_account()
    assert account is not None  # behind the guard
    return account


def _my_page(reading: ReadingForm | None = None, password: ChangePasswordForm | None = None) -> str:
    account = _me()
    return render_template(
        "accounts/me.html",
        reading=reading or ReadingForm(formdata=None, language=account.language),
        password=password or ChangePasswordForm(formdata=None),
    )


def _halfway(*, confirmed: bool) -> BrowserSession:
    """The visit of somebody who gave the password alone, or `SignInFirst`."""
    visit = guard.staff_visit()
    is_new = visit is not None and visit.account.totp_confirmed_at is None
    if visit is None or visit.second_factor_at is not None or is_new is confirmed:
        raise SignInFirst(say("Please sign in first."))
    return visit


def _come_in(account: Account, *, lasts: timedelta, with_both: bool = False) -> None:
    """Begin a visit with a token of its own; the one before it in this browser ends."""
    now, before = outside().now(), guard.staff_visit()
    if before is not None:
        visits.end(before, now=now)
    visit, token = visits.begin(account, lasts=lasts, now=now)
    visit.second_factor_at = now if with_both else None
    session[guard.STAFF_COOKIE] = token


def _may_try(who: str) -> bool:
    """Count a try for a person from this network, and for the network."""
    now, network = outside().now(), request.remote_addr or "-"
    person = throttle.allow(
        "sign-in", f"{who.strip().lower()}/{network}", limit=PER_PERSON, window=WINDOW, now=now
    )
    all_of_it = throttle.allow("network", network, limit=PER_NETWORK, window=WINDOW, now=now)
    return person and all_of_it


def _too_often(template: str, form: object, **more: object) -> ResponseReturnValue:
    db.session.flush()
    flash(_("Too many tries. Please wait a quarter of an hour."), "wait")
    return render_template(template, form=form, **more), 429


class _forgetting(Response):  # noqa: N801 - a response as a callable
    """A redirect after which the browser forgets what it kept of our pages."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.headers["Clear-Site-Data"] = '"cache"'
