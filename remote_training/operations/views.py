"""Health and metrics; nothing personal."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from remote_training.accounts.guard import public
from remote_training.core import migrations
from remote_training.core.db import db
from remote_training.operations import counts

blueprint = Blueprint("operations", __name__)


@blueprint.get("/health/live")
@public
def live() -> ResponseReturnValue:
    """Say that the process answers."""
    return {"status": "live"}


@blueprint.get("/health/ready")
@public
def ready() -> ResponseReturnValue:
    """Say whether the database answers and has the newest schema; 503 where not."""
    try:
        is_newest = migrations.is_newest(db.session.connection())
    except sa.exc.SQLAlchemyError:
        return {"status": "no database"}, 503
    if not is_newest:
        return {"status": "old schema: run remote-training db upgrade"}, 503
    return {"status": "ready"}


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Give the counters of all workers in the text format of Prometheus."""
    return Response(generate_latest(counts.registry()), content_type=CONTENT_TYPE_LATEST)
