"""The platform made careless on purpose: it says that an answer is kept before it is.

The negative control of `tests/assessments/test_kill.py`.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from wsgi import app as careful

LATER = 0.03  # seconds

_waiting: queue.Queue[dict[str, Any]] = queue.Queue()


def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer at once, and keep it a little later."""
    if environ["REQUEST_METHOD"] != "POST":
        return careful(environ, start)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    _waiting.put({**environ, "wsgi.input": io.BytesIO(body)})
    start("200 OK", [("Content-Type", "application/json")])
    return [b'{"next": "/"}']


def _keep() -> None:
    while True:
        environ = _waiting.get()
        time.sleep(LATER)
        for _part in careful(environ, lambda *_: lambda _data: None):
            continue


threading.Thread(target=_keep, daemon=True).start()
