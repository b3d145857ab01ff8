"""Her whole programme in one go: choose weekly classes, look at the weeks, book, see what came."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts.guard import visitor, visitor_account
from remote_training.accounts.models import Scope
from remote_training.bookings import programme_pages, service
from remote_training.bookings.programme_pages import Page
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant

blueprint = Blueprint("programme", __name__, url_prefix="/classes/programme")


@blueprint.get("/")
@visitor(Scope.BOOKINGS)
def choose() -> ResponseReturnValue:
    """Ask which weekly classes she would like to come to."""
    her = _her()
    return _shown(her, programme_pages.choose(her, request.args, now=outside().now()))


@blueprint.get("/weeks")
@visitor(Scope.BOOKINGS)
def weeks() -> ResponseReturnValue:
    """Show week by week what would be booked and what does not fit; looking changes nothing."""
    her = _her()
    return _shown(her, programme_pages.weeks(her, request.args, now=outside().now()))


@blueprint.post("/")
@visitor(Scope.BOOKINGS)
def book() -> ResponseReturnValue:
    """Book all that is ticked, each class for itself; pressed twice, nothing is booked twice."""
    her, now, form = _her(), outside().now(), request.form
    wanted = programme_pages.ids_of(form, "hour")
    if not wanted:
        return _shown(her, programme_pages.weeks(her, form, now=now, is_empty=True))
    service.book_all(her.id, wanted, now=now, by=her.account_id)
    return redirect(url_for(".done", hour=programme_pages.shown_after(form)), 303)


@blueprint.get("/done")
@visitor(Scope.BOOKINGS)
def done() -> ResponseReturnValue:
    """Say which of these classes are hers, which did not fit, and what there is instead."""
    her = _her()
    return _shown(her, programme_pages.done(her, request.args, now=outside().now()))


def _her() -> Participant:
    return participants.of_account(visitor_account().id)


def _shown(her: Participant, page: Page) -> ResponseReturnValue:
    if page.leads_to:
        return redirect(url_for(".done", hour=page.leads_to), 303)
    shown = render_template(
        f"bookings/programme/{page.template}.html",
        layout="base.html",
        here="programme",
        whose={},
        help_phone=her.site.phone,
        emergency_number=her.site.emergency_number,
        **page.given,
    )
    return shown, page.status
