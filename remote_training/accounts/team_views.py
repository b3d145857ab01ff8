"""Administrators: who works at their sites, and as what."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from remote_training.accounts import desk, guard, queries, service
from remote_training.accounts.errors import WorksElsewhere
from remote_training.accounts.forms import ROLE_NAMES, ColleagueForm, GrantForm, ReasonForm
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Account, Role
from remote_training.contacts.errors import WrongName
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
    return render_template("accounts/team.html", people=people, role_names=ROLE_NAMES)


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
    form = _with_sites(ColleagueForm())
    if not form.validate_on_submit():
        return render_template("accounts/colleague_new.html", form=form), 422
    try:
        account = _account_of(form)
    except Invalid as error:
        field = form.name if isinstance(error, WrongName) else form.email
        field.errors = [translated(error.sentence, **error.gaps)]
        return render_template("accounts/colleague_new.html", form=form), 422
    _give(account, form)
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
    _give(account, form)
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
    service.revoke(given, now=outside().now(), by=desk.me().id, reason=str(form.reason.data))
    flash(_("The role is taken away. This person has to sign in again."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:account_id>/deactivate")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def deactivate(account_id: UUID) -> ResponseReturnValue:
    """Switch an account off."""
    return _do(service.deactivate, account_id, _("This account is switched off."))


@blueprint.post("/<uuid:account_id>/activate")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def activate(account_id: UUID) -> ResponseReturnValue:
    """Switch an account on again."""
    return _do(service.activate, account_id, _("This account is switched on again."))


@blueprint.post("/<uuid:account_id>/reset")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def reset(account_id: UUID) -> ResponseReturnValue:
    """Ask for a new second factor, or confirm what a colleague asked for."""
    words = _("Asked. Another administrator has to confirm it.")
    done = _("The second factor is taken away. It is set up anew at the next sign-in.")
    is_asked = _whole(account_id).reset_asked_by_id not in (None, desk.me().id)
    return _do(service.reset_second_factor, account_id, done if is_asked else words)


@blueprint.post("/<uuid:account_id>/invite")
@staff_only(Role.ADMINISTRATOR)
@unit_of_work()
def invite(account_id: UUID) -> ResponseReturnValue:
    """Mail the link to begin once more."""
    account = _whole(account_id)
    service.invite(account, now=outside().now(), by=desk.me().id)
    return _back(account, _("A mail with a link to begin is on its way."))


def _do(verb: Callable[..., object], account_id: UUID, words: str) -> ResponseReturnValue:
    """Do something to a whole account, for a reason."""
    account, form = _whole(account_id), ReasonForm()
    if not form.validate_on_submit():
        return _page(account, why=form), 422
    verb(account, now=outside().now(), by=desk.me().id, reason=str(form.reason.data))
    return _back(account, words)


def _site_ids() -> list[UUID]:
    return guard.site_ids(Role.ADMINISTRATOR)


def _sites() -> list[Site]:
    return [grant.site for grant in guard.grants() if grant.role is Role.ADMINISTRATOR]


def _site(code: str) -> Site:
    return next(site for site in _sites() if site.code == code)


def _colleague(account_id: UUID) -> Account:
    return queries.colleague(account_id, _site_ids())


def _with_sites(form: Form) -> Form:
    form.site.choices = [SelectChoice(site.code, site.name) for site in _sites()]
    return form


def _account_of(form: ColleagueForm) -> Account:
    """The new colleague's account, invited; or the one that another site has made already."""
    known = queries.staff_with_email(str(form.email.data))
    if known is not None:
        return known
    site, by, now = _site(form.site.data), desk.me().id, outside().now()
    account = service.create_staff(
        str(form.name.data),
        str(form.email.data),
        language=site.language,
        zone=site.zone,
        now=now,
        by=by,
    )
    db.session.flush()
    service.invite(account, now=now, by=by)
    return account


def _give(account: Account, form: GrantForm) -> None:
    service.grant(
        account,
        Role(form.role.data),
        _site(form.site.data),
        sees_arm=form.sees_arm.data,
        now=outside().now(),
        by=desk.me().id,
        reason=str(form.reason.data),
    )


def _whole(account_id: UUID) -> Account:
    """A colleague who works at one's own sites only: what follows touches the account."""
    account = _colleague(account_id)
    if queries.works_elsewhere(account, _site_ids()):
        raise WorksElsewhere(
            say("This person works at another site, too. You can take the roles at your site away.")
        )
    return account


def _page(account: Account, giving: GrantForm | None = None, why: ReasonForm | None = None) -> str:
    theirs = [g for g in queries.grants_at(_site_ids()) if g.account_id == account.id]
    return render_template(
        "accounts/colleague.html",
        account=account,
        me=desk.me(),
        is_elsewhere=queries.works_elsewhere(account, _site_ids()),
        grants=theirs,
        role_names=ROLE_NAMES,
        giving=giving or _with_sites(GrantForm(formdata=None)),
        why=why or ReasonForm(formdata=None),
    )


def _back(account: Account, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for(".colleague", account_id=account.id), 303)
