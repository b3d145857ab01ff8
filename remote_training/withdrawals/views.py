"""The coordinator records that somebody leaves the trial, or that this was a mistake."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.bookings import leaving
from remote_training.contacts.models import short_name
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.withdrawals import service
from remote_training.withdrawals.forms import LeaveForm, MistakeForm

blueprint = Blueprint(
    "withdrawals", __name__, url_prefix="/staff/people/<uuid:participant_id>/leaving"
)
coordinator = staff_only(Role.COORDINATOR)


@blueprint.get("/")
@coordinator
def ask(participant_id: UUID) -> ResponseReturnValue:
    """Say what would end, and ask since when."""
    her = _her(participant_id)
    return _leave_page(her, _form(her))


@blueprint.post("/")
@coordinator
@unit_of_work()
def leave(participant_id: UUID) -> ResponseReturnValue:
    """Record that this person leaves; all that is to end ends."""
    her = _her(participant_id)
    form, now = _form(her), outside().now()
    is_new: list[bool] = []

    def record() -> None:
        on, reason = form.day, form.reason.data
        is_new.append(service.leave(her, on=on, reason=reason, now=now, by=me().id))

    if not form.validate() or not attempt(record, form.said_at):
        return _leave_page(her, form), 422
    flash(
        _("This is recorded. Booked classes are cancelled, links and mails have ended.")
        if any(is_new)
        else _("This was recorded already, by the press before.")
    )
    return redirect(url_for("people.show", participant_id=her.id), 303)


@blueprint.get("/mistake")
@coordinator
def ask_to_take_back(participant_id: UUID) -> ResponseReturnValue:
    """Ask why it was recorded by mistake."""
    return _page("mistake", _her(participant_id), form=MistakeForm())


@blueprint.post("/mistake")
@coordinator
@unit_of_work()
def take_back(participant_id: UUID) -> ResponseReturnValue:
    """Record that it was a mistake; nothing is booked again, and no link is sent by itself."""
    her, form = _her(participant_id), MistakeForm()

    def record() -> None:
        service.take_back(her, reason=form.reason.data, now=outside().now(), by=me().id)

    if not form.validate() or not attempt(record, form.said_at):
        return _page("mistake", her, form=form), 422
    flash(_("This is taken back. Links from before stay ended: please send the link again."))
    return redirect(url_for("people.show", participant_id=her.id), 303)


def _her(participant_id: UUID) -> Participant:
    return participants.by_id(participant_id, site_ids(Role.COORDINATOR))


def _form(her: Participant) -> LeaveForm:
    return LeaveForm(outside().now().astimezone(ZoneInfo(her.zone)).date())


def _leave_page(her: Participant, form: LeaveForm) -> str:
    booked = leaving.booked(her, now=outside().now())
    waits = leaving.waited_for(her)
    return _page("leave", her, form=form, booked=len(booked), waits=len(waits))


def _page(name: str, her: Participant, **more: object) -> str:
    return render_template(
        f"withdrawals/{name}.html", her=her, short_name=short_name(her.contact.name), **more
    )
