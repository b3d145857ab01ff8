"""A whole programme in one go, for a participant who rings: the same pages, in her time."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts.desk import me
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.attendance.queries import short_name
from remote_training.bookings import programme_pages, service
from remote_training.bookings.programme_pages import Page
from remote_training.core import words
from remote_training.dashboard.desk import of_my_sites
from remote_training.outside.world import outside

blueprint = Blueprint(
    "desk_programme", __name__, url_prefix="/staff/people/<uuid:participant_id>/programme"
)
coordinator = staff_only(Role.COORDINATOR)


@blueprint.get("/")
@coordinator
def choose(participant_id: UUID) -> ResponseReturnValue:
    """Ask which weekly classes she would like to come to."""
    return _shown(participant_id, programme_pages.choose)


@blueprint.get("/weeks")
@coordinator
def weeks(participant_id: UUID) -> ResponseReturnValue:
    """Show week by week what would be booked and what does not fit; looking changes nothing."""
    return _shown(participant_id, programme_pages.weeks)


@blueprint.post("/")
@coordinator
def book(participant_id: UUID) -> ResponseReturnValue:
    """Book all that is ticked for her, by the same rules as if she did it herself."""
    her, now, form = of_my_sites(participant_id), outside().now(), request.form
    wanted = programme_pages.ids_of(form, "hour")
    if not wanted:
        return _shown(participant_id, programme_pages.weeks, is_empty=True)
    service.book_all(her.id, wanted, now=now, by=me().id)
    shown = programme_pages.shown_after(form)
    return redirect(url_for(".done", participant_id=participant_id, hour=shown), 303)


@blueprint.get("/done")
@coordinator
def done(participant_id: UUID) -> ResponseReturnValue:
    """Say which of these classes are hers, which did not fit, and what there is instead."""
    return _shown(participant_id, programme_pages.done)


def _shown(participant_id: UUID, page_of: Callable[..., Page], **more: bool) -> ResponseReturnValue:
    her, form = of_my_sites(participant_id), request.values
    with words.reading_as(words.language(), her.zone):
        page = page_of(her, form, now=outside().now(), **more)
        if page.leads_to:
            done_at = url_for(".done", participant_id=participant_id, hour=page.leads_to)
            return redirect(done_at, 303)
        shown = render_template(
            f"bookings/programme/{page.template}.html",
            layout="staff_base.html",
            here="desk_programme",
            whose={"participant_id": her.id},
            her=her,
            short_name=short_name(her.contact.name),
            **page.given,
        )
    return shown, page.status
