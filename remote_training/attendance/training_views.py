"""What was trained in a class: one page for everybody in it, one button."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.attendance import training_forms as forms
from remote_training.attendance import training_queries as queries
from remote_training.attendance import training_service as service
from remote_training.attendance import training_wording as wording
from remote_training.attendance.errors import Overtaken
from remote_training.attendance.training_fields import fields_of
from remote_training.attendance.training_forms import SheetForm
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.core.db import unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.fields import attempt
from remote_training.core.words import translated
from remote_training.outside.world import outside

blueprint = Blueprint("training", __name__, url_prefix="/staff/classes/<uuid:session_id>/training")
STAFF = (Role.TRAINER, Role.COORDINATOR)


@blueprint.get("")
@staff_only(*STAFF)
def sheet(session_id: UUID) -> ResponseReturnValue:
    """Show the sheet of a class; where nothing can be entered, why."""
    session, now = _session(session_id), outside().now()
    return _page(session, _form(session, now), service.hindrance(session, now=now))


@blueprint.post("")
@staff_only(*STAFF)
@unit_of_work()
def save(session_id: UUID) -> ResponseReturnValue:
    """Keep what everybody did; or show the exercises of another plan, with all that was typed."""
    session, now = _session(session_id), outside().now()
    form = _form(session, now, request.form)
    if "show" in request.form and not form.plan_wrong:
        return _page(session, form)
    if form.faults:
        return _page(session, form), 422

    def enter() -> None:
        by = me().id
        service.enter(session, form.entries, form.plan, seen=form.seen, now=now, by=by)

    if not attempt(enter, form.said_at):
        return _refused(session, form, now)
    count = len(form.entries)
    flash(ngettext("Saved for %(num)s person.", "Saved for %(num)s people.", count))
    if form.without_effort:
        flash(_("No effort is filled in for: %(names)s", names=", ".join(form.without_effort)))
    return redirect(url_for(".sheet", session_id=session_id), 303)


def _refused(session: Session, typed: SheetForm, now: datetime) -> ResponseReturnValue:
    """Why nothing was saved; where somebody else has, what stands now beside what was typed."""
    if not isinstance(typed.refusal, Overtaken):
        return _page(session, typed), 422
    newest = _form(session, now, also=typed)
    newest.place = typed.place
    newest.compare(typed)
    return _page(session, newest), 409


def _form(
    session: Session,
    now: datetime,
    sent: Mapping[str, str] | None = None,
    also: SheetForm | None = None,
) -> SheetForm:
    """The form as it was sent, or as it stands; with who is on another one."""
    typed = sent if also is None else also.sent
    on_it = forms.numbers_of(typed or {})
    return SheetForm(queries.sheet(session, now=now, also=on_it), session.module, sent)


def _page(session: Session, form: SheetForm, hindrance: Refused | None = None) -> str:
    return render_template(
        "attendance/training.html",
        session=session,
        module=names.of_module(session.module),
        form=form,
        hindrance=translated(hindrance.sentence) if hindrance is not None else None,
        sheet=form.sheet,
        words=wording,
        fields_of=fields_of,
        emergency_number=session.site.emergency_number,
    )


def _session(session_id: UUID) -> Session:
    return classes.at_sites(session_id, site_ids(*STAFF))
