"""The data set, for researchers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from remote_training.accounts import guard
from remote_training.accounts.guard import staff_only
from remote_training.accounts.models import Role
from remote_training.core.db import db, unit_of_work
from remote_training.exports import dictionary, parcel, queries, service
from remote_training.exports.parcel import Order, Tally
from remote_training.outside.world import outside
from remote_training.studies.current import study

blueprint = Blueprint("exports", __name__, url_prefix="/staff/data")


@blueprint.get("")
@staff_only(Role.RESEARCHER)
def index() -> ResponseReturnValue:
    """Say what is in the data set, blinded or not, and who took it lately."""
    site_ids = guard.site_ids(Role.RESEARCHER)
    sites = queries.sites(site_ids)
    shows_arm = guard.sees_arm()
    me = guard.staff_account()
    return render_template(
        "exports/index.html",
        sites=sites,
        shows_arm=shows_arm,
        files=dictionary.files(shows_arm=shows_arm),
        withheld=[] if shows_arm else _withheld(),
        counts=queries.counts(site_ids, study(), shows_arm=shows_arm),
        fewest=queries.FEWEST_SHOWN,
        downloads=queries.recent([site.code for site in sites]),
        me=me.id if me is not None else None,
    )


@blueprint.post("")
@staff_only(Role.RESEARCHER)
@unit_of_work()
def download() -> ResponseReturnValue:
    """Send the data set as a zip archive; that it leaves is recorded before it does."""
    account = guard.staff_account()
    assert account is not None
    order, record = service.collect(
        queries.sites(guard.site_ids(Role.RESEARCHER)),
        shows_arm=guard.sees_arm(),
        now=outside().now(),
        by=account.id,
    )
    app: Any = current_app
    stream = _stream(app._get_current_object(), db.engine, order, record.id)
    headers = {"Content-Disposition": f'attachment; filename="{order.name}.zip"'}
    return Response(stream, mimetype="application/zip", headers=headers)


def _withheld() -> list[str]:
    """`attendance.csv`, `sessions.csv (module, booked)`."""
    return [
        f"{name} ({', '.join(columns)})" if columns else name
        for name, columns in dictionary.withheld().items()
    ]


def _stream(app: Flask, engine: Any, order: Order, download_id: UUID) -> Iterator[bytes]:
    tally = Tally()
    yield from parcel.zipped(engine, order, tally)
    with app.app_context(), unit_of_work():
        service.finish(download_id, tally, now=outside().now())
