"""The server in front of the app: what it cannot read is refused in our words too.

gunicorn would answer with an English page of its own, and write what it could not read into
its log: an address with a token in it, and the reader's network.
"""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from socket import socket
from typing import Any
from uuid import uuid4

from flask import Flask
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from remote_training.operations import edge, faults

STATUSES = {
    errors.InvalidResponseHeader: 500,
    errors.InvalidResponseHeaderName: 500,
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
    errors.ParseException: 400,
}


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, and our page for what never reaches the app."""

    def handle_error(self, _req: Any, client: socket, _addr: Any, exc: Exception) -> None:
        """Answer with a page in all our languages: whose it is was not read."""
        status = next((code for kind, code in STATUSES.items() if isinstance(exc, kind)), 500)
        request_id = uuid4().hex
        edge.log.warning("unreadable", request_id=request_id, status=status, error=exc)
        edge.REQUESTS.labels("other", "unknown", str(status)).inc()
        try:
            client.sendall(answer(self.wsgi, status).replace(b"REQUEST-ID", request_id.encode()))
        except OSError as gone:
            edge.log.info("unreadable, and gone", request_id=request_id, error=gone)


@lru_cache(maxsize=len(STATUSES))
def answer(app: Flask, status: int) -> bytes:
    """The whole answer, as it goes over the wire."""
    with app.test_request_context("/"):
        page = faults.page_for_everybody(status).encode()
    headers = edge.HEADERS | {
        "Connection": "close",
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(page)),
        "Cache-Control": "no-store",
        "X-Request-ID": "REQUEST-ID",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + page
