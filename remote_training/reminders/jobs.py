"""The ticker: what has become due is put in the outbox, once.

Each message it plans has a key that is unique in the database: two tickers at the same
moment, or a tick that is repeated, plan it once. What was planned is not read again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from remote_training.accounts import asking, throttle
from remote_training.assessments import service as assessments
from remote_training.attendance import notes
from remote_training.attendance import service as attendance
from remote_training.bookings import waiting_list
from remote_training.core.db import db, unit_of_work
from remote_training.hooks import service as hooks
from remote_training.meetings import presences, pulses
from remote_training.messages import jobs as outbox
from remote_training.reminders import planning
from remote_training.safety import event_service as events
from remote_training.safety import service as safety

ALL_ANEW_EVERY = timedelta(hours=1)

log = structlog.get_logger()


class Ticker:
    """The ticks of one worker, who may have slept, or whose clock may have been wrong.

    When it begins, each hour, and where its clock went back, all classes are looked at anew:
    what an earlier study file, a wrong hour or a program of before decided does not stay.
    """

    def __init__(self) -> None:
        self._ticked_at: datetime | None = None
        self._all_at: datetime | None = None

    def tick(self, now: datetime) -> None:
        """Do as `plan`, and look at all where it is time to."""
        went_back = self._ticked_at is not None and now < self._ticked_at
        if went_back or (self._all_at is not None and now >= self._all_at + ALL_ANEW_EVERY):
            self._all_at = None
        self._ticked_at = now
        plan(now, all_anew=self._all_at is None)
        self._all_at = self._all_at or now


def plan(now: datetime, *, all_anew: bool = False) -> None:
    """Do everything that is due at `now`; each part commits its own work.

    With `all_anew` every class to come is looked at, also where nothing happened.

    Class reminders
        A day before and an hour before, as she wishes and in her hours: the rule is
        `bookings.reminding`.
    Waiting lists
        Offers whose time is over go to the next in line; what is free is given.
    Sign-in links
        For the addresses that were typed on the first page and are known.
    Questions
        One mail a sitting on the days that the study file names, while it can be answered
        and is not sent; from 9 to 21 in her zone, and in her hours. The first asks and is not
        hers to stop, the others remind. After a standstill only the newest.
    Alerts, and events that are serious or severe
        One more mail to the coordinators about each that nobody has looked at for the hours or
        minutes that the study names, at any time of day.

    The first part that fails is raised again after all of them had their turn.
    """
    parts: tuple[Callable[[], object], ...] = (
        lambda: asking.answer(now=now),
        lambda: throttle.forget(now=now),
        lambda: waiting_list.tick(now),
        lambda: planning.all_anew(now) if all_anew else None,
        lambda: planning.anew(now),
        lambda: planning.classes(now),
        lambda: assessments.plan_missing(now=now),
        *(stage.batch for stage in planning.stages(now)),
        lambda: safety.tell_again(now=now),
        lambda: events.tell_again(now=now),
        lambda: pulses.close_silent(now=now),
        lambda: attendance.settle(now=now),
        lambda: notes.forget(now=now),
        lambda: hooks.forget(now=now),
        lambda: presences.forget_names(now=now),
        lambda: outbox.sweep(now),
    )  # fmt: skip
    faults = [fault for part in parts if (fault := fault_of(part)) is not None]
    if faults:
        raise faults[0]


def fault_of(part: Callable[[], object]) -> Exception | None:
    """Do a part, batch by batch: each commits by itself, so that nobody waits for all of them."""
    db.session.rollback()
    try:
        has_more = True
        while has_more:
            with unit_of_work():
                has_more = part() is planning.MORE
    except Exception as error:  # noqa: BLE001 - the other parts have their turn
        log.error("a part of the plan broke off", error=error)
        return error
    return None
