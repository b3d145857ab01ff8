"""Which reminders somebody wants: her own page, and the coordinator's for who rings."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import guard
from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only, visitor
from remote_training.accounts.models import Role, Scope
from remote_training.core.db import unit_of_work
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants import wishes
from remote_training.participants.models import Participant, Way
from remote_training.reminders.forms import WishForm
from remote_training.studies.current import study

hers = Blueprint("reminders", __name__, url_prefix="/home/reminders")
desk = Blueprint(
    "reminders_desk", __name__, url_prefix="/staff/people/<uuid:participant_id>/reminders"
)
coordinator = staff_only(Role.COORDINATOR)


@hers.get("/")
@visitor(Scope.REMINDERS)
def show() -> ResponseReturnValue:
    """Ask which reminders she wants, with what holds now."""
    return _her_page(WishForm(wishes.chosen(_her())))


@hers.post("/")
@visitor(Scope.REMINDERS)
@unit_of_work()
def choose() -> ResponseReturnValue:
    """Keep her choice."""
    her = _her()
    form = WishForm(wishes.chosen(her))
    if not form.validate():
        return _her_page(form), 422
    wishes.choose(her, way=Way.PAGE, now=outside().now(), by=her.account_id, **form.choices)
    flash(_("Your choice is kept. You can change it at any time."))
    return redirect(url_for(".show"), 303)


@desk.get("")
@coordinator
def show_of(participant_id: UUID) -> ResponseReturnValue:
    """Show what a participant chose, ready to be set as she tells by telephone."""
    her = _of_my_sites(participant_id)
    return render_template("reminders/desk.html", her=her, form=WishForm(wishes.chosen(her)))


@desk.post("")
@coordinator
@unit_of_work()
def choose_for(participant_id: UUID) -> ResponseReturnValue:
    """Keep what a participant told by telephone."""
    her = _of_my_sites(participant_id)
    form = WishForm(wishes.chosen(her))
    if not form.validate():
        return render_template("reminders/desk.html", her=her, form=form), 422
    wishes.choose(her, way=Way.DESK, now=outside().now(), by=me().id, **form.choices)
    flash(_("Her choice is kept."))
    return redirect(url_for("people.show", participant_id=her.id), 303)


def _her() -> Participant:
    return participants.of_account(guard.visitor_account().id)


def _of_my_sites(participant_id: UUID) -> Participant:
    return participants.by_id(participant_id, site_ids(Role.COORDINATOR))


def _her_page(form: WishForm) -> str:
    site = _her().site
    return render_template(
        "reminders/choose.html",
        form=form,
        now=outside().now(),
        most_per_day=study().reminders.most_per_day,
        sees_everything=guard.sees_everything(),
        help_phone=site.phone,
        emergency_number=site.emergency_number,
    )
