"""A page of hers that she left on this device, and presses that were on their way by then."""

import threading
from time import sleep

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import BrowserSession
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON


def ended():
    return sa.update(BrowserSession).values(ended_at=NOON)


@pytest.fixture
def in_the_meantime(app):
    """Press in a browser while, at another place, every visit is ended and not committed yet."""

    def press(browser, address):
        answers = []
        with db.engine.connect() as other:
            other.execute(ended())
            pressing = threading.Thread(target=lambda: answers.append(browser.post(address)))
            pressing.start()
            sleep(0.3)  # it may have read who is here, and waits
            other.commit()
            pressing.join()
        return answers[0]

    return press


def test_a_link_pressed_as_she_leaves_opens_no_more_than_the_link_does(
    hers, browse_as, in_the_meantime
):
    browser, token = browse_as(hers.participant), hers.token("bookings")
    assert browser.get("/home/").status_code == 200

    assert in_the_meantime(browser, f"/l/{token}").status_code == 303

    assert browser.get("/classes/").status_code == 200
    assert browser.get("/home/").status_code == 401


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_stands_in_line_as_she_leaves_is_not_done(hers, browse_as, in_the_meantime):
    """On SQLite it may stand there for seconds; PostgreSQL has no such line."""
    browser, session = browse_as(hers.participant), make.session(module="base")

    answer = in_the_meantime(browser, f"/classes/{session.id}/book")

    assert answer.status_code == 401
    db.session.refresh(session)
    assert session.taken == 0
