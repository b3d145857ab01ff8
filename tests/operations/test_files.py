"""Files of pages, as the real web serves them."""

from __future__ import annotations

from pathlib import Path

import requests

from benchmarks import people
from benchmarks.measure import served
from remote_training.operations import edge


def test_a_file_comes_with_the_policy_headers_of_pages(tmp_path: Path) -> None:
    with served("wsgi:app", people.environment(f"sqlite:///{tmp_path}/trial.db")) as web:
        answer = requests.get(f"http://127.0.0.1:{web.port}/static/look.css", timeout=10)

    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in edge.HEADERS} == edge.HEADERS
