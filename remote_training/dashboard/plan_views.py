"""The class plan: series and their class hours, planned and changed by whoever runs a site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.bookings import changes, outlook, trainer_news, waiting_queries
from remote_training.bookings import queries as bookings_queries
from remote_training.bookings.outlook import Outlook, Scope
from remote_training.classes import clashes, names, queries, service
from remote_training.classes import plan as plans
from remote_training.classes.models import Session
from remote_training.core import reasons
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.core.words import language, reading_as
from remote_training.dashboard import wording
from remote_training.dashboard.plan_forms import CallOffForm, ChangeForm, ScopedForm, SeriesForm
from remote_training.outside.world import outside

blueprint = Blueprint("plan", __name__, url_prefix="/staff/plan")
PLANNERS = (Role.COORDINATOR, Role.TRAINER)
planner = staff_only(*PLANNERS)
AHEAD = timedelta(days=28)
Found = TypeVar("Found")


@blueprint.get("/")
@planner
def index() -> ResponseReturnValue:
    """List the weekly classes, and the class hours of the next four weeks."""
    now, sites = outside().now(), site_ids(*PLANNERS)
    sessions = queries.upcoming(sites, now=now, until=now + AHEAD)
    waits = waiting_queries.how_many([session.id for session in sessions])
    series = queries.series(sites)
    following = queries.next_of([one.id for one in series], now=now)
    return _page("index", series=series, following=following, sessions=sessions, waits=waits)


@blueprint.get("/new")
@planner
def new() -> ResponseReturnValue:
    """Ask for a series of classes to be offered."""
    trainers = queries.trainers(site_ids(*PLANNERS))
    return _page("new", form=SeriesForm(trainers), has_trainers=bool(trainers))


@blueprint.post("/new")
@planner
@unit_of_work()
def offer() -> ResponseReturnValue:
    """Show every class that a series would make; offer it where that was seen."""
    now = outside().now()
    form = SeriesForm(queries.trainers(site_ids(*PLANNERS)))
    if form.is_changed_again:
        return _page("new", form=form, has_trainers=True)
    found = _tried(form, lambda: service.outlook(form.plan, now=now))
    if found is None:
        return _page("new", form=form, has_trainers=True), 422
    if not form.is_saved:
        return _seen(form, found)
    if not attempt(
        lambda: trainer_news.offer(form.plan, now=now, by=me().id, series_id=form.series_id),
        form.said_at,
    ):
        return _seen(form, found), 422
    flash(_("The classes are offered. They can be booked from now on."))
    return redirect(url_for(".index"), 303)


@blueprint.get("/<uuid:session_id>/change")
@planner
def ask_to_change(session_id: UUID) -> ResponseReturnValue:
    """Ask how one class, or all from its day on, are to be."""
    session = _mine(session_id)
    outlook.chosen(session, Scope.ONE, now=outside().now())
    return _ask_how(session, _change_form(session))


@blueprint.post("/<uuid:session_id>/change")
@planner
@unit_of_work()
def change(session_id: UUID) -> ResponseReturnValue:
    """Show what would change and who is told; do it where that was seen."""
    session = _mine(session_id)
    form = _change_form(session)
    if form.is_changed_again:
        return _ask_how(session, form)
    found = _tried(form, lambda: _foreseen(session, form))
    if found is None:
        return _ask_how(session, form), 422
    if not form.is_saved:
        return _weigh(session, form, found)
    is_old = bool(found.changes) and form.mark.data != found.mark
    done = None if is_old else _tried(form, lambda: _change(session, form))
    if done is None:
        return _weigh(session, form, found, is_old=is_old), 409 if is_old else 422
    flash(
        ngettext(
            "Done. %(num)s person is told by mail.",
            "Done. %(num)s people are told by mail.",
            done.people + done.waits,
        )
        if done.changes
        else _("It is so already: nothing was changed.")
    )
    return redirect(url_for(".index"), 303)


@blueprint.get("/<uuid:session_id>/off")
@planner
def ask_to_call_off(session_id: UUID) -> ResponseReturnValue:
    """Ask why a class is called off, and say how many will be told."""
    session = _mine(session_id)
    if session.is_called_off:
        flash(_("This class was called off already. Nobody is told again."))
        return redirect(url_for(".index"), 303)
    return _ask_why(session, CallOffForm())


@blueprint.post("/<uuid:session_id>/off")
@planner
@unit_of_work()
def call_off(session_id: UUID) -> ResponseReturnValue:
    """Call off a class, or show first what goes where all later ones are meant as well."""
    session, form, now = _mine(session_id), CallOffForm(), outside().now()
    if form.is_changed_again:
        return _ask_why(session, form)
    if not form.validate():
        return _ask_why(session, form), 422
    if form.chosen_scope is Scope.LATER and not form.is_saved:
        gone = outlook.chosen(session, Scope.LATER, now=now)
        return _page("off_preview", form=form, gone=gone, **_told(session, gone))
    if session.is_called_off:
        flash(_("This class was called off already. Nobody is told again."))
        return redirect(url_for(".index"), 303)
    reason = form.reason.data or ""
    told = _tried(
        form,
        lambda: changes.call_off(session, form.chosen_scope, now=now, by=me().id, reason=reason),
    )
    if told is None:
        return _ask_why(session, form), 422
    flash(
        ngettext(
            "The class is called off. %(num)s person is told by mail.",
            "The class is called off. %(num)s people are told by mail.",
            told,
        )
        if form.chosen_scope is Scope.ONE
        else ngettext(
            "The classes are called off. %(num)s person is told by mail.",
            "The classes are called off. %(num)s people are told by mail.",
            told,
        )
    )
    return redirect(url_for(".index"), 303)


def _tried(form: SeriesForm | ScopedForm, ask: Callable[[], Found]) -> Found | None:
    """What was asked for, where the form can be taken; else None, and the form says why."""
    found: list[Found] = []
    is_good = form.validate() and attempt(lambda: found.append(ask()), form.said_at)
    return found[0] if is_good else None


def _foreseen(session: Session, form: ChangeForm) -> Outlook:
    """What would change; why is asked before it is shown, where somebody would be told."""
    found = outlook.of(session, form.wish, now=outside().now())
    if found.people or found.waits:
        reasons.needed(form.reason.data)
    return found


def _change(session: Session, form: ChangeForm) -> Outlook:
    now, reason, mark = outside().now(), form.reason.data or "", form.mark.data
    return changes.apply(session, form.wish, now=now, by=me().id, reason=reason, mark=mark)


def _seen(form: SeriesForm, found: plans.Outlook) -> str:
    plan = form.plan
    in_the_way = [clashes.refusals(one.seated, plan.zone) for one in found.coming]
    with reading_as(language(), plan.zone):
        return _page("preview", form=form, plan=plan, found=found, clashes=in_the_way)


def _change_form(session: Session) -> ChangeForm:
    trainers = queries.trainers([session.site_id])
    return ChangeForm(session, trainers, queries.substitutes(session.series_id))


def _ask_how(session: Session, form: ChangeForm) -> str:
    has_later = len(queries.following(session, now=outside().now())) > 1
    number = session.site.emergency_number
    with reading_as(language(), session.zone):
        return _page(
            "change", session=session, form=form, has_later=has_later, emergency_number=number
        )


def _weigh(session: Session, form: ChangeForm, found: Outlook, *, is_old: bool = False) -> str:
    form.mark.raw_data = [found.mark]
    number = session.site.emergency_number
    names_of = {str(key): label for key, label, *_more in form.trainer.iter_choices()}
    with reading_as(language(), session.zone):
        return _page(
            "change_preview", session=session, form=form, found=found, is_old=is_old,
            trainer_names=names_of, emergency_number=number,
        )  # fmt: skip


def _told(session: Session, gone: Sequence[Session]) -> dict[str, object]:
    bookings = bookings_queries.of_sessions([one.id for one in gone])
    held = Counter(booking.session_id for booking in bookings)
    people = len({booking.participant_id for booking in bookings})
    return {
        "session": session,
        "held": held,
        "people": people,
        "emergency_number": session.site.emergency_number,
    }


def _mine(session_id: UUID) -> Session:
    return queries.at_sites(session_id, site_ids(*PLANNERS))


def _ask_why(session: Session, form: CallOffForm) -> str:
    later = queries.following(session, now=outside().now())
    told = len(bookings_queries.roster(session))
    number, has_later = session.site.emergency_number, len(later) > 1
    return _page(
        "off", session=session, told=told, form=form, has_later=has_later, emergency_number=number
    )


def _page(name: str, **more: object) -> str:
    return render_template(
        f"classes/{name}.html",
        now=outside().now(),
        module_name=names.of_module,
        host_name=names.of_host,
        words=wording,
        **more,
    )
