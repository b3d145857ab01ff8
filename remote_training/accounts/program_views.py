"""Access for one's own programs: tokens made, listed and ended by hand."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from remote_training.accounts import desk, guard, programs
from remote_training.accounts.forms import ProgramForm
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.core.db import unit_of_work
from remote_training.core.words import translated
from remote_training.outside.world import outside

blueprint = Blueprint("programs", __name__, url_prefix="/staff/me/programs")


@blueprint.get("/")
@staff_only(*programs.ROLES)
def index() -> ResponseReturnValue:
    """List the tokens of who is signed in, and offer to make one."""
    return _page(_form())


@blueprint.post("/")
@staff_only(*programs.ROLES)
@unit_of_work()
def make() -> ResponseReturnValue:
    """Make a token, and show it: this once."""
    form, account = _form(), desk.me()
    if not form.validate_on_submit() or not desk.is_my_password(form):
        return _page(form), 422
    token = programs.make(
        account.id,
        str(form.name.data),
        Role(form.role.data),
        days=int(form.days.data),
        now=outside().now(),
    )
    return render_template("accounts/program_made.html", token=token)


@blueprint.post("/<uuid:program_id>/end")
@staff_only(*programs.ROLES)
@unit_of_work()
def end(program_id: UUID) -> ResponseReturnValue:
    """End a token: the program that has it gets nothing more."""
    row = programs.mine(program_id, desk.me().id)
    programs.end(row, now=outside().now(), by=desk.me().id)
    flash(_("This access has ended. The program that had it gets nothing more."))
    return redirect(url_for(".index"), 303)


def _form() -> ProgramForm:
    form = ProgramForm()
    roles = [role for role in programs.ROLES if guard.has_role(role)]
    form.role.choices = [SelectChoice(role.value, _role_name(role)) for role in roles]
    return form


def _role_name(role: Role) -> str:
    return translated(programs.OPENS[role])


def _page(form: ProgramForm) -> str:
    now = outside().now()
    return render_template(
        "accounts/programs.html",
        form=form,
        tokens=programs.of(desk.me().id),
        role_name=_role_name,
        now=now,
    )
