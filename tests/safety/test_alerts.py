"""From an alarming answer to what was done about it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import current_app

from remote_training.accounts.models import Grant, Role
from remote_training.alerts import service as alerts
from remote_training.alerts.models import Alert
from remote_training.assessments import service as assessments
from remote_training.audit.models import Entry
from remote_training.core.crypto import KeyRing
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message, State
from remote_training.participants.models import Participant
from remote_training.reminders import jobs
from remote_training.safety import queries, service
from remote_training.safety.errors import NoteNeeded
from remote_training.safety.models import Handling, Step
from tests import make
from tests.conftest import SECRET
from tests.fakes import NOON, FakeClock, FakeMail

HOUR = timedelta(hours=1)


@pytest.fixture
def carla(app: Any) -> Any:
    """The coordinator of Utrecht."""
    contact = make.contact(name="Carla Desk", email="carla@staff.example.org")
    return make.staff(Role.COORDINATOR, contact=contact)


@pytest.fixture
def alert(carla: Any) -> Alert:
    """An alert about somebody at Utrecht."""
    her = make.participant(contact=make.contact(name="Zebulon Canarius"))
    return raised(her)


def raised(her: Any, key: str = "heard") -> Alert:
    alerts.sound(her, key, occasion_id=uuid4(), said_at=NOON, now=NOON)
    db.session.commit()
    return db.session.scalars(sa.select(Alert).where(Alert.key == key)).one()


def answer9(week_0: Any, value: int, **told: Any) -> None:
    told.setdefault("now", NOON)
    assessments.save(week_0, make.form(week_0, "phq-9"), "phq9", value, **told)
    db.session.commit()


def send(clock: FakeClock) -> None:
    """What the worker does."""
    jobs.plan(clock())
    while outbox.deliver("test", current_app.extensions["outside"]):
        continue


class TestRaising:
    def test_once_for_a_question_of_a_sitting_whatever_she_answers_later(self, carla: Any) -> None:
        her = make.participant()
        week_0 = make.assessment(participant=her, forms=("phq-9",))
        week_6 = make.assessment(participant=her, timepoint="w6", week=6, forms=("phq-9",))
        for minute, value in enumerate((1, 0, 3, 1)):
            answer9(week_0, value, now=NOON + timedelta(minutes=minute))
        assert len(db.session.scalars(sa.select(Alert)).all()) == 1

        answer9(week_6, 1)

        assert len(db.session.scalars(sa.select(Alert)).all()) == 2

    def test_in_the_same_transaction_as_the_answer(self, carla: Any) -> None:
        week_0 = make.assessment(forms=("phq-9",))
        assessments.save(week_0, make.form(week_0, "phq-9"), "phq9", 2, now=NOON)
        assert db.session.scalars(sa.select(Alert)).all()
        db.session.rollback()
        assert not db.session.scalars(sa.select(Alert)).all()
        assert not db.session.scalars(sa.select(Message)).all()

    def test_also_by_an_answer_that_comes_late_and_no_longer_stands(self, carla: Any) -> None:
        week_0 = make.assessment(forms=("phq-9",))
        answer9(week_0, 0, now=NOON + HOUR)
        answer9(week_0, 2, given_at=NOON, now=NOON + 2 * HOUR)
        (row,) = db.session.scalars(sa.select(Alert))
        assert (row.said_at, row.raised_at) == (NOON, NOON + 2 * HOUR)

    def test_many_at_the_same_moment_raise_one(self, app: Any, carla: Any) -> None:
        her = make.participant().id
        new: list[bool] = []

        def sound() -> None:
            with app.app_context(), unit_of_work():
                row = db.session.get_one(Participant, her)
                new.append(alerts.sound(row, "k", occasion_id=uuid4(), said_at=NOON, now=NOON))

        threads = [threading.Thread(target=sound) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(new) == [False] * 7 + [True]


class TestMail:
    def test_goes_once_to_each_coordinator_of_her_site_and_says_nothing_of_her(
        self, alert: Alert, carla: Any, mailbox: FakeMail, clock: FakeClock
    ) -> None:
        second = make.staff(Role.COORDINATOR)
        make.staff(Role.COORDINATOR, at=make.site("melbourne"))
        make.staff(Role.TRAINER)
        make.staff(Role.RESEARCHER, sees_arm=True)
        make.staff(Role.COORDINATOR, is_active=False)
        raised(make.participant(), "another")
        send(clock)
        send(clock)

        to = [str(mail["To"]) for mail in mailbox.sent if "alerts" in str(mail["Subject"])]
        assert [carla.contact.email in one for one in to].count(True) == 2
        assert len(to) == 3  # the first alert came before the second coordinator
        assert any(second.contact.email in one for one in to)
        (mail, *_) = mailbox.to(carla.contact.email)
        assert str(mail["Subject"]) == "Please open the page of alerts"
        words = mail.as_string().lower()
        for secret in ("zebulon", "canarius", "answer", "phq", "suicid", "question", "health"):
            assert secret not in words
        assert alert.participant.study_number.lower() not in words
        assert "/staff/safety/" in words  # the control: it leads there

    def test_comes_again_after_the_hours_of_the_study_until_somebody_has_looked(
        self, alert: Alert, carla: Any, mailbox: FakeMail, clock: FakeClock
    ) -> None:
        counts = []
        for hours in (0, 3, 1, 1, 3, 8):
            clock.forward(hours=hours)
            send(clock)
            counts.append(len(mailbox.to(carla.contact.email)))
        assert counts == [1, 1, 2, 2, 3, 4]

        service.acknowledge(alert, Step.NOT_REACHED, "", by=carla, key=uuid4(), now=clock())
        db.session.commit()
        clock.forward(hours=20)
        send(clock)
        assert len(mailbox.to(carla.contact.email)) == 4

    @pytest.mark.parametrize("change", ["looked at", "role gone", "switched off"])
    def test_is_void_where_it_is_no_longer_wanted(
        self, alert: Alert, carla: Any, mailbox: FakeMail, clock: FakeClock, change: str
    ) -> None:
        if change == "looked at":
            service.acknowledge(alert, Step.REACHED, "", by=carla, key=uuid4(), now=NOON)
        elif change == "role gone":
            db.session.execute(sa.delete(Grant).where(Grant.account_id == carla.id))
        else:
            carla.is_active = False
        db.session.commit()
        send(clock)
        assert mailbox.to(carla.contact.email) == []
        (row,) = db.session.scalars(sa.select(Message).where(Message.kind == "alert_raised"))
        assert row.state is State.VOID


class TestPage:
    def test_shows_study_number_and_since_when_and_takes_what_was_done(
        self, browse_as: Any, alert: Alert, carla: Any, clock: FakeClock
    ) -> None:
        desk, number = browse_as(carla), alert.participant.study_number
        clock.forward(hours=5)
        listed = desk.get("/staff/safety/").text
        assert number in listed
        assert "for 5 hours" in listed
        assert "Zebulon" not in listed
        people = desk.get("/staff/people/").text
        assert "1 alert is open." in people
        assert "alert open" in people
        assert "alert about her is open" in desk.get(f"/staff/people/{alert.participant_id}/").text

        typed = {"step": "reached", "note": "Spoke with her, she is safe.", "key": str(uuid4())}
        for _ in range(2):
            answer = desk.post(f"/staff/safety/{alert.id}/", data=typed)
            assert answer.status_code == 303

        (row,) = db.session.scalars(sa.select(Handling))
        assert (row.step, row.by_id, row.handled_at) == (Step.REACHED, carla.id, clock())
        assert "settled" in desk.get("/staff/safety/").text
        assert "alert is open" not in desk.get("/staff/people/").text
        assert "Spoke with her" in desk.get(f"/staff/safety/{alert.id}/").text
        noted = sa.select(Entry).where(Entry.action == "safety.acknowledge")
        (entry,) = db.session.scalars(noted)
        assert (entry.actor_id, entry.detail) == (carla.id, {"step": "reached"})

    def test_not_reached_leaves_it_open_for_the_next_try(
        self, browse_as: Any, alert: Alert, carla: Any
    ) -> None:
        desk = browse_as(carla)
        typed = {"step": "not_reached", "note": "", "key": str(uuid4())}
        address = f"/staff/safety/{alert.id}/"
        assert "no more mails come about it" in desk.get(address).text
        said = desk.post(address, data=typed, follow_redirects=True).text
        assert "The alert stays open until somebody has been reached. No more mails" in said
        assert "settled" not in said
        assert "not reached yet: try again" in said
        assert "A mail about it comes every 4 hours until the first step" in said
        assert "1 alert is open." in desk.get("/staff/people/").text

    @pytest.mark.parametrize(
        "typed", [{}, {"step": "nothing"}, {"step": "other"}, {"step": "reached", "key": "x"}]
    )
    def test_asks_again_for_what_cannot_be_taken(
        self, browse_as: Any, alert: Alert, carla: Any, typed: dict[str, str]
    ) -> None:
        answer = browse_as(carla).post(f"/staff/safety/{alert.id}/", data=typed)
        assert answer.status_code == 422
        assert db.session.scalars(sa.select(Handling)).all() == []

    def test_another_step_in_the_same_form_is_kept_too_a_second_press_is_not(
        self, browse_as: Any, alert: Alert, carla: Any
    ) -> None:
        typed, desk = {"key": str(uuid4()), "note": ""}, browse_as(carla)
        for step in ("not_reached", "not_reached", "reached", "reached"):
            answer = desk.post(f"/staff/safety/{alert.id}/", data=typed | {"step": step})
            assert answer.status_code == 303
        kept = sorted(row.step for row in db.session.scalars(sa.select(Handling)))
        assert kept == sorted([Step.NOT_REACHED, Step.REACHED])

    def test_is_for_the_coordinators_of_her_site_alone(
        self, browse_as: Any, alert: Alert, carla: Any
    ) -> None:
        page, number = f"/staff/safety/{alert.id}/", alert.participant.study_number
        elsewhere = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))
        assert elsewhere.get(page).status_code == 404
        assert elsewhere.post(page, data={"step": "reached"}).status_code == 404
        assert number not in elsewhere.get("/staff/safety/").text
        for role in (Role.TRAINER, Role.RESEARCHER, Role.ADMINISTRATOR):
            other = browse_as(make.staff(role))
            assert other.get("/staff/safety/").status_code == 403
            assert other.get(page).status_code == 403
        assert browse_as(carla).get(page).status_code == 200


def test_what_is_written_is_sealed_and_sealed_anew_with_a_newer_key(
    app: Any, alert: Alert, carla: Any
) -> None:
    service.acknowledge(alert, Step.OTHER, "Her son was there", by=carla, key=uuid4(), now=NOON)
    db.session.commit()
    (row,) = db.session.scalars(sa.select(Handling))
    assert row.note == "Her son was there"
    assert row.note_sealed is not None
    assert b"son" not in row.note_sealed
    before = app.extensions["keyring"]
    app.extensions["keyring"] = KeyRing(["a-newer-key-that-is-long-enough-to-be-one", SECRET])
    try:
        assert (service.reseal(500), service.reseal(500)) == (1, 0)
        assert row.note == "Her son was there"
    finally:
        app.extensions["keyring"] = before


def test_something_else_needs_words(alert: Alert, carla: Any) -> None:
    with pytest.raises(NoteNeeded):
        service.acknowledge(alert, Step.OTHER, "  ", by=carla, key=uuid4(), now=NOON)


def test_the_list_has_open_ones_first_and_costs_a_constant_number_of_statements(
    alert: Alert, carla: Any, count_queries: list[str]
) -> None:
    her = make.participant()
    others = [raised(her, f"k{n}") for n in range(4)]
    service.acknowledge(alert, Step.REACHED, "", by=carla, key=uuid4(), now=NOON)
    db.session.commit()
    sites = [make.site().id]
    count_queries.clear()
    lines = queries.at_sites(sites, now=NOON)
    assert [line.is_open for line in lines] == [True] * 4 + [False]
    assert {line.alert.id for line in lines[:4]} == {one.id for one in others}
    assert len([s for s in count_queries if s.startswith("SELECT")]) <= 2
