"""Administrators: colleagues of their own sites, for a reason, never themselves."""

import re

import pytest
import sqlalchemy as sa

from remote_training.accounts import factors
from remote_training.accounts.models import Account, Grant, Link, LinkKind, Role
from remote_training.audit.models import Entry
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.outside.world import outside
from tests import make, summary

NEW = {
    "name": "Noor Nieuw",
    "email": "noor@example.org",
    "role": "trainer",
    "site": "utrecht",
    "reason": "Begins in May",
}


@pytest.fixture
def chief(app):
    return make.staff(Role.ADMINISTRATOR)


@pytest.fixture
def ines(app):
    account = make.staff(Role.TRAINER)
    factors.new_secret(account)
    account.totp_confirmed_at = account.created_at
    db.session.commit()
    return account


def grants_of(account):
    found = sa.select(Grant.role).where(Grant.account_id == account.id).order_by(Grant.role)
    return [role.value for role in db.session.scalars(found)]


def noted(action):
    db.session.rollback()
    return db.session.scalars(sa.select(Entry).where(Entry.action == action)).all()


def page(account, what=""):
    return f"/staff/team/{account.id}{what}"


def test_a_colleague_is_invited_chooses_a_password_and_comes_in(app, chief, browse_as, mailbox):
    browse_as(chief).post("/staff/team/new", data=NEW)
    outbox.deliver("test", outside())

    [mail] = mailbox.to("noor@example.org")
    link = re.search(r"/l/\S+", mail.get_body(("plain",)).get_content()).group()
    fresh = app.test_client()
    assert "Noor" in fresh.get(link).text
    answer = fresh.post(link, data={"password": "three green umbrellas"})
    assert answer.location.endswith("/staff/sign-in")
    again = fresh.post(link, data={"password": "three other umbrellas"})
    assert again.status_code == 410

    data = {"email": "noor@example.org", "password": "three green umbrellas"}
    assert fresh.post("/staff/sign-in", data=data).location.endswith("/staff/set-up")
    assert {"accounts.create_staff", "accounts.invite", "accounts.grant"} <= {
        row.action for row in db.session.scalars(sa.select(Entry))
    }
    assert not [e for e in db.session.scalars(sa.select(Entry)) if "noor" in str(e.detail).lower()]


def test_an_invitation_ends_after_three_days_and_after_a_weak_password_does_not(
    app, chief, browse_as, mailbox, clock
):
    browse_as(chief).post("/staff/team/new", data=NEW)
    outbox.deliver("test", outside())
    [mail] = mailbox.sent
    link = re.search(r"/l/\S+", mail.get_body(("plain",)).get_content()).group()
    assert app.test_client().post(link, data={"password": "short"}).status_code == 422
    assert app.test_client().get(link).status_code == 200
    clock.forward(hours=72)
    assert app.test_client().get(link).status_code == 410


@pytest.mark.parametrize("field", ["name", "email", "reason"])
def test_what_is_missing_is_named_and_nobody_added(chief, browse_as, field):
    answer = browse_as(chief).post("/staff/team/new", data=NEW | {field: ""})
    assert answer.status_code == 422
    assert noted("accounts.create_staff") == []


def test_nobody_is_invited_to_another_site(chief, browse_as):
    answer = browse_as(chief).post("/staff/team/new", data=NEW | {"site": "melbourne"})
    assert answer.status_code == 422
    assert noted("accounts.create_staff") == []


def test_somebody_of_another_site_gets_a_role_here_and_no_second_account(app, chief, browse_as):
    jack = make.staff(
        Role.TRAINER, at=make.site("melbourne"), contact=make.contact(email="noor@example.org")
    )
    assert browse_as(chief).get(page(jack)).status_code == 404
    browse_as(chief).post("/staff/team/new", data=NEW | {"role": "coordinator"})
    assert grants_of(jack) == ["coordinator", "trainer"]
    assert noted("accounts.create_staff") == []
    assert browse_as(chief).get(page(jack)).status_code == 200


def test_a_role_given_or_taken_ends_every_visit_at_once(chief, ines, browse_as):
    trainer, boss = browse_as(ines), browse_as(chief)
    data = {"role": "coordinator", "site": "utrecht", "reason": "She helps out"}
    assert boss.post(page(ines, "/grant"), data=data).status_code == 303
    assert trainer.get("/staff/classes/").status_code == 302
    assert grants_of(ines) == ["coordinator", "trainer"]

    trainer = browse_as(ines)
    assert trainer.get("/staff/plan/").status_code == 200
    given = db.session.scalars(sa.select(Grant).where(Grant.role == Role.COORDINATOR)).one()
    boss.post(page(ines, f"/revoke/{given.id}"), data={"reason": "No longer"})
    assert trainer.get("/staff/plan/").status_code == 302
    assert grants_of(ines) == ["trainer"]
    assert [entry.reason for entry in noted("accounts.revoke")] == ["No longer"]
    assert noted("accounts.grant")[-1].actor_id == chief.id


@pytest.mark.parametrize("reason", ["", "\u200b", "x" * 501])
@pytest.mark.parametrize("what", ["/deactivate", "/reset", "/grant"])
def test_a_reason_is_asked_for(chief, ines, browse_as, what, reason):
    data = {"role": "coordinator", "site": "utrecht", "reason": reason}
    answer = browse_as(chief).post(page(ines, what), data=data)
    assert answer.status_code == 422
    assert summary.BOX in answer.text
    assert summary.faults(answer.text) == []
    db.session.refresh(ines)
    assert (ines.is_active, ines.reset_asked_by_id, grants_of(ines)) == (True, None, ["trainer"])


