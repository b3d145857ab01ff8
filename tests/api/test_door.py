"""Who may ask: tokens, their end, how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import programs, service
from remote_training.accounts.models import AccessToken, Grant, Role
from remote_training.api import door
from remote_training.core.crypto import token_hash
from remote_training.core.db import db
from tests import make
from tests.api.conftest import PREFIX, Program
from tests.fakes import NOON

DAY = timedelta(days=1)


@pytest.fixture
def iris(app):
    """A coordinator at Utrecht."""
    return make.staff(Role.COORDINATOR)


@pytest.fixture
def hers(app):
    """What a coordinator may ask for."""
    return f"/participants/{make.participant().study_number}/timeline"


def refused(answer, status, word):
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    told = answer.get_json()
    assert (told["status"], told["reason"]) == (status, word)
    assert told["type"].endswith(word)
    assert told["detail"].endswith(".")
    return answer


def test_a_token_opens_what_its_role_opens(program_of, iris, hers):
    program = program_of(iris)
    assert program.get(hers).status_code == 200
    answer = refused(program.get("/codebook"), 403, "other-role")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_the_database_has_the_hash_alone(app, iris):
    token = programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON)
    row = db.session.scalars(sa.select(AccessToken)).one()
    assert row.token_hash == token_hash(token)
    assert token.startswith("rt_")
    assert not any(token in str(value) for value in vars(row).values())


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer\x00", "bearer", "Token rt_x"],
)
def test_without_a_token_it_says_what_is_needed(app, hers, header):
    headers = {} if header is None else {"Authorization": header}
    answer = refused(Program(app).get(hers, headers=headers), 401, "token-needed")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="remote-training"'


@pytest.mark.parametrize("token", ["rt_nothing", "x" * 3000, "\u00e9\u0130", "' OR 1=1 --", "%s"])
def test_a_token_that_never_was_opens_nothing(app, hers, token):
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    answer = refused(Program(app).get(hers, headers=headers), 401, "token-ended")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_any_other_letter_makes_it_another_token(app, iris, hers):
    token = programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON)
    db.session.commit()
    assert Program(app, token).get(hers).status_code == 200
    for at in (0, 3, len(token) // 2, len(token) - 1):
        other = token[:at] + ("a" if token[at] != "a" else "b") + token[at + 1 :]
        assert Program(app, other).get(hers).status_code == 401


def test_a_cookie_lets_no_program_in(browse_as, iris, hers):
    browser = browse_as(iris)
    assert browser.get("/staff/people/").status_code == 200
    refused(browser.get(PREFIX + hers), 401, "token-needed")


def test_a_token_in_the_address_or_a_field_is_not_looked_at(app, program_of, iris, hers):
    token = programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON)
    db.session.commit()
    assert Program(app).get(f"{hers}?access_token={token}").status_code == 401
    answer = Program(app).ask("POST", "/exports/csv", data={"access_token": token})
    assert answer.status_code == 401


def test_a_token_opens_no_page(app, program_of, iris):
    token = programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON)
    db.session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/staff/people/", headers=headers).status_code == 302


def test_it_ends_on_its_day(program_of, iris, hers, clock):
    program = program_of(iris, days=7)
    clock.moment = NOON + 7 * DAY - timedelta(seconds=1)
    assert program.get(hers).status_code == 200
    clock.moment = NOON + 7 * DAY
    refused(program.get(hers), 401, "token-ended")


def test_it_ends_by_the_press_of_its_owner(program_of, browse_as, iris, hers):
    program, other = program_of(iris), program_of(iris)
    row = db.session.scalars(sa.select(AccessToken).order_by(AccessToken.id)).first()
    browse_as(iris).post(f"/staff/me/programs/{row.id}/end")
    answers = sorted(one.get(hers).status_code for one in (program, other))
    assert answers == [200, 401]


def test_it_ends_with_the_account_and_does_not_come_back(program_of, iris, hers):
    program, boss = program_of(iris), make.staff(Role.ADMINISTRATOR)
    assert program.get(hers).status_code == 200
    service.deactivate(iris, now=NOON, by=boss.id, reason="left")
    db.session.commit()
    refused(program.get(hers), 401, "token-ended")
    service.activate(iris, now=NOON, by=boss.id, reason="is back")
    db.session.commit()
    refused(program.get(hers), 401, "token-ended")


def test_it_ends_with_the_role_and_does_not_come_back(program_of, iris, hers):
    program, boss = program_of(iris), make.staff(Role.ADMINISTRATOR)
    given = db.session.scalars(sa.select(Grant).where(Grant.account_id == iris.id)).one()
    service.revoke(given, now=NOON, by=boss.id, reason="another task")
    db.session.commit()
    refused(program.get(hers), 401, "token-ended")
    service.grant(iris, Role.COORDINATOR, make.site(), now=NOON, by=boss.id, reason="again")
    db.session.commit()
    refused(program.get(hers), 401, "token-ended")


def test_a_role_that_is_gone_from_the_table_is_gone_for_the_token(program_of, iris, hers):
    program = program_of(iris)
    db.session.execute(sa.delete(Grant).where(Grant.account_id == iris.id))
    db.session.commit()
    refused(program.get(hers), 401, "token-ended")


def test_losing_one_role_leaves_the_tokens_of_the_other(program_of, hers):
    both, boss = make.staff(Role.COORDINATOR, Role.RESEARCHER), make.staff(Role.ADMINISTRATOR)
    stays, goes = program_of(both), program_of(both, Role.RESEARCHER)
    given = db.session.scalars(
        sa.select(Grant).where(Grant.account_id == both.id, Grant.role == Role.RESEARCHER)
    ).one()
    service.revoke(given, now=NOON, by=boss.id, reason="another task")
    db.session.commit()
    assert stays.get(hers).status_code == 200
    refused(goes.get("/codebook"), 401, "token-ended")


def test_a_second_factor_that_is_taken_away_ends_them(program_of, iris, hers):
    program = program_of(iris)
    for boss in (make.staff(Role.ADMINISTRATOR), make.staff(Role.ADMINISTRATOR)):
        service.reset_second_factor(iris, now=NOON, by=boss.id, reason="telephone lost")
    db.session.commit()
    refused(program.get(hers), 401, "token-ended")


def test_signing_out_everywhere_leaves_programs_at_work(program_of, browse_as, iris, hers):
    program = program_of(iris)
    browse_as(iris).post("/staff/sign-out")
    assert program.get(hers).status_code == 200


def test_people_of_another_site_are_not_found(program_of, iris):
    there = make.participant(site=make.site("melbourne"))
    path = f"/participants/{there.study_number}/timeline"
    refused(program_of(iris).get(path), 404, "not-found")
    other = make.staff(Role.COORDINATOR, at=make.site("melbourne"))
    assert program_of(other).get(path).status_code == 200


def test_whoever_asks_too_often_is_told_how_long_to_wait(
    program_of, iris, hers, clock, monkeypatch
):
    monkeypatch.setattr(door, "PER_MINUTE", 3)
    program, other = program_of(iris), program_of(iris)
    clock.moment = NOON + timedelta(seconds=40)
    assert [program.get(hers).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = refused(program.get(hers), 429, "too-often")
    assert answer.headers["Retry-After"] == "20"
    assert other.get(hers).status_code == 200
    clock.moment = NOON + timedelta(seconds=60)
    assert program.get(hers).status_code == 200


def test_what_is_not_there_and_what_is_not_done_are_problems_too(app, coordinator):
    refused(coordinator.get("/nothing"), 404, "not-found")
    answer = refused(coordinator.ask("PUT", "/codebook"), 405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]
    refused(coordinator.get("/codebook?" + "x" * 5000), 414, "address-too-long")


def test_a_fault_of_ours_is_a_problem_with_a_reference(app, coordinator, hers, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("remote_training.api.views.timeline_of", broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = coordinator.get(hers)
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert answer.get_json()["reference"] == answer.headers["X-Request-ID"]


def test_sentences_are_in_the_language_of_the_owner(program_of, app):
    who = make.staff(Role.COORDINATOR, language="nl")
    told = program_of(who).get("/participants/NOBODY/timeline").get_json()
    assert told["detail"] == "Deze persoon is hier niet."


def test_no_answer_and_no_log_holds_a_token(app, iris, hers, log):
    token = programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON)
    db.session.commit()
    for path in (hers, "/codebook", "/nothing"):
        answer = Program(app, token).get(path)
        assert token not in answer.text + str(answer.headers)
    out = log.getvalue()
    assert "/api/v1/codebook" in out
    assert token not in out
