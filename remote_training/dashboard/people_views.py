"""The coordinator's participants: list, one person, facts, contact, mails.

Pages that are looked at show no name but the first with an initial, no address and no
number: these are shown by a press that is written down.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import throttle
from remote_training.accounts.desk import me
from remote_training.accounts.guard import sees_arm, site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.assessments import queries as assessments
from remote_training.assessments import states
from remote_training.assessments.timeline import timeline
from remote_training.attendance import courses
from remote_training.attendance.outcomes import Outcome
from remote_training.attendance.queries import short_name
from remote_training.bookings import answers, fit
from remote_training.bookings import queries as bookings
from remote_training.classes import names
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.dashboard import forms, queries, service, wording
from remote_training.dashboard.desk import of_my_sites, sites
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants import service as participants_service
from remote_training.participants import study_numbers, wishes
from remote_training.participants.models import Participant
from remote_training.safety import event_queries as events
from remote_training.safety import event_wording
from remote_training.safety import queries as safety
from remote_training.studies.current import study
from remote_training.studies.schedule import left_out

DAY = timedelta(days=1)

blueprint = Blueprint("people", __name__, url_prefix="/staff/people")
coordinator = staff_only(Role.COORDINATOR)


@blueprint.get("/")
@coordinator
def index() -> ResponseReturnValue:
    """List the participants of the coordinator's sites."""
    typed = request.args.get("number", "")[:40]
    people = queries.people(
        site_ids(Role.COORDINATOR),
        number=typed,
        page=request.args.get("page", 1, type=int),
        now=outside().now(),
    )
    is_slip = bool(typed) and not study_numbers.is_valid(study_numbers.tidy(typed))
    return _page(
        "index",
        people=people,
        typed=typed,
        is_slip=is_slip,
        left_out=left_out(study()),
        alerts=safety.open_by_participant(site_ids(Role.COORDINATOR)),
        events=events.unseen(site_ids(Role.COORDINATOR)),
    )


@blueprint.get("/new")
@coordinator
def new() -> ResponseReturnValue:
    """Ask for the name and contact of a participant to be added."""
    return _page("new", form=forms.EnrolForm(sites(), now=outside().now()))


@blueprint.post("/new")
@coordinator
@unit_of_work()
def add() -> ResponseReturnValue:
    """Add a participant under a random study number; the same form sent again adds nobody."""
    now = outside().now()
    form = forms.EnrolForm(sites(), now=now)
    if not form.validate():
        return _page("new", form=form), 422
    leads_to = redirect(url_for(".show", participant_id=form.row_id), 303)
    if participants.is_known(form.row_id):
        return leads_to
    if not throttle.allow("enrol", str(form.row_id), limit=1, window=DAY, now=now):
        return leads_to

    def enrol() -> None:
        participants_service.enrol(
            site=form.chosen_site, row_id=form.row_id, **form.fields, now=now, by=me().id
        )

    if not attempt(enrol, form.said_at):
        return _page("new", form=form), 422
    flash(_("She was added. A welcome with a link is on its way to her."))
    return leads_to


@blueprint.get("/<uuid:participant_id>/")
@coordinator
def show(participant_id: UUID) -> ResponseReturnValue:
    """Show the facts about a participant, and what happened; not her name and contact."""
    her = of_my_sites(participant_id)
    allocation, now = participants.allocation(her.id), outside().now()
    arm = allocation.arm if allocation is not None else None
    booked, messages = bookings.all_of(her), queries.messages(her)
    return _page(
        "show",
        her=her,
        short_name=short_name(her.contact.name),
        state=queries.state(her, is_allocated=allocation is not None),
        arm=arm if sees_arm() else None,
        shows_arm=sees_arm(),
        bookings=booked,
        says_no=answers.says_no([booking.id for booking in booked]),
        clashes=fit.overlapping([one for one in fit.held(booked) if one.ends_at > now]),
        by_id={str(booking.id): booking for booking in booked},
        course=courses.of(her.id, study=study(), now=now) if booked else None,
        Outcome=Outcome,
        messages=messages,
        needs_care=queries.needs_care(messages),
        alerts=safety.open_by_participant(site_ids(Role.COORDINATOR))[her.id],
        events=events.of_participant(her.id),
        event_words=event_wording,
        timeline=timeline(her, arm, now=now, shows_arm=sees_arm()),
        wish=wishes.chosen(her),
        wishes=wishes.of(her),
        history=queries.history(her, booked, shows_arm=sees_arm()),
    )


