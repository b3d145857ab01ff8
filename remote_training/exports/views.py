"""The data set, for researchers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from remote_training.accounts import desk, guard
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.core.db import unit_of_work
from remote_training.exports import (
    blinding,
    charts,
    dictionary,
    measures,
    pictures,
    queries,
    sending,
    service,
    titles,
)
from remote_training.exports.extent import Extent
from remote_training.exports.formats import Format
from remote_training.outside.world import outside
from remote_training.studies.current import study
from remote_training.studies.load import Study

blueprint = Blueprint("exports", __name__, url_prefix="/staff/data")


@blueprint.get("")
@staff_only(Role.RESEARCHER)
def index() -> ResponseReturnValue:
    """Show how the trial goes, what is in the data set, and who took it lately."""
    site_ids = guard.site_ids(Role.RESEARCHER)
    sites = queries.sites(site_ids)
    shows_arm = guard.sees_arm()
    seen = blinding.visible(study(), shows_arm=shows_arm)
    of = _reach()
    return render_template(
        "exports/index.html",
        sites=sites,
        shows_arm=shows_arm,
        tables=dictionary.tables(seen, shows_arm=shows_arm),
        title=titles.title,
        rule=titles.rule,
        withheld=[] if shows_arm else _withheld(),
        formats=sending.formats(of),
        all_formats=list(Format),
        completeness=charts.of_completeness(pictures.completeness(of)),
        attendance=charts.of_attendance(pictures.attendance(of, study())) if shows_arm else None,
        **_scores(seen, of),
        downloads=queries.recent([site.code for site in sites], shows_arm=shows_arm),
        me=desk.me().id,
    )


@blueprint.post("")
@staff_only(Role.RESEARCHER)
@unit_of_work()
def download() -> ResponseReturnValue:
    """Send the data set as a zip archive; that it leaves is recorded before it does."""
    order, record = service.collect(
        queries.sites(guard.site_ids(Role.RESEARCHER)),
        shows_arm=guard.sees_arm(),
        now=outside().now(),
        by=desk.me().id,
        kind=sending.asked(request.form.get("format", Format.CSV.value), _reach()),
    )
    return sending.answer(order, record)


def _reach() -> Extent:
    return pictures.reach(
        guard.site_ids(Role.RESEARCHER),
        study(),
        shows_arm=guard.sees_arm(),
        now=outside().now(),
    )


def _scores(seen: Study, of: Extent) -> dict[str, Any]:
    """The picture of one measure: that which was asked for, or the first."""
    offered = measures.measures(seen)
    asked = request.args.get("score", "")
    chosen = next((one for one in offered if one.key == asked), offered[0] if offered else None)
    by_mean = request.args.get("summary") == "mean"
    found: dict[str, Any] = {"measures": offered, "measure": chosen, "by_mean": by_mean}
    found["spreads"] = None
    if chosen is not None and not pictures.is_too_much(of):
        spreads = pictures.spreads(of, chosen, by_mean=by_mean)
        found["spreads"] = charts.of_spreads(spreads, chosen.low, chosen.high)
    return found


def _withheld() -> list[str]:
    """`attendance`, `sessions (module, booked)`."""
    return [
        f"{name} ({', '.join(columns)})" if columns else name
        for name, columns in dictionary.withheld().items()
    ]
