"""One's own account."""

import pytest
import sqlalchemy as sa

from remote_training.accounts import factors
from remote_training.accounts.models import Account, RecoveryCode, Role
from remote_training.audit.models import Entry
from remote_training.core.db import db
from tests import make

OLD, NEW = "purple bicycles sing", "seven quiet harbours"


@pytest.fixture
def ines(app):
    account = make.staff(Role.TRAINER)
    factors.set_password(account, OLD)
    db.session.commit()
    return account


def actions():
    return [row.action for row in db.session.scalars(sa.select(Entry).order_by(Entry.at))]


def test_a_new_password_ends_the_visits_elsewhere(ines, browse_as):
    here, there = browse_as(ines), browse_as(ines)
    answer = here.post("/staff/me/password", data={"old": OLD, "password": NEW})
    assert answer.status_code == 303
    assert here.get("/staff/me/").status_code == 200
    assert there.get("/staff/me/").status_code == 302
    db.session.refresh(ines)
    assert factors.fits(ines.password_hash, NEW)
    assert not factors.fits(ines.password_hash, OLD)
    assert "accounts.change_password" in actions()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a wrong password", NEW, "This is not your password."),
        (OLD, "short", "at least 12 signs"),
        (OLD, "", "Please fill this in."),
    ],
)
def test_what_is_refused_changes_nothing(ines, browse_as, old, new, said):
    here, there = browse_as(ines), browse_as(ines)
    answer = here.post("/staff/me/password", data={"old": old, "password": new})
    assert answer.status_code == 422
    assert said in answer.text
    assert there.get("/staff/me/").status_code == 200
    db.session.refresh(ines)
    assert factors.fits(ines.password_hash, OLD)


def test_whoever_finds_an_open_screen_gets_ten_tries(ines, browse_as):
    here = browse_as(ines)
    for _ in range(10):
        here.post("/staff/me/password", data={"old": "a wrong password", "password": NEW})
    answer = here.post("/staff/me/password", data={"old": OLD, "password": NEW})
    assert "wait a quarter of an hour" in answer.text
    db.session.refresh(ines)
    assert factors.fits(ines.password_hash, OLD)


def test_new_recovery_codes_need_the_password_and_end_the_old_ones(ines, browse_as):
    old = factors.new_recovery_codes(ines)
    db.session.commit()
    here = browse_as(ines)
    assert here.post("/staff/me/recovery-codes", data={"codes-old": "wrong"}).status_code == 422
    assert factors.recovery_codes_left(ines) == 10

    page = here.post("/staff/me/recovery-codes", data={"codes-old": OLD}).text
    assert page.count('<span class="code">') == 10
    assert not any(code in page for code in old)
    assert db.session.scalar(sa.select(sa.func.count(RecoveryCode.id))) == 10
    assert not factors.recovery_code_fits(ines, old[0], now=ines.created_at)


def test_language_and_zone_are_ones_own(ines, browse_as):
    here = browse_as(ines)
    here.post("/staff/me/reading", data={"language": "nl", "zone": "Australia/Melbourne"})
    account = db.session.get_one(Account, ines.id)
    assert (account.language, account.zone) == ("nl", "Australia/Melbourne")
    assert '<html lang="nl"' in here.get("/staff/me/").text


@pytest.mark.parametrize(("language", "zone"), [("xx", "Europe/Amsterdam"), ("en", "Mars/Base")])
def test_no_other_language_or_zone(ines, browse_as, language, zone):
    answer = browse_as(ines).post("/staff/me/reading", data={"language": language, "zone": zone})
    assert answer.status_code == 422
    account = db.session.get_one(Account, ines.id)
    assert (account.language, account.zone) == ("en", "Europe/Amsterdam")


def test_what_is_sent_along_changes_nothing_else(ines, browse_as):
    before = {c.key: getattr(ines, c.key) for c in sa.inspect(Account).column_attrs}
    more = {"is_active": "0", "kind": "participant", "id": "x", "role": "administrator"}
    plain = {"language": "en", "zone": "Europe/Amsterdam"}
    browse_as(ines).post("/staff/me/reading", data=plain | more)
    db.session.refresh(ines)
    assert {c.key: getattr(ines, c.key) for c in sa.inspect(Account).column_attrs} == before
