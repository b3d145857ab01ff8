"""What is counted, added up over all processes that serve."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from remote_training.messages.metrics import Outbox

SHARED = "PROMETHEUS_MULTIPROC_DIR"


def registry() -> CollectorRegistry:
    """The counts of all workers where `gunicorn.conf.py` gave them a folder, else of this one."""
    if SHARED not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    together.register(Outbox())
    return together
