"""A data set on its way to who asked for it: which formats, and the answer that streams it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app

from remote_training.core.db import db, unit_of_work
from remote_training.core.words import say
from remote_training.exports import parcel, pictures, service
from remote_training.exports.errors import NoSuchFormat, TooLarge
from remote_training.exports.extent import Extent
from remote_training.exports.formats import Format
from remote_training.exports.models import Download
from remote_training.exports.parcel import Order, Tally
from remote_training.outside.world import outside

MOST_WHILE_WAITING = 250_000  # rows of answers_long: some seconds, and some hundred MB


def formats(of: Extent) -> Sequence[Format]:
    """What can be made while somebody waits."""
    is_small = pictures.questions_asked(of) <= MOST_WHILE_WAITING
    return list(Format) if is_small else [Format.CSV]


def asked(name: str, of: Extent) -> Format:
    """The format of this name. Raises `NoSuchFormat`, or `TooLarge` where it would take long."""
    if name not in list(Format):
        raise NoSuchFormat(say("There is no data set in this format."))
    kind = Format(name)
    if kind is not Format.CSV and kind not in formats(of):
        raise TooLarge(
            say("There is too much for a file in this format on this page. The command makes it.")
        )
    return kind


def answer(order: Order, record: Download) -> Response:
    """The zip archive, as it is made; when the last byte has left, that is recorded."""
    app: Any = current_app
    stream = _stream(app._get_current_object(), db.engine, order, record.id)
    headers = {"Content-Disposition": f'attachment; filename="{order.name}.zip"'}
    return Response(stream, mimetype="application/zip", headers=headers)


def _stream(app: Flask, engine: Any, order: Order, download_id: UUID) -> Iterator[bytes]:
    tally = Tally()
    yield from parcel.zipped(engine, order, tally)
    with app.app_context(), unit_of_work():
        service.finish(download_id, tally, now=outside().now())
