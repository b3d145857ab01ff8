"""What every answer carries, and what no request can talk the app into."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from remote_training.messages import jobs
from remote_training.operations import edge
from tests.access import matrix, people, rows
from tests.access.people import Cast
from tests.conftest import new_app
from tests.fakes import FakeMail

HOSTILE = "evil.example.net"
FEED = "/calendar/<feed_token>.ics"  # kept by a program, which asks whether it has changed


@pytest.mark.usefixtures("guarded_forms")
def test_a_form_of_another_site_is_refused_at_every_route(app: Flask, cast: Cast) -> None:
    before, decided = rows.everything(), matrix.read()
    taken = []
    for method, rule in people.routes(app):
        if method == "GET":
            continue
        for role in people.ROLES:
            is_program = role in cast.tokens  # no form of any site can send its header
            if decided[method, rule.rule, role] == "allow" and not is_program:
                form = cast.form(role, rule.rule) | {"ticket": ""}  # which no other site has
                answer = cast.ask(role, method, rule.rule, data=form)
                taken += [(rule.rule, role, answer.status)] if answer.status_code != 400 else []
    assert taken == []
    assert rows.everything() == before


@pytest.mark.usefixtures("guarded_forms")
def test_a_form_sent_as_plain_text_or_json_is_refused(cast: Cast) -> None:
    for kind in ("text/plain", "application/json"):
        answer = cast.ask(
            "participant own",
            "POST",
            "/classes/<uuid:session_id>/book",
            data='{"csrf_token": "x"}',
            content_type=kind,
        )
        assert answer.status_code == 400


@pytest.mark.usefixtures("guarded_forms")
def test_our_own_form_is_taken(app: Flask) -> None:
    browser = app.test_client()
    page = browser.get("/").get_data(as_text=True)
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    answer = browser.post("/send-link", data={"email": "ada@example.org", "csrf_token": token})
    assert answer.status_code == 303


def test_the_cookie_is_for_the_server_alone_and_stays_with_our_own_pages(cast: Cast) -> None:
    answer = cast.ask("anonymous", "POST", "/l/<path:token>")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_cookie_travels_only_over_https_where_the_pages_do(tmp_path: Path) -> None:
    app = new_app(f"sqlite:///{tmp_path}/https.db", public_url="https://trial.example.org")
    assert app.config["SESSION_COOKIE_SECURE"] is True


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Host", "Forwarded"])
def test_the_name_of_another_host_comes_into_no_page(app: Flask, cast: Cast, header: str) -> None:
    value = f"host={HOSTILE}" if header == "Forwarded" else HOSTILE
    telling = []
    for method, rule in people.routes(app):
        if method == "GET":
            for role in ("participant own", "coordinator"):
                answer = cast.ask(role, method, rule.rule, headers={header: value})
                told = answer.get_data(as_text=True) + str(answer.headers)
                telling += [rule.rule] if HOSTILE in told else []
    assert telling == []


@pytest.mark.parametrize("address", ["/staff/people", "/staff/team?page=2"])
def test_an_address_without_its_last_slash_leads_on_whatever_host_was_named(
    app: Flask, address: str
) -> None:
    answer = app.test_client().get(address, headers={"Host": HOSTILE})
    path, _, query = address.partition("?")
    assert answer.status_code == 308
    assert answer.location == f"{path}/" + (f"?{query}" if query else "")


def test_the_name_of_another_host_comes_into_no_mail(
    app: Flask, cast: Cast, mailbox: FakeMail
) -> None:
    route = "/staff/people/<uuid:participant_id>/link"
    headers = {"Host": HOSTILE, "X-Forwarded-Host": HOSTILE}
    assert cast.ask("coordinator", "POST", route, headers=headers).status_code == 303
    jobs.deliver("w", app.extensions["outside"])
    assert mailbox.sent
    for mail in mailbox.sent:
        assert HOSTILE not in mail.as_string()
        assert "http://localhost/l/" in mail.get_body(("plain",)).get_content()  # type: ignore


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example.net",
        "https://evil.example.net",
        "/\\evil.example.net",
        "\\\\evil.example.net",
        "/x\\..\\\\evil.example.net",
        "javascript:alert(1)",
        "///evil.example.net/a",
        "/\t/evil.example.net",
        "/\r\nLocation: https://evil.example.net",
        " //evil.example.net",
        "http:evil.example.net",
        "",
        "evil.example.net",
    ],
)
def test_the_choice_of_a_language_leads_to_no_other_host(app: Flask, back: str) -> None:
    answer = app.test_client().post("/language", data={"language": "nl", "back": back})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_the_choice_of_a_language_leads_back_to_our_own_page(app: Flask) -> None:
    answer = app.test_client().post("/language", data={"language": "nl", "back": "/sent"})
    assert answer.headers["Location"] == "/sent"


@pytest.mark.parametrize("role", ["anonymous", "participant own", "coordinator"])
def test_every_answer_carries_the_policy_headers(app: Flask, cast: Cast, role: str) -> None:
    paths = [(method, rule.rule) for method, rule in people.routes(app)]
    for method, route in [*paths, ("GET", "/nowhere"), ("GET", "/static/look.css")]:
        answer = cast.ask(role, method, route)
        for name in edge.HEADERS:
            assert name in answer.headers, (route, name)
        if route == FEED:
            assert answer.headers["Cache-Control"] == "private"
        elif not route.startswith("/static"):
            assert "no-store" in answer.headers["Cache-Control"], route
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("role", people.ROLES)
def test_ids_that_nobody_has_are_not_found_and_break_nothing(
    app: Flask, cast: Cast, role: str
) -> None:
    nobodys = "00000000-0000-4000-8000-000000000000"
    strange = replace(
        cast,
        values={name: nobodys if "-" in value else value for name, value in cast.values.items()},
    )
    for method, rule in people.routes(app):
        if any(name.endswith("_id") for name in rule.arguments):
            answer = strange.ask(role, method, rule.rule)
            assert not people.is_let_in(method, answer), (rule.rule, answer.status)
