"""A sign-in link opened in another browser than the one that asked: a code to type there."""

import re

import pytest
import sqlalchemy as sa

from remote_training.accounts import asking
from remote_training.accounts.models import BrowserSession
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs
from remote_training.outside.world import outside
from tests import make

HERS = "hers@example.org"


@pytest.fixture
def asked(app, hers, mailbox):
    """Ask for a link in a browser; that browser, and the token that came by mail."""

    def ask():
        browser = app.test_client()
        assert browser.post("/send-link", data={"email": HERS}).status_code == 303
        with unit_of_work():
            asking.answer(now=outside().now())
        jobs.deliver("w", app.extensions["outside"])
        text = mailbox.to(HERS)[-1].get_body(("plain",)).get_content()
        return browser, re.findall(r"/l/([\w-]+)", text)[0]

    return ask


def code_on(page):
    found = re.search(r'class="code">(\d{3}) (\d{3})<', page)
    assert found, page
    return found[1] + found[2]


def visits_begun():
    return db.session.scalar(sa.select(sa.func.count(BrowserSession.id)))


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_in_the_browser_that_asked_the_button_signs_in(asked):
    browser, token = asked()
    assert browser.post(f"/l/{token}").location == "/home/"
    assert browser.get("/home/").status_code == 200


def test_in_another_browser_it_gives_a_code_and_no_visit(app, asked):
    _browser, token = asked()
    elsewhere = app.test_client()
    assert "short code" in elsewhere.get(f"/l/{token}").text
    answer = elsewhere.post(f"/l/{token}")
    assert answer.status_code == 200
    assert len(code_on(answer.text)) == 6
    assert elsewhere.get("/home/").status_code == 401
    assert visits_begun() == 0


def test_the_code_signs_in_the_browser_that_asked_once(app, asked):
    browser, token = asked()
    code = code_on(app.test_client().post(f"/l/{token}").text)
    assert browser.post("/code", data={"code": f"{code[:3]} {code[3:]}"}).location == "/home/"
    assert browser.get("/home/").status_code == 200
    assert browser.post("/code", data={"code": code}).status_code == 422
    assert app.test_client().post(f"/l/{token}").status_code == 410


def test_the_code_is_worth_nothing_in_a_browser_that_did_not_ask(app, asked):
    browser, token = asked()
    elsewhere = app.test_client()
    code = code_on(elsewhere.post(f"/l/{token}").text)
    for stranger in (elsewhere, app.test_client()):
        assert stranger.post("/code", data={"code": code}).status_code == 422
    assert visits_begun() == 0
    assert browser.post("/code", data={"code": code}).status_code == 303


def test_five_wrong_codes_and_the_right_one_comes_too_late(app, asked):
    browser, token = asked()
    code = code_on(app.test_client().post(f"/l/{token}").text)
    for _ in range(5):
        assert browser.post("/code", data={"code": wrong(code)}).status_code == 422
    assert browser.post("/code", data={"code": code}).status_code == 422
    assert visits_begun() == 0


@pytest.mark.parametrize("typed", ["", "abcdef", "0", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_what_is_no_code_opens_nothing(app, asked, typed):
    browser, token = asked()
    app.test_client().post(f"/l/{token}")
    assert browser.post("/code", data={"code": typed}).status_code == 422
    assert visits_begun() == 0


def test_no_code_fits_before_one_was_given(asked):
    browser, _token = asked()
    assert browser.post("/code", data={"code": ""}).status_code == 422
    assert browser.post("/code", data={"code": "000000"}).status_code == 422


def test_a_newer_code_takes_the_place_of_the_one_before_it(app, asked):
    browser, token = asked()
    older = code_on(app.test_client().post(f"/l/{token}").text)
    newer = code_on(app.test_client().post(f"/l/{token}").text)
    if older != newer:
        assert browser.post("/code", data={"code": older}).status_code == 422
    assert browser.post("/code", data={"code": newer}).status_code == 303


def test_a_code_ends_with_its_link(app, asked, clock):
    browser, token = asked()
    code = code_on(app.test_client().post(f"/l/{token}").text)
    clock.forward(minutes=11)
    assert browser.post("/code", data={"code": code}).status_code == 422
    assert visits_begun() == 0


def test_the_code_signs_in_who_she_said_she_is(app, asked):
    sister = make.participant(contact=make.contact(name="Eva Lind", email=HERS))
    browser, token = asked()
    answer = app.test_client().post(f"/l/{token}", data={"who": str(sister.account_id)})
    assert browser.post("/code", data={"code": code_on(answer.text)}).status_code == 303
    [visit] = db.session.scalars(sa.select(BrowserSession)).all()
    assert visit.account_id == sister.account_id


def test_no_code_is_kept_readable(app, asked, all_rows):
    _browser, token = asked()
    code = code_on(app.test_client().post(f"/l/{token}").text)
    assert f"'{code}'" not in repr(all_rows())
