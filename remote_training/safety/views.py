"""The coordinator's alerts: which are open, and what was done."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import desk
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Invalid
from remote_training.core.words import translated
from remote_training.outside.world import outside
from remote_training.safety import queries, service
from remote_training.safety.forms import STEP_WORDS, HandlingForm
from remote_training.safety.models import Step
from remote_training.safety.queries import Line
from remote_training.studies.current import study

blueprint = Blueprint("safety", __name__, url_prefix="/staff/safety")
coordinator = staff_only(Role.COORDINATOR)


@blueprint.get("/")
@coordinator
def index() -> ResponseReturnValue:
    """List the alerts of the coordinator's sites; not what was said."""
    now = outside().now()
    lines = queries.at_sites(site_ids(Role.COORDINATOR), now=now)
    return render_template(
        "safety/index.html",
        lines=lines,
        now=now,
        step_words=STEP_WORDS,
        again_after_hours=study().rules.alert_again_after_hours,
    )


@blueprint.get("/<uuid:alert_id>/")
@coordinator
def show(alert_id: UUID) -> ResponseReturnValue:
    """Show one alert and what was done, and ask what is done now."""
    return _page(_mine(alert_id), HandlingForm())


@blueprint.post("/<uuid:alert_id>/")
@coordinator
@unit_of_work()
def acknowledge(alert_id: UUID) -> ResponseReturnValue:
    """Keep what was done."""
    line, form = _mine(alert_id), HandlingForm()
    if not form.validate_on_submit() or not _kept(line, form):
        return _page(line, form), 422
    flash(_after(form.chosen))
    return redirect(url_for(".index"), 303)


def _after(step: Step) -> str:
    """What is said once a step is kept."""
    if step is Step.NOT_REACHED:
        return str(
            _(
                "This is written down. The alert stays open until somebody has been reached. "
                "No more mails come about it."
            )
        )
    return str(_("This is written down. The alert is settled."))


def _kept(line: Line, form: HandlingForm) -> bool:
    """Whether it was taken; what is refused is said in the form."""
    try:
        with db.session.begin_nested():
            service.acknowledge(
                line.alert,
                form.chosen,
                form.note.data or "",
                by=desk.me(),
                key=form.row_key,
                now=outside().now(),
            )
    except Invalid as refusal:
        form.said_at(refusal).errors = [translated(refusal.sentence, **refusal.gaps)]
        return False
    return True


def _mine(alert_id: UUID) -> Line:
    return queries.at_site(alert_id, site_ids(Role.COORDINATOR))


def _page(line: Line, form: HandlingForm) -> str:
    now = outside().now()
    return render_template("safety/show.html", line=line, form=form, now=now, step_words=STEP_WORDS)
