"""The coordinator's class plan: weekly classes, their hours, calling one off."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.bookings import queries as bookings_queries
from remote_training.bookings import service as bookings
from remote_training.bookings import waiting_queries
from remote_training.classes import names, queries, service
from remote_training.classes.models import Session
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.dashboard import forms, wording
from remote_training.dashboard.desk import me
from remote_training.outside.world import outside

blueprint = Blueprint("plan", __name__, url_prefix="/staff/plan")
coordinator = staff_only(Role.COORDINATOR)
AHEAD = timedelta(days=28)


@blueprint.get("/")
@coordinator
def index() -> ResponseReturnValue:
    """List the weekly classes, and the class hours of the next four weeks."""
    now, sites = outside().now(), site_ids(Role.COORDINATOR)
    sessions = queries.upcoming(sites, now=now, until=now + AHEAD)
    waits = waiting_queries.how_many([session.id for session in sessions])
    return _page("index", series=queries.series(sites), sessions=sessions, waits=waits)


@blueprint.get("/new")
@coordinator
def new() -> ResponseReturnValue:
    """Ask for a weekly class to be offered."""
    trainers = queries.trainers(site_ids(Role.COORDINATOR))
    return _page("new", form=forms.SeriesForm(trainers), has_trainers=bool(trainers))


@blueprint.post("/new")
@coordinator
@unit_of_work()
def offer() -> ResponseReturnValue:
    """Offer a weekly class."""
    now = outside().now()
    form = forms.SeriesForm(queries.trainers(site_ids(Role.COORDINATOR)))

    def add() -> None:
        service.offer(**form.series, now=now, by=me().id)

    if not form.validate() or not attempt(add, form.said_at):
        return _page("new", form=form, has_trainers=True), 422
    flash(_("The weekly class is offered. It can be booked from now on."))
    return redirect(url_for(".index"), 303)


@blueprint.get("/<uuid:session_id>/off")
@coordinator
def ask_to_call_off(session_id: UUID) -> ResponseReturnValue:
    """Ask why a class is called off, and say how many will be told."""
    session = _mine(session_id)
    told = bookings_queries.roster(session)
    return _ask_why(session, len(told), forms.ReasonForm())


@blueprint.post("/<uuid:session_id>/off")
@coordinator
@unit_of_work()
def call_off(session_id: UUID) -> ResponseReturnValue:
    """Call off a class; everybody who holds a place is told by mail."""
    session, form = _mine(session_id), forms.ReasonForm()
    told = len(bookings_queries.roster(session))

    def do() -> None:
        reason = form.reason.data or ""
        bookings.call_off(session, now=outside().now(), by=me().id, reason=reason)

    if not form.validate() or not attempt(do, form.said_at):
        return _ask_why(session, told, form), 422
    flash(
        ngettext(
            "The class is called off. %(num)s person is told by mail.",
            "The class is called off. %(num)s people are told by mail.",
            told,
        )
    )
    return redirect(url_for(".index"), 303)


def _mine(session_id: UUID) -> Session:
    return queries.at_sites(session_id, site_ids(Role.COORDINATOR))


def _ask_why(session: Session, told: int, form: forms.ReasonForm) -> str:
    number = session.site.emergency_number
    return _page("off", session=session, told=told, form=form, emergency_number=number)


def _page(name: str, **more: object) -> str:
    return render_template(
        f"classes/{name}.html",
        now=outside().now(),
        module_name=names.of_module,
        words=wording,
        **more,
    )
