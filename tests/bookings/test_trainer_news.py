"""Trainers hear what somebody else did with their classes: once a deed, if it is still so."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.bookings import changes, trainer_news
from remote_training.bookings.outlook import Scope, Wish
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message, State
from tests import make
from tests.fakes import NOON

WEEK = timedelta(weeks=1)
TUESDAY = date(2026, 12, 1)


@pytest.fixture
def ilse(app):
    return make.trainer(contact=make.contact(name="Ilse Baan", email="ilse@example.org"))


@pytest.fixture
def mats(app):
    return make.trainer(contact=make.contact(name="Mats Baan", email="mats@example.org"))


@pytest.fixture
def carla(app):
    return make.staff(Role.COORDINATOR)


def offered(trainer, by):
    trainer_news.offer(make.plan(trainer=trainer), now=NOON, by=by)
    db.session.commit()
    return list(db.session.scalars(sa.select(Session).order_by(Session.starts_at)))


def change(session, by, *, scope=Scope.ONE, at=time(10), trainer=None, now=NOON):
    wish = Wish(session.on_date, at, trainer or session.trainer, session.places, scope)
    changes.apply(session, wish, now=now, by=by.id, reason="The hall is taken", mark=None)
    db.session.commit()


def call_off(session, by, scope=Scope.ONE):
    changes.call_off(session, scope, now=NOON, by=by.id, reason="The trainer is ill")
    db.session.commit()


def sent(app):
    """What left now, by address: a list of texts."""
    world = app.extensions["outside"]
    world.mail.sent.clear()
    outbox.deliver("w", world)
    found: dict[str, list[str]] = {}
    for mail in world.mail.sent:
        text = mail.get_body(("plain",)).get_content()
        found.setdefault(str(mail["To"]).partition("<")[2].rstrip(">"), []).append(text)
    return found


def lines(text):
    return [line.removeprefix("* ") for line in text.splitlines() if line.startswith("* ")]


def test_a_series_that_a_coordinator_plans_is_one_mail_to_its_trainer(app, ilse, carla):
    offered(ilse, carla.id)
    (text,) = sent(app)["ilse@example.org"]
    assert lines(text) == [
        "Tuesday 1 December, 10:00: this class is yours now",
        "Tuesday 8 December, 10:00: this class is yours now",
        "Tuesday 15 December, 10:00: this class is yours now",
    ]


def test_who_plans_or_changes_her_own_classes_gets_no_mail(app, ilse):
    first, second, third = offered(ilse, ilse.id)
    change(first, ilse, at=time(14))
    call_off(second, ilse)
    assert sent(app) == {}
    change(third, make.staff(Role.COORDINATOR), at=time(14))
    assert list(sent(app)) == ["ilse@example.org"], "somebody else did it"


def test_a_series_that_is_sent_twice_is_told_once(app, ilse, carla):
    plan, id_ = make.plan(trainer=ilse), make.booking().id
    for _ in range(2):
        trainer_news.offer(plan, now=NOON, by=carla.id, series_id=id_)
    db.session.commit()
    assert len(sent(app)["ilse@example.org"]) == 1


def test_classes_that_change_hands_are_told_to_both(app, ilse, mats, carla):
    first, *_rest = offered(ilse, ilse.id)
    change(first, carla, scope=Scope.LATER, trainer=mats)
    told = sent(app)
    assert [line[-21:] for line in lines(told["ilse@example.org"][0])] == [
        "class is no longer yours"[-21:]
    ] * 3
    assert lines(told["mats@example.org"][0])[0] == (
        "Tuesday 1 December, 10:00: this class is yours now"
    )


def test_a_class_that_moves_says_both_times(app, ilse, carla):
    first, *_rest = offered(ilse, ilse.id)
    change(first, carla, at=time(14, 30))
    (text,) = sent(app)["ilse@example.org"]
    assert lines(text) == ["Tuesday 1 December, 14:30: moved, it was Tuesday 1 December, 10:00"]


def test_classes_that_are_called_off_are_told_once_however_often_it_is_pressed(app, ilse, carla):
    first, *_rest = offered(ilse, ilse.id)
    for _ in range(2):
        call_off(first, carla, Scope.LATER)
    (text,) = sent(app)["ilse@example.org"]
    assert len(lines(text)) == 3
    assert all("does not take place" in line for line in lines(text))


def test_more_or_fewer_places_are_no_news(app, ilse, carla):
    first, *_rest = offered(ilse, ilse.id)
    wish = Wish(first.on_date, time(10), ilse, 3)
    changes.apply(first, wish, now=NOON, by=carla.id, reason="", mark=None)
    db.session.commit()
    assert first.places == 3
    assert sent(app) == {}


def test_what_is_no_longer_so_when_it_is_sent_is_left_out(app, ilse, mats, carla):
    first, second, _third = offered(ilse, ilse.id)
    change(first, carla, at=time(14))
    change(first, carla, at=time(10))
    change(second, carla, trainer=mats)
    change(second, carla, trainer=ilse)
    told = sent(app)
    assert [lines(text) for text in told["mats@example.org"]] == [
        ["Tuesday 8 December, 10:00: this class is no longer yours"]
    ]
    assert sorted(lines(text) for text in told["ilse@example.org"]) == [
        ["Tuesday 1 December, 10:00: moved, it was Tuesday 1 December, 14:00"],
        ["Tuesday 8 December, 10:00: this class is yours now"],
    ]
    states = [one.state for one in db.session.scalars(sa.select(Message))]
    assert states.count(State.VOID) == 3


def test_nobody_who_is_booked_is_named(app, ilse, carla):
    first, *_rest = offered(ilse, ilse.id)
    her = make.participant(contact=make.contact(name="Zebulon Canarius"))
    make.booking(participant=her, session=first)
    change(first, carla, at=time(14))
    (text,) = sent(app)["ilse@example.org"]
    assert "Zebulon" not in text
    assert her.study_number not in text


def test_who_is_switched_off_gets_none(app, ilse, carla):
    offered(ilse, carla.id)
    ilse.is_active = False
    db.session.commit()
    assert sent(app) == {}


def test_a_trainer_reads_it_in_their_language_and_zone(app, carla):
    person = make.contact(name="Tess Blom", email="tess@example.org")
    tess = make.trainer(contact=person, language="nl", zone="Australia/Melbourne")
    offered(tess, carla.id)
    (text,) = sent(app)["tess@example.org"]
    assert lines(text)[0].startswith("dinsdag 1 december, 20:00: deze les is nu van u")
