"""Whose word is taken for where a request comes from."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.conftest import new_app

SAID = {
    "X-Forwarded-For": "203.0.113.9, 192.0.2.7",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Host": "evil.example",
}


@pytest.mark.parametrize(
    ("proxies", "network"),
    [
        pytest.param(0, "127.0.0.1", id="nobody is believed unless told"),
        pytest.param(1, "192.0.2.7", id="one proxy vouches for who is before it"),
    ],
)
def test_where_a_request_comes_from(tmp_path: Path, proxies: int, network: str) -> None:
    app = new_app(f"sqlite:///{tmp_path}/proxies.db", trusted_proxies=proxies)
    seen = []
    app.before_request(lambda: seen.append((request.remote_addr, request.scheme, request.host)))

    app.test_client().get("/health/live", headers=SAID)

    assert seen == [(network, "http", "localhost")]


HOSTS = ["evil.example", "..", "a..b", "xn--", "x" * 64, "[", "<b>", "h:99999", ""]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app with an address of its own."""
    folder = tmp_path_factory.mktemp("hosts")
    return new_app(f"sqlite:///{folder}/trial.db", public_url="https://trial.example.org")


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("path", "status"),
    [("/l/SECRETTOKEN1234567890abcdef", 404), ("/staff", 308), ("/health/live", 200)],
)
def test_the_name_by_which_we_are_called_is_ours(
    trial: Flask, log: StringIO, path: str, status: int, host: str
) -> None:
    environ = EnvironBuilder(path=path).get_environ() | {"HTTP_HOST": host}

    body, told, headers = run_wsgi_app(trial, environ)

    assert told.startswith(f"{status} ")
    assert headers.get("Location", "/staff/") == "/staff/"
    assert headers["Strict-Transport-Security"]
    addresses = re.findall(r"https?://[^/<]*", b"".join(body).decode())
    assert set(addresses) <= {"https://trial.example.org"}
    assert "SECRETTOKEN" not in log.getvalue()


def test_what_breaks_where_nothing_answers_for_it_is_logged_without_its_address(
    tmp_path: Path, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    app = new_app(f"sqlite:///{tmp_path}/broken.db")

    def broken(_error: Exception) -> str:
        raise RuntimeError("Ada Byron")

    app.register_error_handler(Exception, broken)
    app.register_error_handler(404, broken)

    answer = app.test_client().get("/nothing/SECRETTOKEN1234567890abcdef")

    assert answer.status_code == 500
    told = log.getvalue() + "".join(capsys.readouterr())
    assert '"error": "RuntimeError"' in told
    assert "SECRETTOKEN" not in told
    assert "Ada" not in told
