"""Administrators: who works at their sites, and as what."""

from __future__ import annotations

from itertools import groupby
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import guard, queries, service
from remote_training.accounts.forms import ColleagueForm, GrantForm, ReasonForm
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Account, Role
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Invalid, NotFound
from remote_training.core.words import say, translated
from remote_training.outside.world import outside
from remote_training.studies.models import Site

Form = TypeVar("Form", bound=GrantForm)

blueprint = Blueprint("team", __name__, url_prefix="/staff/team")


@blueprint.get("/")
@staff_only(Role.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """Show the staff of one's own sites."""
    grants = queries.grants_at(_site_ids())
    people = [list(theirs) for _who, theirs in groupby(grants, key=lambda g: g.account_id)]
    people.sort(key=lambda theirs: theirs[0].account.contact.name)
    return render_template("accounts/team.html", people=people)


@blueprint.get("/new")
@staff_only(Role.ADMINISTRATOR)
def new() -> ResponseReturnValue:
    """Ask who is to be added."""
    return render_template("accounts/colleague_new.html", form=_with_sites(ColleagueForm()))


@blueprint.post("/new")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def add() -> ResponseReturnValue:
    """Add a colleague with a first role, and mail the invitation."""
    form, by, now = _with_sites(ColleagueForm()), _my_id(), outside().now()
    if not form.validate_on_submit():
        return render_template("accounts/colleague_new.html", form=form), 422
    site = _site(form.site.data)
    try:
        account = service.create_staff(
            form.name.data, form.email.data, language=site.language, zone=site.zone, now=now, by=by
        )
    except Invalid as error:
        form.email.errors = [translated(error.sentence, **error.gaps)]
        return render_template("accounts/colleague_new.html", form=form), 422
    db.session.flush()
    _give(account, form, by)
    service.invite(account, now=now, by=by)
    flash(_("Added. A mail with a link to begin is on its way."))
    return redirect(url_for(".colleague", account_id=account.id), 303)


@blueprint.get("/<uuid:account_id>")
@staff_only(Role.ADMINISTRATOR)
def colleague(account_id: UUID) -> ResponseReturnValue:
    """Show one colleague's roles."""
    return _page(_colleague(account_id))


@blueprint.post("/<uuid:account_id>/grant")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def grant(account_id: UUID) -> ResponseReturnValue:
    """Give a role; all visits of that account end."""
    account, form = _colleague(account_id), _with_sites(GrantForm())
    if not form.validate_on_submit():
        return _page(account, giving=form), 422
    _give(account, form, _my_id())
    return _back(account, _("The role is given. This person has to sign in again."))


@blueprint.post("/<uuid:account_id>/revoke/<uuid:grant_id>")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def revoke(account_id: UUID, grant_id: UUID) -> ResponseReturnValue:
    """Take a role away; all visits of that account end."""
    account, form = _colleague(account_id), ReasonForm()
    given = queries.grant_at(grant_id, _site_ids())
    if given.account_id != account.id:
        raise NotFound(say("This role is not here."))
    if not form.validate_on_submit():
        return _page(account, why=form), 422
    service.revoke(given, now=outside().now(), by=_my_id(), reason=str(form.reason.data))
    flash(_("The role is taken away. This person has to sign in again."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:account_id>/deactivate")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def deactivate(account_id: UUID) -> ResponseReturnValue:
    """Switch an account off."""
    account, form = _colleague(account_id), ReasonForm()
    if not form.validate_on_submit():
        return _page(account, why=form), 422
    service.deactivate(account, now=outside().now(), by=_my_id(), reason=str(form.reason.data))
    return _back(account, _("This account is switched off."))


@blueprint.post("/<uuid:account_id>/reset")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def reset(account_id: UUID) -> ResponseReturnValue:
    """Ask for a new second factor, or confirm what a colleague asked for."""
    account, form = _colleague(account_id), ReasonForm()
    if not form.validate_on_submit():
        return _page(account, why=form), 422
    done = service.reset_second_factor(
        account, now=outside().now(), by=_my_id(), reason=str(form.reason.data)
    )
    asked = _("Asked. Another administrator has to confirm it.")
    return _back(account, _("The second factor is taken away.") if done else asked)


@blueprint.post("/<uuid:account_id>/invite")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def invite(account_id: UUID) -> ResponseReturnValue:
    """Mail the link to begin once more."""
    account = _colleague(account_id)
    service.invite(account, now=outside().now(), by=_my_id())
    return _back(account, _("A mail with a link to begin is on its way."))


def _site_ids() -> list[UUID]:
    return guard.site_ids(Role.ADMINISTRATOR)


def _sites() -> list[Site]:
    return [grant.site for grant in guard.grants() if grant.role is Role.ADMINISTRATOR]


def _site(code: str) -> Site:
    return next(site for site in _sites() if site.code == code)


def _my_id() -> UUID:
    account = guard.staff_account()
    assert account is not None  # behind the guard
    return account.id


def _colleague(account_id: UUID) -> Account:
    return queries.colleague(account_id, _site_ids())


def _with_sites(form: Form) -> Form:
    form.site.choices = [(site.code, site.name) for site in _sites()]
    return form


def _give(account: Account, form: GrantForm, by: UUID) -> None:
    service.grant(
        account,
        Role(form.role.data),
        _site(form.site.data),
        sees_arm=form.sees_arm.data,
        now=outside().now(),
        by=by,
        reason=str(form.reason.data),
    )


def _page(account: Account, giving: GrantForm | None = None, why: ReasonForm | None = None) -> str:
    theirs = [g for g in queries.grants_at(_site_ids()) if g.account_id == account.id]
    return render_template(
        "accounts/colleague.html",
        account=account,
        grants=theirs,
        giving=giving or _with_sites(GrantForm(formdata=None)),
        why=why or ReasonForm(formdata=None),
    )


def _back(account: Account, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for(".colleague", account_id=account.id), 303)
