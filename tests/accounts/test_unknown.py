"""Tokens that never were: counted by network, for all processes; good ones are not asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from remote_training.accounts import feeds, programs, tokens, tries
from remote_training.accounts.models import AccessToken, Account, LinkKind, Role
from remote_training.core.db import db
from tests import make
from tests.conftest import new_app
from tests.fakes import NOON, FakeClock

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.7"
Ask = Callable[[FlaskClient, str], TestResponse]


def link(browser: FlaskClient, address: str, token: str = "x" * 43) -> TestResponse:
    return browser.get(f"/l/{token}", environ_base={"REMOTE_ADDR": address})


def press(browser: FlaskClient, address: str, token: str = "x" * 43) -> TestResponse:
    return browser.post(f"/l/{token}", environ_base={"REMOTE_ADDR": address})


def unsubscribe(browser: FlaskClient, address: str, token: str = "x" * 43) -> TestResponse:
    form = {"List-Unsubscribe": "One-Click"}
    return browser.post(f"/l/{token}", data=form, environ_base={"REMOTE_ADDR": address})


def calendar(browser: FlaskClient, address: str, token: str = "x" * 43) -> TestResponse:
    return browser.get(f"/calendar/{token}.ics", environ_base={"REMOTE_ADDR": address})


def program(browser: FlaskClient, address: str, token: str = "x" * 43) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return browser.get("/api/v1/codebook", headers=headers, environ_base={"REMOTE_ADDR": address})


WAYS = {
    "a link that is opened": (link, 404),
    "a link that is pressed": (press, 404),
    "a reminder that is stopped": (unsubscribe, 200),
    "a calendar address": (calendar, 404),
    "an access token": (program, 401),
}


def use_up(browser: FlaskClient, ask: Ask = link, address: str = HERE) -> None:
    """All tries of a network."""
    for _ in range(tries.UNKNOWN_PER_NETWORK):
        ask(browser, address)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries: quicker to use up."""
    monkeypatch.setattr(tries, "UNKNOWN_PER_NETWORK", 3)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("way", WAYS)
def test_too_many_that_never_were_are_refused_with_a_sentence_and_when_to_come_back(
    app: Flask, browser: FlaskClient, clock: FakeClock, way: str
) -> None:
    ask, status = WAYS[way]
    clock.moment = NOON + timedelta(minutes=5)
    assert [ask(browser, HERE).status_code for _ in range(4)] == [status] * 3 + [429]
    refused = ask(browser, HERE)
    assert refused.headers["Retry-After"] == "600"
    assert "please wait 10 minutes" in refused.text
    assert ask(browser, ELSEWHERE).status_code == status, "others' addresses are untouched"
    clock.forward(seconds=600)
    assert ask(browser, HERE).status_code == status, "it said the truth"


@pytest.mark.usefixtures("few")
def test_a_hospital_with_one_address_for_all_is_not_shut_out(
    app: Flask, browser: FlaskClient
) -> None:
    """Good tokens pass before the limit and after it, and use nothing up."""
    her, iris = make.participant(), make.staff(Role.RESEARCHER)
    good = tokens.mint(LinkKind.BOOKINGS, her.account_id, now=NOON, expires_at=NOON + timedelta(1))
    feed = feeds.make(her.account_id, now=NOON).rpartition("/")[2].partition(".ics")[0]
    access = _access(iris)
    db.session.commit()

    def all_pass() -> bool:
        asked = [(link, good), (press, good), (calendar, feed), (program, access)]
        return [ask(browser, HERE, token).status_code for ask, token in asked] == [
            200, 303, 200, 200,
        ]  # fmt: skip

    for _ in range(5):
        assert all_pass()
    use_up(browser)
    assert link(browser, HERE).status_code == 429
    assert all_pass()


def test_what_has_ended_is_said_to_have_ended_and_is_not_counted(
    app: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "UNKNOWN_PER_NETWORK", 1)
    her, iris = make.participant(), make.staff(Role.RESEARCHER)
    old = tokens.mint(LinkKind.BOOKINGS, her.account_id, now=NOON, expires_at=NOON)
    access = _access(iris)
    programs.end(db.session.query(AccessToken).one(), now=NOON, by=iris.id)
    db.session.commit()
    for _ in range(3):
        assert link(browser, HERE, old).status_code == 410
        assert program(browser, HERE, access).status_code == 401
    assert link(browser, HERE).status_code == 404


@pytest.mark.usefixtures("few")
def test_two_processes_count_into_one_limit(app: Flask, browser: FlaskClient) -> None:
    second = new_app(app.config["SQLALCHEMY_DATABASE_URI"])
    statuses = []
    for n in range(6):
        place = (app, second)[n % 2]
        with place.app_context():
            statuses.append(link(place.test_client(), HERE).status_code)
    with second.app_context():
        db.session.remove()
        db.engine.dispose()
    assert statuses == [404] * 3 + [429] * 3


@pytest.mark.usefixtures("few")
def test_one_household_of_the_newer_addresses_is_one_network(
    app: Flask, browser: FlaskClient
) -> None:
    asked = [link(browser, f"2001:db8:1:2::{n}").status_code for n in range(1, 5)]
    assert asked == [404] * 3 + [429]
    assert link(browser, "2001:db8:1:3::1").status_code == 404


def _access(account: Account) -> str:
    return programs.make(account.id, "notebook", Role.RESEARCHER, days=30, now=NOON)
