"""How the outbox stands, for /metrics: asked of the database when somebody reads it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from flask import has_app_context
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

from remote_training.core.db import db
from remote_training.messages import queries
from remote_training.outside.world import outside

DATABASE_UP = "1 while the database answers; 0 else, and nothing is told of the outbox"


class Outbox(Collector):
    """Numbers only: nothing here is about a person."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask four questions of the database; say so where it does not answer."""
        if not has_app_context():
            return
        now = outside().now()
        try:
            found = queries.status(now=now)
        except sa.exc.SQLAlchemyError:
            db.session.rollback()
            yield _gauge("database_up", DATABASE_UP, False)
            return
        yield _gauge("database_up", DATABASE_UP, True)
        by_state = GaugeMetricFamily("messages", "Messages by state", labels=["state"])
        for state, count in found.counts.items():
            by_state.add_metric([state], count)
        yield by_state
        yield _gauge("messages_oldest_due_seconds", "Wait of the oldest message that is due",
                     found.oldest_due_seconds)  # fmt: skip
        yield _gauge("messages_stopped", "1 while the queue stands still until somebody resumes it",
                     found.stopped_at is not None)  # fmt: skip
        if found.worker_seen_at is not None:
            silent = (now - found.worker_seen_at).total_seconds()
            yield _gauge("worker_silent_seconds", "Since the last sign of life of any worker",
                         silent)  # fmt: skip

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked at registration."""
        return []


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=float(value))


REGISTRY.register(Outbox())
