"""What only the real web server shows: its files, its bodies, its counts."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from hashlib import sha256

import pytest
import requests

from benchmarks import people
from benchmarks.measure import served
from remote_training.core import migrations
from remote_training.operations import edge


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server with two workers."""
    url = f"sqlite:///{tmp_path_factory.mktemp('web')}/trial.db"
    migrations.upgrade(url)
    with served("wsgi:app", people.environment(url)) as web:
        yield f"http://127.0.0.1:{web.port}"


def test_a_file_comes_with_the_policy_headers_of_pages(web: str) -> None:
    answer = requests.get(f"{web}/static/look.css", timeout=10)

    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in edge.HEADERS} == edge.HEADERS


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("POST", "/static/look.css", {}, 405, id="nothing is sent to a file"),
        pytest.param("GET", "/static/look.css", {"Range": "bytes=999999-"}, 416, id="no such part"),
        pytest.param("GET", "/static/look.css", {"Range": "bytes=0-9"}, 206, id="a part"),
        pytest.param("HEAD", "/static/look.css", {}, 200, id="its headers alone"),
        pytest.param("GET", "/static/nothing.css", {}, 404, id="no such file"),
        pytest.param("GET", "/nothing", {}, 404, id="no such page"),
    ],
)
def test_whoever_answers_the_policy_headers_are_there_once(
    web: str, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = requests.request(method, f"{web}{path}", headers=headers, timeout=10)

    assert answer.status_code == status
    names = [name.lower() for name, _value in answer.raw.headers.items()]
    for name in (*edge.HEADERS, "X-Request-ID", "Cache-Control"):
        assert names.count(name.lower()) == 1, name
    assert (answer.headers["Cache-Control"] == "no-store") is (status >= 400)


def test_a_file_that_did_not_change_is_answered_with_them_too(web: str) -> None:
    before = requests.get(f"{web}/static/look.css", timeout=10)
    since = {"If-Modified-Since": before.headers["Last-Modified"], "X-Request-ID": "of-a-proxy-1"}

    answer = requests.get(f"{web}/static/look.css", headers=since, timeout=10)

    assert answer.status_code == 304
    assert {name: answer.headers[name] for name in edge.HEADERS} == edge.HEADERS
    assert answer.headers["X-Request-ID"] == "of-a-proxy-1"


def test_a_page_asks_for_its_files_by_what_is_in_them(web: str) -> None:
    page = requests.get(f"{web}/", timeout=10).text
    (style,) = re.findall(r'<link rel="stylesheet" href="(.*?)">', page)
    file = requests.get(web + style, timeout=10)

    assert file.status_code == 200
    assert style == f"/static/look.css?v={sha256(file.content).hexdigest()[:12]}"


def test_a_body_that_is_not_sent_as_it_says_is_the_senders_fault(web: str) -> None:
    host, port = web.removeprefix("http://").split(":")
    head = (
        f"POST /language HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(head.encode() + b"zz\r\nabc\r\n")
        answer = line.makefile("rb").read().decode()

    assert answer.startswith("HTTP/1.1 400 ")
    assert "We could not read that" in answer


def test_a_visitor_does_not_say_which_page_is_meant_behind_the_back_of_a_proxy(web: str) -> None:
    answer = requests.get(f"{web}/health/live", headers={"PATH_INFO": "/nowhere"}, timeout=10)
    assert answer.json() == {"status": "live"}


def test_what_one_worker_counts_the_other_tells(web: str) -> None:
    counts = []
    for _ in range(12):
        requests.get(f"{web}/nowhere", timeout=10)
        told = requests.get(f"{web}/metrics", timeout=10).text
        counted = r'requests_total\{method="GET",route="unknown",status="404"\} (\S+)'
        counts.append([float(number) for number in re.findall(counted, told)])

    [first] = counts[0]
    assert counts == [[first + n] for n in range(12)]
    assert "messages_stopped 0.0" in told
