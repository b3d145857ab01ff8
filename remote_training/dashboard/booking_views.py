"""Booking and cancelling for a participant who rings."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.attendance.queries import short_name
from remote_training.bookings import programme, queries, service, waiting_queries
from remote_training.bookings.errors import Misfit
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.core import words
from remote_training.core.db import unit_of_work
from remote_training.dashboard.desk import of_my_sites
from remote_training.outside.world import outside
from remote_training.participants.models import Participant

blueprint = Blueprint("desk", __name__, url_prefix="/staff/people/<uuid:participant_id>/bookings")
coordinator = staff_only(Role.COORDINATOR)


@blueprint.get("/")
@coordinator
def offered(participant_id: UUID) -> ResponseReturnValue:
    """Show what she can book, in the coordinator's time and in hers."""
    her, now = of_my_sites(participant_id), outside().now()
    offers = [offer for offer in queries.offered(her, now=now) if offer.booking is None]
    with words.reading_as(words.language(), her.zone):
        her_zone = words.zone_name(now)
        her_times = {offer.session.id: words.moment(offer.session.starts_at) for offer in offers}
    return _page(
        "offered",
        her,
        offers=offers,
        kept=waiting_queries.kept_for(her, now=now),
        refusal=programme.refusal(her, now=now),
        her_times=her_times,
        her_zone=her_zone,
        brief=_brief,
    )


@blueprint.post("/<uuid:session_id>")
@coordinator
@unit_of_work()
def book(participant_id: UUID, session_id: UUID) -> ResponseReturnValue:
    """Book a class for her, by the same rules as if she did it herself."""
    her = of_my_sites(participant_id)
    session = classes.session(session_id)
    service.book_once(her, session, now=outside().now(), by=me().id)
    flash(_("The class is booked for her. A confirmation is on its way to her."))
    return redirect(url_for("people.show", participant_id=her.id), 303)


@blueprint.get("/<uuid:booking_id>/cancel")
@coordinator
def ask_to_cancel(participant_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Ask once more before her place is given back."""
    her = of_my_sites(participant_id)
    return _page("cancel", her, booking=queries.of_participant(booking_id, her))


@blueprint.post("/<uuid:booking_id>/cancel")
@coordinator
@unit_of_work()
def cancel(participant_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Give her place back."""
    her = of_my_sites(participant_id)
    booking = queries.of_participant(booking_id, her)
    service.cancel(booking, now=outside().now(), by=me().id)
    flash(_("Her place was given back. A mail tells her so."))
    return redirect(url_for("people.show", participant_id=her.id), 303)


def _brief(misfit: Misfit) -> str:
    return words.translated(misfit.brief_to_staff)


def _page(name: str, her: Participant, **more: object) -> str:
    return render_template(
        f"participants/{name}.html",
        her=her,
        short_name=short_name(her.contact.name),
        now=outside().now(),
        module_name=names.of_module,
        **more,
    )
