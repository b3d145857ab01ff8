"""How gunicorn serves the platform, in `dev.py run` and in production.

What is said on gunicorn's command line goes before what stands here.
"""

from __future__ import annotations

import os
import shutil
import tempfile

COUNTS = "PROMETHEUS_MULTIPROC_DIR"  # where each worker counts, and `/metrics` adds up

preload_app = True
control_socket_disable = True  # it would lie in the home of the account, one for all instances
worker_class = "remote_training.operations.server.Worker"
workers = 2
threads = 16
limit_request_line = 8190  # gunicorn's largest; edge.LONGEST_ADDRESS is well below
forwarder_headers = "NONE-MAY"  # else a visitor beside us could say PATH_INFO and SCRIPT_NAME

made = "" if COUNTS in os.environ else tempfile.mkdtemp(prefix="remote-training-counts-")
if made:
    os.environ[COUNTS] = made


def child_exit(_server: object, worker: object) -> None:
    """Forget what only a living worker counts."""
    from prometheus_client.multiprocess import mark_process_dead  # looks for the folder at import

    mark_process_dead(worker.pid)  # type: ignore[attr-defined]


def on_exit(_server: object) -> None:
    """Leave nothing behind."""
    if made:
        shutil.rmtree(made, ignore_errors=True)
