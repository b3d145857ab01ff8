"""The rooms of the coming classes: which are not ready, why, and what to do."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.classes import names, queries
from remote_training.core.db import unit_of_work
from remote_training.dashboard import room_wording
from remote_training.hooks import queries as hooks
from remote_training.meetings import hosting, overview, silence
from remote_training.outside.world import outside

blueprint = Blueprint("rooms", __name__, url_prefix="/staff/rooms")
coordinator = staff_only(Role.COORDINATOR)


@blueprint.get("/")
@coordinator
def index() -> ResponseReturnValue:
    """List the classes whose room is not ready or not heard of, and messages that were no use."""
    now, sites = outside().now(), site_ids(Role.COORDINATOR)
    return render_template(
        "rooms/index.html",
        found=overview.overview(sites, now=now),
        silent=silence.silent(sites, now=now),
        unused=hooks.unused(sites, now=now),
        now=now,
        words=room_wording,
        module_name=names.of_module,
    )


@blueprint.post("/<uuid:session_id>")
@coordinator
@unit_of_work()
def put_right(session_id: UUID) -> ResponseReturnValue:
    """Try again now, and let what was changed at the provider be made as planned."""
    session = queries.at_sites(session_id, site_ids(Role.COORDINATOR))
    hosting.put_right(session, now=outside().now(), by=me().id)
    flash(_("It is being tried again. Look here once more in a minute."))
    return redirect(url_for(".index"), 303)
