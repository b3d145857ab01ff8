"""Staff come in by password and second factor."""

import re
import statistics
import time
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from remote_training.accounts import factors, guard
from remote_training.accounts.models import Account, BrowserSession, Role
from remote_training.core.db import db
from tests import make

GOOD = "purple bicycles sing"
MAIL = "ines@example.org"
WRONG = "Mail address and password do not fit together."


def member(*, is_set_up=True, email=MAIL, **changes):
    account = make.staff(
        Role.TRAINER, contact=make.contact(name="Ines Baan", email=email), **changes
    )
    factors.set_password(account, GOOD)
    if is_set_up:
        factors.new_secret(account)
        account.totp_confirmed_at = account.created_at
    db.session.commit()
    return account


def password(browser, email=MAIL, typed=GOOD, **more):
    return browser.post("/staff/sign-in", data={"email": email, "password": typed}, **more)


def plain(page):
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page)


def digits(account, clock):
    return pyotp.TOTP(account.totp_secret).at(clock())


def test_password_and_six_digits_lead_to_the_first_page(app, browser, clock):
    ines = member()
    assert browser.get("/staff/").location.endswith("/staff/sign-in")

    answer = password(browser, email="  INES@example.org ")
    assert answer.location.endswith("/staff/second-factor")
    assert browser.get("/staff/classes/").location.endswith("/staff/sign-in")

    answer = browser.post("/staff/second-factor", data={"code": digits(ines, clock)})
    assert answer.location.endswith("/staff/first")
    page = browser.get("/staff/", follow_redirects=True)
    assert page.request.path == "/staff/classes/"
    assert "Ines Baan" in page.text


def test_every_step_has_a_cookie_of_its_own(app, browser, clock):
    ines = member()
    password(browser)
    with browser.session_transaction() as cookie:
        half = cookie[guard.STAFF_COOKIE]
    browser.post("/staff/second-factor", data={"code": digits(ines, clock)})
    with browser.session_transaction() as cookie:
        whole = cookie[guard.STAFF_COOKIE]
    assert half != whole
    ended = sa.select(sa.func.count()).where(BrowserSession.ended_at.is_not(None))
    assert db.session.scalar(ended) == 1

    with browser.session_transaction() as cookie:
        cookie[guard.STAFF_COOKIE] = half
    assert browser.get("/staff/classes/").status_code == 302


def test_nobody_who_has_no_second_factor_does_anything_before_setting_it_up(app, browser, clock):
    ines = member(is_set_up=False)
    assert password(browser).location.endswith("/staff/set-up")
    assert browser.get("/staff/classes/").location.endswith("/staff/sign-in")
    assert browser.get("/staff/second-factor").location.endswith("/staff/sign-in")

    page = browser.get("/staff/set-up").text
    db.session.refresh(ines)
    assert ines.totp_secret in page
    picture = browser.get("/staff/set-up/picture.svg")
    assert picture.content_type.startswith("image/svg+xml")
    assert picture.headers["Cache-Control"] == "no-store"

    assert browser.post("/staff/set-up", data={"code": "000000"}).status_code == 422
    shown = browser.post("/staff/set-up", data={"code": digits(ines, clock)})
    assert shown.status_code == 200
    assert shown.text.count('<span class="code">') == 10
    assert browser.get("/staff/classes/").status_code == 200
    assert browser.get("/staff/set-up/picture.svg").status_code == 302
    assert ines.totp_secret not in browser.get("/staff/me/").text


def test_a_recovery_code_takes_the_place_of_the_digits_once(app, browser, clock):
    ines = member()
    code = factors.new_recovery_codes(ines)[0]
    db.session.commit()
    password(browser)
    assert browser.post("/staff/second-factor", data={"code": code}).status_code == 303
    browser.post("/staff/sign-out")
    password(browser)
    assert browser.post("/staff/second-factor", data={"code": code}).status_code == 401


def test_digits_that_were_used_do_not_open_again(app, browser, clock):
    ines, code = member(), ""
    password(browser)
    code = digits(ines, clock)
    assert browser.post("/staff/second-factor", data={"code": code}).status_code == 303
    other = app.test_client()
    password(other)
    assert other.post("/staff/second-factor", data={"code": code}).status_code == 401
    clock.forward(seconds=30)
    assert other.post("/staff/second-factor", data={"code": digits(ines, clock)}).status_code == 303


def test_the_answer_does_not_tell_who_is_known(app):
    member()
    off = member(email="off@example.org")
    off.is_active = False
    new = make.staff(contact=make.contact(email="new@example.org"))
    make.participant(contact=make.contact(email="her@example.org"))
    db.session.commit()
    assert new.password_hash is None
    answers = set()
    for email in (MAIL, "off@example.org", "new@example.org", "her@example.org", "no@example.org"):
        answer = password(app.test_client(), email=email, typed="a wrong password")
        assert WRONG in answer.text
        assert "Set-Cookie" not in answer.headers or "staff" not in answer.headers["Set-Cookie"]
        answers.add((answer.status_code, plain(answer.text).replace(email, "")))
    assert len(answers) == 1
    assert password(app.test_client(), email="off@example.org").status_code == 401
    assert password(app.test_client()).status_code == 303


