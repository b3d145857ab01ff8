"""Who may stand in for the trainer of a series: chosen anew after it was planned."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids
from remote_training.classes import names, queries, service
from remote_training.classes.models import Series
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.dashboard import wording
from remote_training.dashboard.plan_forms import SubstitutesForm
from remote_training.dashboard.plan_views import PLANNERS, planner
from remote_training.outside.world import outside

blueprint = Blueprint("stand_ins", __name__, url_prefix="/staff/plan/series")


@blueprint.get("/<uuid:series_id>/substitutes")
@planner
def ask(series_id: UUID) -> ResponseReturnValue:
    """Ask who may stand in for the trainer of a series."""
    series = _mine(series_id)
    return _page(series, _form(series))


@blueprint.post("/<uuid:series_id>/substitutes")
@planner
@unit_of_work()
def choose(series_id: UUID) -> ResponseReturnValue:
    """Write down who may stand in. It changes no class: it is who is offered first."""
    series, now = _mine(series_id), outside().now()
    form, done = _form(series), []

    def write() -> None:
        done.append(service.choose_substitutes(series, form.chosen, now=now, by=me().id))

    if not form.validate() or not attempt(write, form.said_at):
        return _page(series, form), 422
    flash(_("It is written down who may stand in.") if done[0] else _("It was so already."))
    return redirect(url_for("plan.index"), 303)


def _form(series: Series) -> SubstitutesForm:
    trainers = queries.trainers([series.site_id])
    return SubstitutesForm(series, trainers, queries.substitutes(series.id))


def _mine(series_id: UUID) -> Series:
    return queries.one_series(series_id, site_ids(*PLANNERS))


def _page(series: Series, form: SubstitutesForm) -> str:
    return render_template(
        "classes/substitutes.html", series=series, form=form, words=wording,
        module_name=names.of_module,
    )  # fmt: skip
