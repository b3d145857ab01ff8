"""Making one room that is kept ahead agree with the class and the bookings that we hold.

Every step reads what is wanted and what is known in a short transaction, asks the provider
with none open, and keeps the answer in another. It can be broken off anywhere and begun
again: before something is asked that must not happen twice, a row says so, and whoever comes
next looks first. One worker has a room at a time: its lease is written anew with every step,
and a step that finds another one's lease ends.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import budgets, due, health, markers, plans, queries, service
from remote_training.meetings.leases import Lease, LeaseLost
from remote_training.meetings.models import Difference, MeetingRoom, RoomUpkeep
from remote_training.meetings.people import People
from remote_training.meetings.plans import Plan
from remote_training.outside.meetings import (
    Cause,
    FoundRoom,
    KeptRooms,
    LimitReached,
    MeetingFault,
    MeetingGone,
    MeetingRefused,
    MeetingUnavailable,
    WantedRoom,
    next_midnight,
)

FIRST, LONGEST, NEAR_LONGEST = 5.0, 900.0, 20.0  # seconds until it is tried again
REFUSED_FIRST = 60.0
SHOWN_AGAIN = timedelta(minutes=10)  # what somebody changed by hand is looked at so often
SOON = timedelta(minutes=30)  # before the class nobody waits for a quarter of an hour
MOST_DOUBLINGS = 10

log = structlog.get_logger()


def bring_in_line(session_id: UUID, *, now: Callable[[], datetime]) -> Cause | None:
    """Make the room of a class as it is wanted; why not, where that did not work.

    Commits its own work; to be called with no transaction open. Raises nothing but what the
    database raises.
    """
    work = _Upkeep(session_id, now)
    fault: MeetingFault | None = None
    try:
        if not work.begin():
            return None
        work.go()
    except LeaseLost:
        return None
    except MeetingFault as raised:
        fault = raised
    except Exception as error:  # noqa: BLE001 - one room that is broken stops no other
        log.error("the upkeep of a room broke off", error=error)
        fault = MeetingUnavailable(Cause.OURSELVES)
    db.session.rollback()
    work.end(fault)
    return fault.cause if fault is not None else None


class _Upkeep:
    """One go at one room."""

    def __init__(self, session_id: UUID, now: Callable[[], datetime]) -> None:
        self._session_id = session_id
        self._now = now
        self._lease = Lease(session_id, now)
        self._provider: KeptRooms | None = None
        self._differs: Difference | None = None
        self._fault: MeetingFault | None = None
        self._has_asked = False

    def begin(self) -> bool:
        """Take the lease; False where somebody else has it."""
        with unit_of_work():
            row = plans.row_of(db.session.get_one(Session, self._session_id))
            db.session.flush()
            return self._lease.take(row)

    def go(self) -> None:
        """All steps, as far as they are needed."""
        plan = self._plan()
        if plan.is_misplaced:
            self._take_away(plan)
            plan = self._plan()
        if plan.wanted is None:
            return
        if plan.external_id is None:
            self._make(plan, plan.wanted)
            plan = self._plan()
        if plan.external_id is not None and plan.wanted is not None:
            self._compare(plan, plan.wanted, plan.external_id)
            if self._differs is not Difference.GONE:
                people = People(self._outside, self._lease, self._differs)
                people.bring_in_line(plan, plan.external_id)
                self._differs, self._fault = people.differs, people.fault
        if self._fault is not None:
            raise self._fault

    def end(self, fault: MeetingFault | None) -> None:
        """Keep what came of it, and give the lease back."""
        with unit_of_work():
            now = self._now()
            if self._provider is not None and self._has_asked:
                health.note(self._provider.name, fault, now=now)
            row = queries.upkeep(self._session_id)
            if row is None or not self._lease.is_on(row):
                return
            row.lease_until = None
            self._note_difference(row, fault, now)
            if fault is None:
                row.checked_at, row.tries, row.last_error = now, 0, None
                row.next_try_at = now + SHOWN_AGAIN if self._differs else None
                return
            row.last_error = fault.cause
            row.tries += 1
            row.next_try_at = next_try(fault, row.tries, row.session, now)

    def _note_difference(self, row: RoomUpkeep, fault: MeetingFault | None, now: datetime) -> None:
        if self._differs is not None and row.differs is not self._differs:
            row.differs_at = now
        if self._differs is not None or fault is None:
            row.differs = self._differs

    def _plan(self) -> Plan:
        """What is wanted and known now; no transaction stays open."""
        with unit_of_work():
            self._lease.hold()
            plan = plans.of(self._session_id, now=self._now())
        self._provider = service.kept_provider(plan.room_provider)
        return plan

    @property
    def _outside(self) -> KeptRooms:
        if self._provider is None:
            raise MeetingRefused(Cause.OURSELVES)
        self._has_asked = True
        return self._provider

    # The steps.

    def _take_away(self, plan: Plan) -> None:
        """Delete a room that is not wanted, or not where it is, and forget who was in it."""
        if self._provider is not None and plan.external_id is not None:
            self._outside.delete(plan.external_id)
        with unit_of_work():
            row = self._lease.hold()
            plans.forget_room(row)

    def _make(self, plan: Plan, wanted: WantedRoom) -> None:
        """Make a room, unless one that was asked for before is there."""
        if plan.lacks_host:
            raise MeetingRefused(Cause.NO_HOST)
        found = self._made_before(plan)
        if found is None:
            self._count_change(wanted.host)
            with unit_of_work():
                row = self._lease.hold()
                row.begun_at, row.begun_host = self._now(), wanted.host
            try:
                found = self._outside.create(wanted)
            except LimitReached as limit:
                self._note_limit(wanted.host, limit)
                raise
        with unit_of_work():
            row = self._lease.hold()
            host = plan.begun_host if plan.begun_host is not None else wanted.host
            self._keep_room(row, plan.provider, host, found)

    def _made_before(self, plan: Plan) -> FoundRoom | None:
        if plan.begun_host is None:
            return None
        coming = self._outside.coming(plan.begun_host)
        ours = [room for room in coming if self._is_its(room)]
        return min(ours, key=lambda room: room.external_id, default=None)

    def _is_its(self, room: FoundRoom) -> bool:
        return markers.session_id(room.description) == self._session_id

    def _keep_room(self, row: RoomUpkeep, provider: str, host: str, found: FoundRoom) -> None:
        db.session.add(
            MeetingRoom(
                session_id=self._session_id,
                provider=provider,
                external_id=found.external_id,
                host=host,
                opened_at=self._now(),
            )
        )
        row.begun_at = None
        row.kept_starts_at, row.kept_minutes = found.starts_at, found.minutes

    def _compare(self, plan: Plan, wanted: WantedRoom, external_id: str) -> None:
        """Look at the room; change it where ours changed, note it where the other side did.

        What has begun keeps its time: providers take no beginning in the past.
        """
        try:
            found = self._outside.read(external_id)
        except MeetingGone:
            self._differs = Difference.GONE
            return
        was = (plan.kept_starts_at, plan.kept_minutes)
        has, wants = (found.starts_at, found.minutes), (wanted.starts_at, wanted.minutes)
        has = wants if wanted.starts_at <= self._now() else has
        is_to_be_put_right = plan.kept_minutes == 0
        if is_to_be_put_right or (has != wants and was != wants) or has == was != wants:
            found = self._change(external_id, wanted)
        elif has != wants:
            self._differs = Difference.MOVED
            return
        with unit_of_work():
            row = self._lease.hold()
            row.kept_starts_at, row.kept_minutes = wants
        if not found.is_safe:
            self._differs = Difference.UNSAFE

    def _change(self, external_id: str, wanted: WantedRoom) -> FoundRoom:
        """Write the room as it is wanted, and read it back: not every change is taken."""
        self._count_change(wanted.host)
        try:
            self._outside.change(external_id, wanted)
        except LimitReached as limit:
            self._note_limit(wanted.host, limit)
            raise
        found = self._outside.read(external_id)
        is_taken = (found.starts_at, found.minutes) == (wanted.starts_at, wanted.minutes)
        if not is_taken and wanted.starts_at > self._now():
            raise MeetingRefused(Cause.NOT_UNDERSTOOD)
        return found

    # Limits, counted ahead.

    def _count_change(self, host: str) -> None:
        provider = self._outside
        subject = budgets.of_host(provider.name, host)
        with unit_of_work():
            self._lease.hold()
            is_left = budgets.take(subject, provider.changes_a_day, now=self._now())
        if not is_left:
            raise LimitReached(next_midnight(self._now()))

    def _note_limit(self, host: str, limit: LimitReached) -> None:
        """The provider counted more than we did: nobody of ours asks again today."""
        if limit.cause is Cause.DAY_LIMIT:
            provider = self._outside
            subject = budgets.of_host(provider.name, host)
            with unit_of_work():
                budgets.exhaust(subject, provider.changes_a_day, now=self._now())


def next_try(fault: MeetingFault, tries: int, session: Session, now: datetime) -> datetime:
    """When to try again: as the provider says, or later and later, but near a class soon."""
    said = fault.retry_at if isinstance(fault, MeetingUnavailable) else None
    if said is not None and said > now:
        return said + timedelta(seconds=random.uniform(0, 1))  # noqa: S311
    first = REFUSED_FIRST if isinstance(fault, MeetingRefused) else FIRST
    is_soon = session.starts_at - SOON <= now
    most = max(first, NEAR_LONGEST) if is_soon else LONGEST
    seconds = min(most, first * 2 ** min(tries - 1, MOST_DOUBLINGS))
    return now + timedelta(seconds=seconds * random.uniform(0.6, 1.0))  # noqa: S311


def in_order(standings: Sequence[due.Standing], now: datetime) -> list[UUID]:
    """The classes whose rooms somebody has to look at, soonest first."""
    return [one.session_id for one in standings if one.is_due(now)]
