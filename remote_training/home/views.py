"""A participant's own page: when is my class, and where do I press?"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import desk, feed_page, feeds, guard, visits
from remote_training.accounts.guard import public, visitor, visitor_account
from remote_training.accounts.models import Scope
from remote_training.assessments import queries as assessments
from remote_training.bookings import queries as bookings
from remote_training.classes import names
from remote_training.core.db import unit_of_work
from remote_training.outside.world import outside
from remote_training.participants import queries as participants

blueprint = Blueprint("home", __name__, url_prefix="/home")
WEEK = timedelta(days=7)


@blueprint.get("/")
@visitor(Scope.EVERYTHING)
def index() -> ResponseReturnValue:
    """Show everything of her own: the next class, questions, the seven days to come."""
    her, now = participants.of_account(visitor_account().id), outside().now()
    booked = bookings.upcoming(her, now=now)
    held = [booking for booking in booked if not booking.session.is_called_off]
    next_one = held[0] if held else None
    return render_template(
        "home/index.html",
        her=her,
        now=now,
        next=next_one,
        questions=assessments.open_for(her, now=now),
        week=[
            booking
            for booking in booked
            if booking is not next_one and booking.session.starts_at < now + WEEK
        ],
        has_feed=feeds.is_made(her.account_id),
        later=[booking for booking in held[1:] if booking.session.starts_at >= now + WEEK],
        module_name=names.of_module,
        help_phone=her.site.phone,
        emergency_number=her.site.emergency_number,
    )


@blueprint.post("/calendar")
@visitor(Scope.EVERYTHING)
@unit_of_work()
def make_calendar() -> ResponseReturnValue:
    """Make an address for her calendar program; the page that shows it comes next."""
    feed_page.make(visitor_account().id, now=outside().now())
    return redirect(url_for(".calendar"), 303)


@blueprint.get("/calendar")
@visitor(Scope.EVERYTHING)
def calendar() -> ResponseReturnValue:
    """Show the address that was made here a moment ago; after that, her page."""
    her = participants.of_account(visitor_account().id)
    address = feed_page.shown(her.account_id, now=outside().now())
    if address is None:
        return redirect(url_for(".index"), 303)
    return render_template(
        "home/calendar.html",
        address=address,
        help_phone=her.site.phone,
        emergency_number=her.site.emergency_number,
    )


@blueprint.post("/calendar/end")
@visitor(Scope.EVERYTHING)
@unit_of_work()
def end_calendar() -> ResponseReturnValue:
    """Take the address away: her calendar program gets nothing more."""
    feeds.take_away(visitor_account().id, now=outside().now())
    flash(_("Your calendar address has ended. Your classes stay as they are."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/leave")
@public
@unit_of_work()
def leave() -> ResponseReturnValue:
    """End the visit on this device: nothing of hers is shown here until the next link."""
    visit = guard.current_visit()
    if visit is not None:
        visits.end(visit, now=outside().now())
    session.pop(guard.VISITOR_COOKIE, None)
    flash(_("You have left your page. A link in a mail brings you back."))
    return desk.forgetting(redirect(url_for("public.index"), 303))
