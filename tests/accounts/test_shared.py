"""What two processes on one database share: limits, roles, visits."""

from datetime import timedelta

import pytest

from remote_training.accounts import guard, service, throttle, visits
from remote_training.accounts.models import Grant, Role
from remote_training.core.db import db, unit_of_work
from tests import make
from tests.conftest import new_app
from tests.fakes import NOON

WINDOW = timedelta(minutes=15)


@pytest.fixture
def another(app):
    """A second process on the same database: an app with nothing in memory of the first."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    second = new_app(url)
    yield second
    with second.app_context():
        db.session.remove()
        db.engine.dispose()


def test_two_processes_count_into_one_limit(app, another):
    allowed = []
    for n in range(8):
        with (app, another)[n % 2].app_context(), unit_of_work():
            allowed.append(throttle.allow("x", "ines", limit=3, window=WINDOW, now=NOON))
    assert allowed == [True] * 3 + [False] * 5


def test_the_eleventh_wrong_password_is_refused_at_either_process(app, another):
    typed = {"email": "ines@example.org", "password": "wrong wrong wrong"}
    asked = [(app, another)[n % 2].test_client() for n in range(12)]
    statuses = []
    for client in asked:
        with client.application.app_context():
            statuses.append(client.post("/staff/sign-in", data=typed).status_code)
    assert statuses == [401] * 10 + [429] * 2


@pytest.mark.parametrize("change", ["grant", "revoke", "deactivate"])
def test_a_change_of_rights_ends_the_visits_on_every_device_and_at_every_process(
    app, another, change
):
    chief = make.staff(Role.ADMINISTRATOR)
    ines = make.staff(Role.COORDINATOR)
    devices = []
    for place in (app, app, another):
        _visit, token = visits.begin(ines, lasts=visits.STAFF_HOURS, now=NOON)
        _visit.second_factor_at = NOON
        db.session.commit()
        device = place.test_client()
        with device.session_transaction() as cookie:
            cookie[guard.STAFF_COOKIE] = token
        devices.append(device)

    def statuses():
        got = []
        for device in devices:
            with device.application.app_context():
                got.append(device.get("/staff/people/").status_code)
        return got

    assert statuses() == [200, 200, 200]
    with unit_of_work():
        told = {"now": NOON, "by": chief.id, "reason": "as agreed"}
        if change == "grant":
            service.grant(ines, Role.TRAINER, make.site(), **told)
        elif change == "revoke":
            service.revoke(db.session.query(Grant).filter_by(account_id=ines.id).one(), **told)
        else:
            service.deactivate(ines, **told)
    assert statuses() == [302, 302, 302]
