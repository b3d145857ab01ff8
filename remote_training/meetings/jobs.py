"""The round of a worker: hosts that want to be gone through, then rooms, soonest class first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from remote_training.core.db import db
from remote_training.meetings import budgets, due, sealed, service, sweep, upkeep
from remote_training.outside.meetings import Cause
from remote_training.outside.world import outside

AT_ONCE = 40  # rooms in one round, so that a booking of this minute has its turn soon
SILENT = frozenset({Cause.UNREACHABLE, Cause.NO_ANSWER, Cause.LOGIN})
MOST_SILENT = 3  # in a row: then nobody is asked any more in this round


@dataclass
class Round:
    """What a round did: how many rooms and hosts were looked at, and how many still fail."""

    rooms: int = 0
    hosts: int = 0
    failed: int = 0


def keep(
    now: Callable[[], datetime],
    *,
    is_ending: Callable[[], bool] = lambda: False,
    even_if_fresh: bool = False,
) -> Round:
    """Bring in line what is due. Where the provider is silent, the rest waits for the next round.

    Commits its own work; to be called with no transaction open. `even_if_fresh` looks at
    every room and host, whenever it was looked at last.
    """
    done, silent = Round(), 0
    hosts, sessions = _due(now(), even_if_fresh)
    work: list[sweep.Due | UUID] = [*hosts, *sessions]
    for one in work:
        if is_ending() or silent >= MOST_SILENT:
            break
        if isinstance(one, sweep.Due):
            cause = sweep.sweep(one, now=now)
            done.hosts += 1
        else:
            cause = upkeep.bring_in_line(one, now=now)
            done.rooms += 1
        done.failed += cause is not None
        silent = silent + 1 if cause in SILENT else 0
    return done


def forget(*, now: datetime) -> None:
    """Delete counters of days that are over, and ways into classes that are."""
    budgets.forget(now=now)
    sealed.forget(now=now)


def is_needed() -> bool:
    """Whether this installation has a provider that keeps rooms ahead."""
    return any(provider.keeps_rooms_ahead for provider in outside().meetings.values())


def _due(now: datetime, even_if_fresh: bool) -> tuple[list[sweep.Due], list[UUID]]:
    db.session.rollback()
    standings = due.standings(service.kept_sites(), now=now)
    hosts = sweep.due(now=now, even_if_fresh=even_if_fresh)
    if even_if_fresh:
        sessions = [one.session_id for one in standings if one.is_wanted or not one.is_as_wanted]
    else:
        sessions = due.in_order(standings, now)[:AT_ONCE]
    db.session.rollback()
    return hosts, sessions
