"""What the server cannot read never reaches the app: it is refused in our words all the same."""

from __future__ import annotations

import io
import socket

import pytest
from gunicorn.http import errors

from remote_training.operations import edge, logs
from remote_training.operations.server import Worker

TOKEN = "a-token-that-opens-her-questions"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(errors.LimitRequestLine(9000, 8190), 414, id="an address beyond all limits"),
        pytest.param(errors.LimitRequestHeaders("too many"), 431, id="too many headers"),
        pytest.param(errors.InvalidRequestLine(f"GET /l/{TOKEN}\xe9"), 400, id="no web address"),
        pytest.param(errors.ConfigurationProblem("SCRIPT_NAME"), 400, id="a header for proxies"),
        pytest.param(ValueError("of ours"), 500, id="a fault of our own"),
    ],
)
def test_what_cannot_be_read_is_refused_in_our_words_and_leaves_no_trace(
    app, request, fault, status
):
    log = io.StringIO()
    logs.configure(log)
    request.addfinalizer(logs.configure)
    worker = Worker.__new__(Worker)
    worker.wsgi = app
    ours, hers = socket.socketpair()
    with ours, hers:
        worker.handle_error(None, ours, ("203.0.113.9", 1), fault)
        ours.close()
        head, page = hers.makefile("rb").read().decode().split("\r\n\r\n", 1)

    assert head.startswith(f"HTTP/1.1 {status} ")
    assert all(f"{name}: {value}" in head for name, value in edge.HEADERS.items())
    assert page.count("<h1>") == 1
    assert '<div lang="en">' in page
    assert '<div lang="nl">' in page
    assert "Naar het begin" in page
    told = page + log.getvalue()
    assert f'"error": "{type(fault).__name__}"' in told
    assert "203.0.113.9" not in told
    assert TOKEN not in told