def test_an_unknown_address_takes_as_long_as_a_known_one(app):
    member()
    times = {MAIL: [], "no@example.org": []}
    for turn in range(12):
        for email, taken in times.items():
            begun = time.perf_counter()
            environ = {"REMOTE_ADDR": f"192.0.2.{turn}"}
            password(app.test_client(), email, "a wrong password", environ_base=environ)
            taken.append(time.perf_counter() - begun)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


def test_ten_wrong_passwords_and_then_a_quarter_of_an_hour(app, browser, clock):
    member()
    for _ in range(10):
        assert password(browser, typed="a wrong password").status_code == 401
    answer = password(browser)
    assert answer.status_code == 429
    assert "wait a quarter of an hour" in answer.text
    assert answer.headers["Retry-After"] == "900", "the quarter began when she did"

    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    assert password(app.test_client(), environ_base=elsewhere).status_code == 303
    clock.forward(minutes=15)
    assert password(browser).status_code == 303


def test_fifty_tries_from_one_network_whoever_they_are_for(app, clock):
    member()
    for turn in range(50):
        password(app.test_client(), email=f"a{turn}@example.org", typed="a wrong password")
    assert password(app.test_client()).status_code == 429


def test_what_a_proxy_header_says_changes_no_limit(app):
    member()
    statuses = [
        password(
            app.test_client(),
            typed="a wrong password",
            headers={"X-Forwarded-For": f"192.0.2.{turn}", "Forwarded": f"for=192.0.2.{turn}"},
        ).status_code
        for turn in range(11)
    ]
    assert statuses == [401] * 10 + [429]


def test_who_is_right_each_time_is_never_asked_to_wait(app, browser, clock):
    ines = member()
    for _ in range(30):
        assert password(browser).status_code == 303
        clock.forward(seconds=60)
        assert (
            browser.post("/staff/second-factor", data={"code": digits(ines, clock)}).status_code
            == 303
        )


def test_ten_wrong_codes_and_then_a_wait(app, browser, clock):
    ines = member()
    password(browser)
    for _ in range(10):
        assert browser.post("/staff/second-factor", data={"code": "000000"}).status_code == 401
    right = {"code": digits(ines, clock)}
    assert browser.post("/staff/second-factor", data=right).status_code == 429


def test_the_password_alone_is_forgotten_after_ten_minutes(app, browser, clock):
    ines = member()
    password(browser)
    clock.forward(minutes=11)
    answer = browser.post("/staff/second-factor", data={"code": digits(ines, clock)})
    assert answer.status_code == 401
    assert browser.get("/staff/second-factor").status_code == 302


def test_signing_out_ends_every_device_of_hers_at_once_and_nobody_elses(app, browse_as):
    ines = member()
    here, there, other = browse_as(ines), browse_as(ines), browse_as(make.staff(Role.TRAINER))
    answer = here.post("/staff/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert here.get("/staff/classes/").status_code == 302
    assert there.get("/staff/classes/").status_code == 302
    assert other.get("/staff/classes/").status_code == 200


def test_a_stolen_cookie_is_worth_nothing_after_the_sign_out(app, browse_as):
    here = browse_as(member())
    with here.session_transaction() as cookie:
        stolen = cookie[guard.STAFF_COOKIE]
    here.post("/staff/sign-out")
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie[guard.STAFF_COOKIE] = stolen
    assert thief.get("/staff/classes/").status_code == 302


def test_an_account_switched_off_is_out_at_the_next_request(app, browse_as):
    ines = member()
    here = browse_as(ines)
    assert here.get("/staff/classes/").status_code == 200
    ines.is_active = False
    db.session.commit()
    assert here.get("/staff/classes/").status_code == 302


def test_a_visit_lasts_a_working_day(app, browse_as, clock):
    here = browse_as(member())
    clock.moment += timedelta(hours=9, minutes=59)
    assert here.get("/staff/classes/").status_code == 200
    clock.forward(minutes=1)
    assert here.get("/staff/classes/").status_code == 302


@pytest.mark.parametrize("field", ["email", "password"])
def test_an_empty_field_is_named(app, browser, field):
    data = {"email": MAIL, "password": GOOD} | {field: ""}
    answer = browser.post("/staff/sign-in", data=data)
    assert answer.status_code == 422
    assert "Please fill this in." in answer.text


def test_the_fields_let_a_password_manager_do_its_work(browser):
    page = browser.get("/staff/sign-in").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "onpaste" not in page


def test_no_password_is_kept_or_shown(app, browser):
    ines = member()
    page = password(browser, typed="a wrong password")
    assert "a wrong password" not in page.text
    stored = db.session.scalars(sa.select(Account.password_hash)).all()
    assert not any(GOOD in (one or "") for one in stored)
    assert ines.password_hash.startswith("$argon2id$")
