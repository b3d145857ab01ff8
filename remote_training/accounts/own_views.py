"""One's own account: language and zone, password, recovery codes, other devices."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import desk, factors, feed_page, feeds, guard, programs, visits
from remote_training.accounts.errors import WeakPassword
from remote_training.accounts.forms import ChangePasswordForm, PasswordForm, ReadingForm
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.audit import service as audit
from remote_training.core.db import unit_of_work
from remote_training.core.words import translated
from remote_training.outside.world import outside

CODES = "codes-"

blueprint = Blueprint("own", __name__, url_prefix="/staff/me")


@blueprint.get("/")
@staff_only()
def index() -> ResponseReturnValue:
    """Show what one can change about one's own account."""
    return _page()


@blueprint.post("/reading")
@staff_only()
@unit_of_work()
def read_in() -> ResponseReturnValue:
    """Read pages and mails in another language, and times in another zone, from now on."""
    form, account = ReadingForm(), desk.me()
    if not form.validate_on_submit():
        return _page(reading=form), 422
    account.language, account.zone = form.language.data, form.zone.data
    session.pop("language", None)
    return redirect(url_for(".index"), 303)


@blueprint.post("/password")
@staff_only()
@unit_of_work()
def change_password() -> ResponseReturnValue:
    """Change the password; every other device has to sign in again."""
    form, account, now = ChangePasswordForm(), desk.me(), outside().now()
    if not form.validate_on_submit() or not desk.is_my_password(form):
        return _page(changing=form), 422
    try:
        factors.set_password(account, str(form.password.data))
    except WeakPassword as error:
        form.password.errors = [translated(error.sentence, **error.gaps)]
        return _page(changing=form), 422
    visits.end_all(account.id, now=now)
    desk.come_in(account, lasts=visits.STAFF_HOURS, with_both=True)
    audit.note("accounts.change_password", "account", account.id, by=account.id, now=now)
    flash(_("Your password is changed. Other devices are signed out."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/recovery-codes")
@staff_only()
@unit_of_work()
def renew_codes() -> ResponseReturnValue:
    """Show ten new recovery codes, once; the old ones end."""
    form, account = PasswordForm(prefix=CODES), desk.me()
    if not form.validate_on_submit() or not desk.is_my_password(form):
        return _page(codes=form), 422
    codes = factors.new_recovery_codes(account)
    audit.note("accounts.codes", "account", account.id, by=account.id, now=outside().now())
    return render_template("accounts/recovery_codes.html", codes=codes)


@blueprint.post("/calendar")
@staff_only(Role.TRAINER)
@unit_of_work()
def make_calendar() -> ResponseReturnValue:
    """Make an address for the trainer's calendar program; the page that shows it comes next."""
    feed_page.make(desk.me().id, now=outside().now())
    return redirect(url_for(".calendar"), 303)


@blueprint.get("/calendar")
@staff_only(Role.TRAINER)
def calendar() -> ResponseReturnValue:
    """Show the address that was made here a moment ago; after that, the account."""
    address = feed_page.shown(desk.me().id, now=outside().now())
    if address is None:
        return redirect(url_for(".index"), 303)
    return render_template("accounts/calendar.html", address=address)


@blueprint.post("/calendar/end")
@staff_only(Role.TRAINER)
@unit_of_work()
def end_calendar() -> ResponseReturnValue:
    """Take the address away: the calendar program gets nothing more."""
    feeds.take_away(desk.me().id, now=outside().now())
    flash(_("Your calendar address has ended. Your classes stay as they are."))
    return redirect(url_for(".index"), 303)


def _page(
    reading: ReadingForm | None = None,
    changing: ChangePasswordForm | None = None,
    codes: PasswordForm | None = None,
) -> str:
    account = desk.me()
    known = {"language": account.language, "zone": account.zone}
    return render_template(
        "accounts/me.html",
        reading=reading or ReadingForm(formdata=None, **known),
        changing=changing or ChangePasswordForm(formdata=None),
        codes=codes or PasswordForm(formdata=None, prefix=CODES),
        codes_left=factors.recovery_codes_left(account),
        gives_classes=guard.has_role(Role.TRAINER),
        has_feed=feeds.is_made(account.id),
        may_have_programs=guard.has_role(*programs.ROLES),
    )
