"""The first page of staff, and their menu."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from remote_training.accounts.desk import remembered_page
from remote_training.accounts.guard import has_role, site_ids, staff_account, staff_only
from remote_training.accounts.models import Role
from remote_training.meetings import overview, silence
from remote_training.messages import queries as messages
from remote_training.outside.world import outside

blueprint = Blueprint("dashboard", __name__, url_prefix="/staff")

ANYBODY: tuple[Role, ...] = ()
PLACES = (
    ("people.index", _l("Participants"), (Role.COORDINATOR,)),
    ("safety.index", _l("Alerts"), (Role.COORDINATOR,)),
    ("trainer.classes", _l("Classes"), (Role.TRAINER, Role.COORDINATOR)),
    ("events.index", _l("Events"), (Role.TRAINER, Role.COORDINATOR)),
    ("week.index", _l("Week"), (Role.TRAINER, Role.COORDINATOR)),
    ("plan.index", _l("Class plan"), (Role.COORDINATOR, Role.TRAINER)),
    ("rooms.index", _l("Rooms"), (Role.COORDINATOR,)),
    ("exports.index", _l("Data"), (Role.RESEARCHER,)),
    ("team.index", _l("Staff"), (Role.ADMINISTRATOR,)),
)


@blueprint.get("/first")
@staff_only()
def index() -> ResponseReturnValue:
    """Lead to the page that was asked for before the sign-in, or the first one they may open."""
    asked_for = remembered_page()
    if asked_for is not None:
        return redirect(asked_for, 303)
    for endpoint, _label, roles in PLACES:
        if has_role(*roles):
            return redirect(url_for(endpoint), 303)
    return render_template("dashboard/empty.html")


def no_mail_since() -> datetime | None:
    """Since when no mail leaves, for those who then have people to ring; None where it does."""
    if not has_role(Role.COORDINATOR, Role.ADMINISTRATOR):
        return None
    return messages.stands_since(now=outside().now())


def rooms_not_ready() -> int:
    """How many classes of the next day have a room that is not right, for who can do something."""
    if not silence.is_possible() or not has_role(Role.COORDINATOR):
        return 0
    sites, now = site_ids(Role.COORDINATOR), outside().now()
    return overview.count(sites, now=now) + silence.count(sites, now=now)


def menu() -> list[tuple[str, str, bool]]:
    """What the member of staff may open: address, label, whether it is this page."""
    if staff_account() is None:
        return []
    here = (request.endpoint or "").split(".")[0]
    return [
        (url_for(endpoint), str(label), endpoint.split(".")[0] == here)
        for endpoint, label, roles in PLACES
        if (roles is ANYBODY or has_role(*roles))
        and (endpoint != "rooms.index" or silence.is_possible())
    ]
