"""The invented study: by way of the real services, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from remote_training.assessments.models import Answer
from remote_training.attendance.models import Attendance
from remote_training.attendance.training_models import Trained
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.demo import fill as play
from remote_training.demo import queries, training
from remote_training.demo.fill import NotEmpty
from remote_training.demo.mailbox import DemoMailbox
from remote_training.outside.world import Outside
from remote_training.participants.models import Participant
from tests.conftest import empty, new_app
from tests.fakes import NOON

pytestmark = pytest.mark.timeout(200)


def filled(app, folder: Path, seed: int = 7) -> list[tuple[object, ...]]:
    """Fill in a study; what happened to whom, in an order of its own."""
    world = app.extensions["outside"]
    mailbox = DemoMailbox(folder)
    play.fill(count=16, weeks=1, seed=seed, world=Outside(lambda: NOON, mailbox, world.meetings))
    found = (
        sa.select(Participant.study_number, Session.starts_at, Session.module, Attendance.status)
        .join(Booking, Booking.participant_id == Participant.id)
        .join(Session, Session.id == Booking.session_id)
        .outerjoin(Attendance, Attendance.booking_id == Booking.id)
    )
    return sorted(map(tuple, db.session.execute(found)), key=str)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_same_seed_invents_the_same_study(app, tmp_path):
    first = filled(app, tmp_path / "first")
    empty(app)
    second = filled(app, tmp_path / "second")
    empty(app)
    other = filled(app, tmp_path / "other", seed=8)

    assert first == second
    assert len(first) > 5
    assert other != first


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_invented_trainers_entered_what_was_trained_but_for_the_last_classes(app, tmp_path):
    world = app.extensions["outside"]
    mailbox = DemoMailbox(tmp_path)
    play.fill(count=16, weeks=2, seed=7, world=Outside(lambda: NOON, mailbox, world.meetings))

    there = sa.func.coalesce(Attendance.status, Attendance.machine_status).in_(["attended", "late"])
    found = (
        sa.select(Session.ends_at, Trained.id)
        .join(Booking, Booking.session_id == Session.id)
        .join(Attendance, Attendance.booking_id == Booking.id)
        .outerjoin(Trained, Trained.booking_id == Booking.id)
        .where(there, Session.ends_at < NOON)
    )
    rows = db.session.execute(found).all()
    entered = [row.id is not None for row in rows if NOON - row.ends_at > training.LATER]
    assert len(entered) > 3
    assert all(entered)
    assert any(row.id is None for row in rows)


def test_a_filled_demo_has_a_class_in_ten_minutes_people_in_many_states_and_mails(app, tmp_path):
    filled(app, tmp_path)

    soon = db.session.scalars(sa.select(Session.starts_at).where(Session.starts_at > NOON)).all()
    states = {sentence for who in queries.participants(now=NOON) for sentence in who.what}
    assert sum((starts_at - NOON).total_seconds() == 600 for starts_at in soon) == 2
    assert len(states) >= 4
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) > 0
    assert DemoMailbox(tmp_path).newest(5)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_database_that_holds_people_is_not_filled(app, tmp_path):
    filled(app, tmp_path)

    with pytest.raises(NotEmpty):
        filled(app, tmp_path)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_there_is_no_demo_where_it_is_off(browser):
    assert browser.get("/demo").status_code == 404
    assert browser.get("/demo/mailbox").status_code == 404


def mails_over_all_pages(browser):
    """How many mails the mailbox shows to who presses "Older mails" to the end."""
    count, page = 0, 1
    while True:
        text = browser.get(f"/demo/mailbox?page={page}").text
        count += text.count("<article")
        if "Older mails" not in text:
            return count
        page += 1


def test_where_it_is_on_one_can_be_anybody_and_read_every_mail(tmp_path):
    app = new_app(f"sqlite:///{tmp_path}/demo.db", demo=True, data_dir=tmp_path)
    with app.app_context():
        empty(app)
        filled(app, tmp_path / "mailbox")
        someone = queries.participants(now=NOON)[0]
        browser = app.test_client()
        assert browser.get("/demo").status_code == 200
        name = DemoMailbox(tmp_path / "mailbox").newest(1)[0].name
        for page in ("", "/html", "/raw"):
            assert browser.get(f"/demo/mailbox/{name}{page}").status_code == 200
        assert browser.get("/demo/mailbox/../../secret-key").status_code == 404
        assert mails_over_all_pages(browser) == len(list((tmp_path / "mailbox").glob("*.eml")))
        assert browser.post(f"/demo/be/{someone.account_id}").status_code == 303
        assert browser.get("/home/").status_code == 200
        db.session.remove()
        db.engine.dispose()
