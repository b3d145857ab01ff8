"""Two who plan at the same moment: a trainer and a host get one class, and not two.

The negative control looks first and writes after, as a plain form would: it double-books.
"""

import threading
from collections import Counter
from datetime import date

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.classes import clashes, service
from remote_training.classes.models import Session
from remote_training.classes.plan import hours
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.random

THREADS = 8


def race(app, attempt, accounts):
    start, outcomes = threading.Barrier(len(accounts)), []

    def run(account_id):
        with app.app_context():
            start.wait()
            try:
                attempt(account_id)
                outcomes.append("offered")
            except Refused as refusal:
                outcomes.append(type(refusal).__name__)

    threads = [threading.Thread(target=run, args=(one,)) for one in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def plan(account_id):
    return make.plan(trainer=db.session.get_one(Account, account_id), last_on=date(2026, 12, 8))


@unit_of_work()
def offer(account_id):
    service.offer(plan(account_id), now=NOON, by=None)


def overlaps(column):
    """How often a trainer or a host has two classes at one moment."""
    db.session.rollback()  # a new transaction, which sees what the threads wrote
    many = sa.select(sa.func.count(Session.id)).group_by(column, Session.starts_at)
    return sum(count > 1 for count in db.session.scalars(many))


def test_one_trainer_is_given_one_class_of_many_that_are_planned_at_once(app):
    outcomes = race(app, offer, [make.trainer().id] * THREADS)

    assert outcomes == {"offered": 1, "TrainerBusy": THREADS - 1}
    assert overlaps(Session.trainer_id) == 0


def test_three_hosts_hold_three_classes_of_many_that_are_planned_at_once(app):
    outcomes = race(app, offer, [make.trainer().id for _ in range(THREADS)])

    assert outcomes == {"offered": 3, "HostBusy": THREADS - 3}
    assert overlaps(Session.host) == 0


def test_looking_first_and_writing_after_gives_one_host_two_classes(app):
    looked = threading.Barrier(THREADS)

    def attempt(account_id):
        with unit_of_work():
            wanted = plan(account_id)
            seated = clashes.seat(hours(wanted)[0], wanted.site)
            found = [(one.hour.starts_at, one.hour.ends_at, one.hour.host) for one in seated]
        looked.wait()
        with unit_of_work():
            for starts_at, ends_at, host in found:
                db.session.add(
                    Session(
                        on_date=starts_at.date(),
                        site_id=make.site().id,
                        trainer_id=account_id,
                        module="base",
                        language="en",
                        starts_at=starts_at,
                        ends_at=ends_at,
                        places=1,
                        changed_at=NOON,
                        host=host,
                    )
                )

    race(app, attempt, [make.trainer().id for _ in range(THREADS)])
    assert overlaps(Session.host) > 0
