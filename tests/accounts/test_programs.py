"""Access tokens by hand: made, shown once, listed, ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import factors, programs
from remote_training.accounts.errors import TooManyTokens, WrongRole, WrongTokenName
from remote_training.accounts.models import AccessToken, Role
from remote_training.audit.models import Entry
from remote_training.core.crypto import token_hash
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON

PASSWORD = "purple bicycles sing"
PAGE = "/staff/me/programs/"
FORM = {"name": "weekly report", "role": "coordinator", "days": "30", "old": PASSWORD}


@pytest.fixture
def iris(app):
    account = make.staff(Role.COORDINATOR)
    factors.set_password(account, PASSWORD)
    db.session.commit()
    return account


def tokens() -> list[AccessToken]:
    return list(db.session.scalars(sa.select(AccessToken)))


def test_a_token_is_shown_once_and_listed_by_its_name(browse_as, iris):
    browser = browse_as(iris)
    made = browser.post(PAGE, data=FORM)
    (token,) = re.findall(r"rt_[\w-]{43}", made.text)
    (row,) = tokens()
    assert row.token_hash == token_hash(token)
    assert row.expires_at == NOON + timedelta(days=30)
    page = browser.get(PAGE).text
    assert "<h3>weekly report" in page
    assert "Not used yet" in page
    assert token not in page
    assert made.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"old": "a wrong password"}, "This is not your password."),
        ({"old": ""}, "Please fill this in."),
        ({"name": "\u200b"}, "Please fill this in."),
        ({"name": "x" * 81}, "Please shorten this to 80 letters."),
        ({"role": "researcher"}, "Please choose one from this list"),
        ({"role": "administrator"}, "Please choose one from this list"),
        ({"days": "3650"}, "Please choose one from this list"),
    ],
)
def test_what_is_refused_makes_no_token(browse_as, iris, changed, said):
    answer = browse_as(iris).post(PAGE, data=FORM | changed)
    assert answer.status_code == 422
    assert said in answer.text
    assert tokens() == []


def test_only_coordinators_and_researchers_have_the_page(browse_as, iris):
    assert "Access for programs" in browse_as(iris).get("/staff/me/").text
    trainer = browse_as(make.staff(Role.TRAINER))
    assert "Access for programs" not in trainer.get("/staff/me/").text
    assert trainer.get(PAGE).status_code == 403


def test_each_role_of_hers_can_be_chosen(browse_as):
    both = make.staff(Role.COORDINATOR, Role.RESEARCHER, Role.TRAINER)
    page = browse_as(both).get(PAGE).text
    assert re.findall(r'<option value="(\w+)"', page)[:2] == ["coordinator", "researcher"]
    assert 'value="trainer"' not in page


def test_a_token_is_ended_by_its_owner_alone_and_once(browse_as, iris):
    programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON)
    db.session.commit()
    (row,) = tokens()
    other = browse_as(make.staff(Role.COORDINATOR))
    assert other.post(f"{PAGE}{row.id}/end").status_code == 404
    browser = browse_as(iris)
    for _ in range(2):
        assert browser.post(f"{PAGE}{row.id}/end").status_code == 303
    db.session.refresh(row)
    assert row.ended_at == NOON
    assert "<h3>weekly report" not in browser.get(PAGE).text
    actions = db.session.scalars(sa.select(Entry.action).order_by(Entry.action)).all()
    assert actions == ["accounts.end_token", "accounts.make_token"]


def test_one_that_has_run_out_says_so(browse_as, iris, clock):
    programs.make(iris.id, "weekly report", Role.COORDINATOR, days=7, now=NOON - timedelta(days=8))
    db.session.commit()
    assert "It has run out" in browse_as(iris).get(PAGE).text


def test_no_more_than_one_can_keep_in_mind(iris, monkeypatch):
    monkeypatch.setattr(programs, "MOST", 2)
    for _ in range(2):
        programs.make(iris.id, "x", Role.COORDINATOR, days=7, now=NOON)
    with pytest.raises(TooManyTokens):
        programs.make(iris.id, "x", Role.COORDINATOR, days=7, now=NOON)
    later = NOON + timedelta(days=7)
    programs.make(iris.id, "x", Role.COORDINATOR, days=7, now=later)


def test_a_role_that_one_has_not_and_a_name_of_nothing_are_refused(iris):
    with pytest.raises(WrongRole):
        programs.make(iris.id, "x", Role.RESEARCHER, days=7, now=NOON)
    with pytest.raises(WrongRole):
        programs.make(make.trainer().id, "x", Role.TRAINER, days=7, now=NOON)
    with pytest.raises(WrongTokenName):
        programs.make(iris.id, "  ", Role.COORDINATOR, days=7, now=NOON)


def test_using_it_is_told_on_the_page(app, browse_as, iris):
    token = programs.make(iris.id, "x", Role.COORDINATOR, days=7, now=NOON)
    db.session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    app.test_client().get("/api/v1/codebook", headers=headers)
    assert "Last used: Tuesday 24 November, 13:00" in browse_as(iris).get(PAGE).text
