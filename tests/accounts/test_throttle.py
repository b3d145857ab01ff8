"""The counter of tries: one for all processes, with nothing in it that names anybody."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import throttle
from remote_training.accounts.models import Attempt
from remote_training.core.db import db, unit_of_work
from tests.fakes import NOON

HOUR = timedelta(hours=1)


def allow(who="ada@example.org", now=NOON, limit=3):
    with unit_of_work():
        return throttle.allow("link", who, limit=limit, window=HOUR, now=now)


def test_three_of_five_are_within_a_limit_of_three(app):
    assert [allow() for _ in range(5)] == [True, True, True, False, False]
    assert allow("bea@example.org")


def test_the_next_window_begins_anew(app):
    assert not [allow() for _ in range(4)][-1]
    assert allow(now=NOON + HOUR)


def test_what_was_right_is_taken_back(app):
    for _ in range(3):
        allow()
    with unit_of_work():
        throttle.forgive("link", "ada@example.org", window=HOUR, now=NOON)
    assert allow()
    assert not allow()


def test_a_key_holds_neither_an_address_nor_a_network(app):
    allow("ada@example.org")
    allow("192.0.2.7")
    keys = " ".join(db.session.scalars(sa.select(Attempt.key)))
    assert len(keys) == 2 * 64 + 1
    assert "ada" not in keys
    assert "192" not in keys


def test_old_windows_are_forgotten_and_new_ones_kept(app):
    allow(now=NOON - timedelta(days=2))
    allow(now=NOON)
    with unit_of_work():
        assert throttle.forget(now=NOON) == 1
    assert db.session.scalar(sa.select(sa.func.count(Attempt.id))) == 1


@pytest.mark.parametrize(
    ("address", "same_as"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "no address at all"),
    ],
)
def test_what_counts_as_one_network(address, same_as):
    assert throttle.network(address) == throttle.network(same_as)


def test_two_networks_are_two():
    assert throttle.network("2001:db8:1:2::1") != throttle.network("2001:db8:1:3::1")
    assert throttle.network("192.0.2.7") != throttle.network("192.0.2.8")


def test_of_sixteen_at_once_exactly_the_limit_are_allowed(app):
    start, allowed = threading.Barrier(16), []

    def run():
        with app.app_context():
            start.wait()
            allowed.append(allow(limit=5))

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 5
