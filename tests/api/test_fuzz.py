"""Whatever comes: a proper status and a problem, never a 500, never another site's data."""

from __future__ import annotations

import json
import os
from ipaddress import ip_address
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_training.accounts.models import Role
from remote_training.api import door, views
from tests import make

ROUNDS = 400 if os.environ.get("SOAK") else 40
SURPRISE = settings(
    max_examples=ROUNDS, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
IDS = st.text(max_size=40) | st.uuids().map(str) | st.sampled_from(["..", "%00", "\ud800", "0"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
PROPER = {200, 201, 308, 400, 401, 403, 404, 405, 409, 413, 414, 415, 422}


@pytest.fixture
def many(monkeypatch):
    """So many requests that nobody is told to wait."""
    monkeypatch.setattr(door, "PER_MINUTE", 1_000_000)
    monkeypatch.setattr(door, "EXPORTS_PER_HOUR", 1_000_000)


def path_of(operation: views.Operation, typed: str) -> str:
    """The path of an operation with something typed in each gap."""
    path = operation.path
    for name in ("study_number", "booking_id", "kind"):
        sent = quote(typed.encode("utf-8", "surrogatepass"), safe="")
        path = path.replace("{" + name + "}", sent)
    return path


def proper(answer: Any) -> bool:
    """Whether an answer is as every answer must be."""
    if answer.status_code < 300:
        return True
    is_problem = answer.mimetype == "application/problem+json"
    return answer.status_code in PROPER and (is_problem or answer.status_code == 308)


@pytest.mark.random
@pytest.mark.usefixtures("many")
def test_no_id_no_body_no_query_and_no_header_breaks_an_address(program_of, app):
    there = make.participant(site=make.site("melbourne"))
    here = make.participant()
    roles = [(Role.COORDINATOR, Role.RESEARCHER)]
    programs = [program_of(make.staff(*pair), role) for pair in roles for role in pair]
    strange: list[Any] = []

    @SURPRISE
    @given(
        IDS | st.just(here.study_number),
        ANYTHING | st.fixed_dictionaries({"session_id": IDS}),
        st.dictionaries(st.sampled_from(["from", "to", "x", "\x00"]), IDS, max_size=3),
        st.sampled_from(["application/json", "text/plain", "application/json; charset=x", "\xff"]),
        st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "TRACE"]),
    )
    def ask(typed: str, sent: Any, query: dict[str, str], kind: str, method: str) -> None:
        body = json.dumps(sent).encode("utf-8", "surrogatepass")
        asked = {k: v.encode("utf-8", "surrogatepass") for k, v in query.items()}
        for program in programs:
            for one in views.OPERATIONS:
                for how in {method, one.method}:
                    answer = program.ask(
                        how, path_of(one, typed), data=body, content_type=kind, query_string=asked
                    )
                    if not proper(answer) or there.study_number in str(answer.headers):
                        strange.append((how, one.path, typed, sent, query, answer.status_code))

    ask()
    assert strange == []


@pytest.mark.random
def test_no_header_of_a_stranger_breaks_the_door(app, coordinator):
    client = app.test_client(use_cookies=False)
    strange: list[Any] = []
    networks = count(int(ip_address("10.0.0.0")))  # one for each: guesses are counted

    @SURPRISE
    @given(
        st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=90)
    )
    def knock(header: str) -> None:
        for value in (header, f"Bearer {header}"):
            answer = client.get(
                "/api/v1/codebook",
                headers={"Authorization": value},
                environ_base={"REMOTE_ADDR": str(ip_address(next(networks)))},
            )
            if answer.status_code != 401 or not proper(answer):
                strange.append((value, answer.status_code))

    knock()
    assert strange == []
    assert coordinator.get("/codebook").status_code == 403, "a token is looked at"


def test_what_is_proper_knows_a_fault_when_it_sees_one(app):
    page = app.test_client().get("/nowhere")
    assert page.status_code == 404
    assert not proper(page), "a page is no answer to a program"
