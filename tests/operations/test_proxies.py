"""Whose word is taken for where a request comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import request

from tests.conftest import new_app

SAID = {
    "X-Forwarded-For": "203.0.113.9, 192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
}


@pytest.mark.parametrize(
    ("proxies", "network", "scheme"),
    [
        pytest.param(0, "127.0.0.1", "http", id="nobody is believed unless told"),
        pytest.param(1, "192.0.2.7", "https", id="one proxy vouches for who is before it"),
    ],
)
def test_where_a_request_comes_from(
    tmp_path: Path, proxies: int, network: str, scheme: str
) -> None:
    app = new_app(f"sqlite:///{tmp_path}/proxies.db", trusted_proxies=proxies)
    seen = []
    app.before_request(lambda: seen.append((request.remote_addr, request.scheme, request.host)))

    app.test_client().get("/health/live", headers=SAID)

    assert seen == [(network, scheme, "localhost")]
