"""What all processes share: one token, one pace, one count of the day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.core.crypto import KeyRing
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import budgets
from remote_training.meetings.provider_models import CallPace, ProviderToken
from remote_training.meetings.sharing import InDatabase
from remote_training.outside import clock as wall
from remote_training.outside.meetings import Cause, MeetingRefused, MeetingUnavailable
from remote_training.outside.sharing import Token
from tests.fakes import NOON

HOUR = timedelta(hours=1)


class Provider:
    """Gives tokens, slowly, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def fetch(self) -> Token:
        self.asked += 1
        wall.pause(0.2)
        return Token(f"canary-token-{self.asked}", "https://api.zoom.us/v2", NOON + HOUR)


def in_threads(app: Flask, work: Callable[[], object], count: int = 6) -> list[object]:
    """Do the same at the same moment in several threads, each with a session of its own."""
    found: list[object] = []
    ready = threading.Barrier(count)

    def run() -> None:
        with app.app_context():
            ready.wait(10)
            try:
                found.append(work())
            except Exception as error:
                found.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_one_of_many_fetches_the_token_and_all_have_it(app: Flask) -> None:
    provider = Provider()
    found = in_threads(app, lambda: InDatabase().token("zoom", provider.fetch, now=NOON).value)
    assert found == ["canary-token-1"] * 6
    assert provider.asked == 1


def test_without_the_row_each_would_fetch_one(app: Flask) -> None:
    """The control: the simulator's threads really meet."""
    provider = Provider()
    in_threads(
        app, lambda: InDatabase().token(str(threading.get_ident()), provider.fetch, now=NOON)
    )
    assert provider.asked == 6


def test_a_token_that_was_refused_is_renewed_once_for_all(app: Flask) -> None:
    provider = Provider()
    first = InDatabase().token("zoom", provider.fetch, now=NOON).value
    found = in_threads(
        app, lambda: InDatabase().token("zoom", provider.fetch, now=NOON, stale=first).value
    )
    assert found == ["canary-token-2"] * 6


def test_a_token_is_not_used_in_its_last_moments(app: Flask) -> None:
    provider, shared = Provider(), InDatabase()
    shared.token("zoom", provider.fetch, now=NOON)
    shared.token("zoom", provider.fetch, now=NOON + timedelta(minutes=58))
    assert provider.asked == 1
    shared.token("zoom", provider.fetch, now=NOON + timedelta(minutes=59))
    assert provider.asked == 2


def test_a_fetch_that_fails_leaves_the_way_free(app: Flask) -> None:
    shared = InDatabase()

    def refused() -> Token:
        raise MeetingRefused(Cause.LOGIN)

    with pytest.raises(MeetingRefused):
        shared.token("zoom", refused, now=NOON)
    assert shared.token("zoom", Provider().fetch, now=NOON).value == "canary-token-1"


def test_a_process_that_died_over_it_is_not_waited_for_for_ever(app: Flask) -> None:
    shared = InDatabase()
    db.session.add(ProviderToken(name="zoom", lease_until=NOON + timedelta(seconds=20)))
    db.session.commit()
    with pytest.raises(MeetingUnavailable):
        shared.token("zoom", Provider().fetch, now=NOON)
    later = NOON + timedelta(seconds=30)
    assert shared.token("zoom", Provider().fetch, now=later).value == "canary-token-1"


def test_the_token_is_sealed_in_the_database(app: Flask) -> None:
    InDatabase().token("zoom", Provider().fetch, now=NOON)
    (row,) = db.session.execute(sa.select(sa.text("*")).select_from(ProviderToken)).all()
    assert "canary-token" not in repr(tuple(row))
    assert "canary-token" in db.session.scalars(sa.select(ProviderToken)).one().token


def test_a_token_sealed_with_a_key_that_is_gone_is_fetched_anew(app: Flask) -> None:
    provider, shared, kept = Provider(), InDatabase(), app.extensions["keyring"]
    shared.token("zoom", provider.fetch, now=NOON)
    app.extensions["keyring"] = KeyRing(["another-key-that-is-long-enough-for-us"])
    try:
        assert InDatabase().token("zoom", provider.fetch, now=NOON).value == "canary-token-2"
    finally:
        app.extensions["keyring"] = kept


def test_turns_of_all_threads_lie_apart(app: Flask) -> None:
    shared = InDatabase()
    waits = in_threads(app, lambda: shared.turn("zoom/light", now=NOON, seconds=0.5))
    assert sorted(waits) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert shared.turn("zoom/heavy", now=NOON, seconds=0.5) == 0.0, "each kind for itself"
    assert shared.turn("zoom/light", now=NOON + HOUR, seconds=0.5) == 0.0


def test_a_clock_that_jumped_stops_nobody(app: Flask) -> None:
    InDatabase().turn("zoom/light", now=NOON + HOUR, seconds=0.5)
    assert db.session.scalars(sa.select(CallPace.next_at)).one() > NOON
    db.session.rollback()
    assert InDatabase().turn("zoom/light", now=NOON, seconds=0.5) == 0.0


def test_a_budget_gives_so_many_and_no_more_to_all_together(app: Flask) -> None:
    def take() -> bool:
        with unit_of_work():
            return budgets.take("zoom/host/me", 4, now=NOON)

    assert sorted(in_threads(app, take)) == [False, False, True, True, True, True]
    assert budgets.used("zoom/host/me", now=NOON) == 4


def test_a_day_of_a_budget_ends_at_midnight_utc(app: Flask) -> None:
    def take(now: datetime) -> bool:
        with unit_of_work():
            return budgets.take("zoom/host/me", 1, now=now)

    last = NOON.replace(hour=23, minute=59)
    assert [take(last), take(last), take(last + timedelta(minutes=2))] == [True, False, True]


def test_a_day_that_the_provider_calls_full_is_full(app: Flask) -> None:
    with unit_of_work():
        assert budgets.take("zoom/host/me", 100, now=NOON)
        budgets.exhaust("zoom/host/me", 100, now=NOON)
        assert not budgets.take("zoom/host/me", 100, now=NOON)
        assert budgets.take("zoom/host/other", 100, now=NOON)
        budgets.forget(now=NOON + timedelta(days=10))
        assert budgets.used("zoom/host/me", now=NOON) == 0
