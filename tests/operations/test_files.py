"""Files of pages, as the real web serves them."""

from __future__ import annotations

import http.client
from pathlib import Path

from benchmarks import people
from benchmarks.measure import served
from remote_training.operations import edge


def test_a_file_comes_with_the_policy_headers_of_pages(tmp_path: Path) -> None:
    with served("wsgi:app", people.environment(f"sqlite:///{tmp_path}/trial.db")) as web:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
        connection.request("GET", "/static/look.css")
        answer = connection.getresponse()

    assert answer.status == 200
    assert {name: answer.headers[name] for name in edge.HEADERS} == edge.HEADERS