@blueprint.get("/<uuid:participant_id>/card")
@blueprint.get("/<uuid:participant_id>/contact")
@coordinator
def back_to_show(participant_id: UUID) -> ResponseReturnValue:
    """Lead back from a page that is only shown by a press."""
    return redirect(url_for(".show", participant_id=of_my_sites(participant_id).id), 303)


@blueprint.post("/<uuid:participant_id>/card")
@coordinator
@unit_of_work()
def card(participant_id: UUID) -> ResponseReturnValue:
    """Show her name and how to reach her, ready to be corrected; the look is written down."""
    her, now = of_my_sites(participant_id), outside().now()
    contact = service.see_card(her, now=now, by=me().id)
    return _page(
        "card", her=her, contact=contact, form=forms.of_contact(her, now=now, is_typed=False)
    )


@blueprint.post("/<uuid:participant_id>/contact")
@coordinator
@unit_of_work()
def correct_contact(participant_id: UUID) -> ResponseReturnValue:
    """Correct her name or how she is reached."""
    her, now = of_my_sites(participant_id), outside().now()
    form = forms.of_contact(her, now=now)
    changed: list[str] = []

    def correct() -> None:
        changed.extend(
            participants_service.correct_contact(her, now=now, by=me().id, **form.fields)
        )

    if not form.validate() or not attempt(correct, form.said_at):
        return _page("card", her=her, contact=her.contact, form=form), 422
    flash(_told(changed))
    return redirect(url_for(".show", participant_id=her.id), 303)


@blueprint.get("/<uuid:participant_id>/facts")
@coordinator
def facts(participant_id: UUID) -> ResponseReturnValue:
    """Show the facts to be filled in or corrected."""
    her = of_my_sites(participant_id)
    return _page("facts", her=her, form=_facts_form(her))


@blueprint.post("/<uuid:participant_id>/facts")
@coordinator
@unit_of_work()
def record(participant_id: UUID) -> ResponseReturnValue:
    """Record facts; what was known before is changed with a reason only."""
    her = of_my_sites(participant_id)
    form = _facts_form(her)

    def write() -> None:
        service.record(her, now=outside().now(), by=me().id, reason=form.reason.data, **form.facts)

    if not form.validate() or not attempt(write, form.said_at):
        return _page("facts", her=her, form=form), 422
    flash(_("This is recorded."))
    return redirect(url_for(".show", participant_id=her.id), 303)


@blueprint.post("/<uuid:participant_id>/link")
@coordinator
@unit_of_work()
def send_link(participant_id: UUID) -> ResponseReturnValue:
    """Send her the welcome with a fresh link once more."""
    her = of_my_sites(participant_id)
    participants_service.send_link_again(her, now=outside().now(), by=me().id)
    flash(_("A mail with a fresh link is on its way to her."))
    return redirect(url_for(".show", participant_id=her.id), 303)


@blueprint.post("/<uuid:participant_id>/messages/<uuid:message_id>/again")
@coordinator
@unit_of_work()
def send_again(participant_id: UUID, message_id: UUID) -> ResponseReturnValue:
    """Send a mail again that may not have arrived."""
    her = of_my_sites(participant_id)
    message = queries.message(message_id, her)
    service.send_again(message, her, now=outside().now(), by=me().id)
    flash(_("This mail is sent again, if it is still of use to her."))
    return redirect(url_for(".show", participant_id=her.id), 303)


@blueprint.post("/<uuid:participant_id>/questions/<uuid:assessment_id>/send")
@coordinator
@unit_of_work()
def send_questions(participant_id: UUID, assessment_id: UUID) -> ResponseReturnValue:
    """Send her a fresh link to questions that are open, as when five tries shut the old one."""
    her, now = of_my_sites(participant_id), outside().now()
    assessment = assessments.of_participant(assessment_id, her)
    if service.send_questions(assessment, now=now, by=me().id):
        flash(_("A mail with a fresh link to the questions is on its way to her."))
    else:
        flash(_("These questions are not open, or their link was sent a moment ago."), "wait")
    return redirect(url_for(".show", participant_id=her.id), 303)


def _facts_form(her: Participant) -> forms.FactsForm:
    allocation = participants.allocation(her.id)
    arm = allocation.arm if allocation is not None else None
    return forms.FactsForm(her, arm, shows_arm=sees_arm())


def _told(changed: list[str]) -> str:
    if "email" in changed:
        return str(
            _("This is corrected. Her old links no longer work; a new one is on its way to her.")
        )
    return str(_("This is corrected.") if changed else _("Nothing was changed."))


def _page(name: str, **more: object) -> str:
    return render_template(
        f"participants/{name}.html",
        now=outside().now(),
        module_name=names.of_module,
        words=wording,
        open_states=states.OPEN,
        **more,
    )