@pytest.mark.parametrize("what", ["/deactivate", "/reset", "/grant"])
def test_nobody_changes_their_own_rights(chief, browse_as, what):
    data = {"role": "coordinator", "site": "utrecht", "reason": "I want to"}
    answer = browse_as(chief).post(page(chief, what), data=data)
    assert answer.status_code == 403
    assert grants_of(chief) == ["administrator"]


def test_an_account_switched_off_is_out_and_on_again_comes_in(chief, ines, browse_as):
    trainer, boss = browse_as(ines), browse_as(chief)
    boss.post(page(ines, "/deactivate"), data={"reason": "Has left"})
    assert trainer.get("/staff/classes/").status_code == 302
    assert browse_as(ines).get("/staff/classes/").status_code == 302
    boss.post(page(ines, "/activate"), data={"reason": "Came back"})
    assert browse_as(ines).get("/staff/classes/").status_code == 200
    assert [len(noted(f"accounts.{verb}")) for verb in ("deactivate", "activate")] == [1, 1]


def test_a_second_factor_is_taken_away_by_two_people(app, chief, ines, browse_as):
    other, trainer = make.staff(Role.ADMINISTRATOR), browse_as(ines)
    first, second = browse_as(chief), browse_as(other)
    why = {"reason": "Her telephone is lost"}

    first.post(page(ines, "/reset"), data=why)
    first.post(page(ines, "/reset"), data=why)
    db.session.refresh(ines)
    assert ines.totp_confirmed_at is not None
    assert trainer.get("/staff/classes/").status_code == 200
    assert "Another administrator has to confirm" in first.get(page(ines)).text

    second.post(page(ines, "/reset"), data=why)
    db.session.refresh(ines)
    assert (ines.totp_sealed, ines.totp_confirmed_at) == (None, None)
    assert trainer.get("/staff/classes/").status_code == 302
    assert {entry.actor_id for entry in noted("accounts.ask_reset")} == {chief.id}
    assert [entry.actor_id for entry in noted("accounts.reset")] == [other.id]


def test_what_touches_the_account_is_not_for_one_of_its_sites_alone(app, chief, ines, browse_as):
    db.session.add(Grant(account_id=ines.id, role=Role.TRAINER, site_id=make.site("melbourne").id))
    db.session.commit()
    for what in ("/deactivate", "/reset", "/invite"):
        answer = browse_as(chief).post(page(ines, what), data={"reason": "I want to"})
        assert answer.status_code == 403
    foreign = db.session.scalars(
        sa.select(Grant).where(Grant.site_id == make.site("melbourne").id)
    ).one()
    answer = browse_as(chief).post(page(ines, f"/revoke/{foreign.id}"), data={"reason": "x"})
    assert answer.status_code == 404
    assert grants_of(ines) == ["trainer", "trainer"]


def test_a_researcher_is_blinded_unless_said_otherwise(chief, ines, browse_as):
    data = {"role": "researcher", "site": "utrecht", "reason": "Analysis"}
    browse_as(chief).post(page(ines, "/grant"), data=data)
    given = db.session.scalars(sa.select(Grant).where(Grant.role == Role.RESEARCHER)).one()
    assert not given.sees_arm
    assert noted("accounts.grant")[-1].detail["sees_arm"] is False


def test_the_list_costs_the_same_for_more_people(app, chief, browse_as, count_queries):
    boss = browse_as(chief)
    counts = []
    for _ in range(2):
        count_queries.clear()
        assert boss.get("/staff/team/").status_code == 200
        counts.append(len(count_queries))
        for _ in range(5):
            make.staff(Role.TRAINER)
    assert counts[0] == counts[1]


def test_the_command_adds_the_first_administrator(app, clock):
    args = ["accounts", "add", "--name", "Ada Beheer", "--email", "ada@example.org"]
    args += ["--role", "administrator", "--site", "utrecht"]
    from remote_training.accounts.cli import accounts

    told = app.test_cli_runner().invoke(accounts, args[1:])
    link = db.session.scalars(sa.select(Link)).one()
    assert told.output.startswith("http://localhost/l/")
    assert link.kind is LinkKind.INVITATION
    account = db.session.scalars(sa.select(Account)).one()
    assert grants_of(account) == ["administrator"]
    page = app.test_client().get(told.output.strip().removeprefix("http://localhost"))
    assert "Ada" in page.text
    assert "Beheer" not in page.text


def test_the_command_refuses_a_site_that_is_not_there(app):
    from remote_training.accounts.cli import accounts

    args = ["add", "--name", "A", "--email", "a@example.org", "--role", "trainer", "--site", "x"]
    told = app.test_cli_runner().invoke(accounts, args)
    assert told.exit_code == 1
    assert db.session.scalar(sa.select(sa.func.count(Account.id))) == 0


def test_role_and_site_of_a_colleague_are_not_if_one_likes(chief, browse_as):
    text = browse_as(chief).get("/staff/team/new").text
    for name in ("role", "site"):
        assert "if you like" not in text.split(f'<label for="{name}">')[1].split("</label>")[0]
