"""The data set, for researchers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from remote_training.accounts import desk, guard
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.core.db import db, unit_of_work
from remote_training.core.words import say
from remote_training.exports import (
    blinding,
    charts,
    dictionary,
    measures,
    parcel,
    pictures,
    queries,
    service,
    titles,
)
from remote_training.exports.errors import NoSuchFormat, TooLarge
from remote_training.exports.extent import Extent
from remote_training.exports.formats import Format
from remote_training.exports.parcel import Order, Tally
from remote_training.outside.world import outside
from remote_training.studies.current import study
from remote_training.studies.load import Study

blueprint = Blueprint("exports", __name__, url_prefix="/staff/data")
MOST_WHILE_WAITING = 250_000  # rows of answers_long: some seconds, and some hundred MB


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
        formats=_formats(of),
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
        kind=_asked_format(),
    )
    app: Any = current_app
    stream = _stream(app._get_current_object(), db.engine, order, record.id)
    headers = {"Content-Disposition": f'attachment; filename="{order.name}.zip"'}
    return Response(stream, mimetype="application/zip", headers=headers)


def _reach() -> Extent:
    return pictures.reach(
        guard.site_ids(Role.RESEARCHER),
        study(),
        shows_arm=guard.sees_arm(),
        now=outside().now(),
    )


def _formats(of: Extent) -> Sequence[Format]:
    """What can be made while somebody waits."""
    is_small = pictures.questions_asked(of) <= MOST_WHILE_WAITING
    return list(Format) if is_small else [Format.CSV]


def _asked_format() -> Format:
    asked = request.form.get("format", Format.CSV.value)
    if asked not in list(Format):
        raise NoSuchFormat(say("There is no data set in this format."))
    kind = Format(asked)
    if kind is not Format.CSV and kind not in _formats(_reach()):
        raise TooLarge(
            say("There is too much for a file in this format on this page. The command makes it.")
        )
    return kind


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


def _stream(app: Flask, engine: Any, order: Order, download_id: UUID) -> Iterator[bytes]:
    tally = Tally()
    yield from parcel.zipped(engine, order, tally)
    with app.app_context(), unit_of_work():
        service.finish(download_id, tally, now=outside().now())
