"""Who may do what: the reviewed matrix, and the app that has to answer as it says."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from remote_training.accounts.guard import public, staff_only, visitor
from remote_training.accounts.models import Scope
from tests import conftest
from tests.access import generate, matrix, people, rows
from tests.access.people import Cast

BY_SIGNATURE = "/hooks/"  # providers only: who is let in stands in tests/hooks/test_signatures.py
GUARDS = ("public", "staff:", "visitor:", "program:")
KEPT_OF_USE = ("attempt", "access_token")  # how often, and when, a program asked


def test_every_route_method_and_role_is_in_the_matrix_and_nothing_else(app: Flask) -> None:
    driven = {
        (method, rule.rule, role) for method, rule in people.routes(app) for role in people.ROLES
    }
    assert set(matrix.read()) == driven


def test_no_line_of_the_matrix_waits_to_be_decided() -> None:
    assert set(matrix.read().values()) == {"allow", "deny"}


def test_a_route_that_nobody_has_looked_at_is_added_as_a_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = matrix.read()
    monkeypatch.setattr(matrix, "FILE", tmp_path / "matrix.csv")
    new = [cell for cell in known if cell[1] == "/home/"]
    matrix.write({cell: "deny" for cell in known if cell not in new})
    generate.main()
    written = matrix.read()
    assert {cell for cell, decision in written.items() if decision == matrix.UNKNOWN} == set(new)
    assert list(written) == list(known), "the order of the lines tells what has changed"


@pytest.mark.parametrize("role", people.ROLES)
def test_the_app_answers_as_the_matrix_says(app: Flask, cast: Cast, role: str) -> None:
    copy, decided, different = rows.keep(), matrix.read(), []
    for method, rule in people.routes(app):
        answer = cast.ask(role, method, rule.rule)
        answered = "allow" if people.is_let_in(method, answer) else "deny"
        if answered != decided[method, rule.rule, role]:
            different.append((method, rule.rule, answer.status))
        if method != "GET" and answered == "allow":
            rows.put_back(copy)
    assert different == []


def test_whatever_is_denied_to_some_is_allowed_to_somebody() -> None:
    allowed = defaultdict(set)
    for (method, route, role), decision in matrix.read().items():
        allowed[method, route].add(role if decision == "allow" else None)
    nobody = [route for _method, route in (at for at, roles in allowed.items() if roles == {None})]
    assert [route for route in nobody if not route.startswith(BY_SIGNATURE)] == []


def test_every_view_wears_exactly_one_guard(tmp_path: Path) -> None:
    app = conftest.new_app(f"sqlite:///{tmp_path}/demo.db", demo=True)
    bare = [
        name
        for name, view in app.view_functions.items()
        if name != "static" and not getattr(view, "guard", "").startswith(GUARDS)
    ]
    assert bare == []
    assert [name for name, view in app.view_functions.items() if _guards(view) > 1] == []


def _guards(view: Any) -> int:
    """How many guards stand one behind the other; a wrapper copies what it wraps says."""
    guards, behind = 0, getattr(view, "__wrapped__", None)
    said, said_behind = getattr(view, "guard", None), getattr(behind, "guard", None)
    guards += said is not None and said is not said_behind
    return guards + (_guards(behind) if behind is not None else 0)


def test_the_counter_of_guards_sees_two_of_them() -> None:
    def view() -> str:
        return ""

    assert _guards(view) == 0
    assert _guards(staff_only()(view)) == 1
    assert _guards(staff_only()(visitor(Scope.JOIN)(lambda: ""))) == 2
    assert _guards(staff_only()(public(lambda: ""))) == 2


@pytest.mark.parametrize("role", people.ROLES)
def test_looking_at_any_page_changes_no_row_of_any_table(app: Flask, cast: Cast, role: str) -> None:
    but = KEPT_OF_USE if role in cast.tokens else ()
    before, changed = rows.everything(but), []
    for method in ("GET", "HEAD"):
        for asked, rule in people.routes(app):
            if asked != "GET":
                continue
            cast.ask(role, method, rule.rule)
            after = rows.everything(but)
            if after != before:
                changed.append((method, rule.rule))
                before = after
    assert changed == []


def test_the_look_at_all_rows_sees_a_row_that_a_form_has_changed(cast: Cast) -> None:
    before = rows.everything()
    cast.ask("participant own", "POST", "/classes/bookings/<uuid:booking_id>/cancel")
    assert rows.everything() != before


@pytest.mark.parametrize(
    "path", ["/HOME/", "/home", "/home/;x", "/%2e%2e/home/", "/staff/people/;x", "/staff/PEOPLE/"]
)
@pytest.mark.parametrize("role", ["anonymous", "permit join only", "trainer"])
def test_an_address_written_otherwise_lets_nobody_in(cast: Cast, role: str, path: str) -> None:
    answer = cast.ask(role, "GET", path, follow_redirects=True)
    assert answer.status_code in (401, 403, 404) or answer.request.path == "/staff/sign-in"


def test_a_method_in_a_header_or_a_field_is_no_method(cast: Cast) -> None:
    before = rows.everything()
    route = "/classes/bookings/<uuid:booking_id>/cancel"
    headers = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
    cast.ask("participant own", "GET", route, headers=headers, query_string={"_method": "POST"})
    assert rows.everything() == before
