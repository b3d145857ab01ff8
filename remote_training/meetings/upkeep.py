"""Making one room that is kept ahead agree with the class and the bookings that we hold.

Every step reads what is wanted and what is known in a short transaction, asks the provider
with none open, and keeps the answer in another. It can be broken off anywhere and begun
again: before something is asked that must not happen twice, a row says so, and whoever comes
next looks first. One worker has a room at a time: its lease is written anew with every step,
and a step that finds another one's lease ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import (
    budgets,
    differences,
    health,
    markers,
    patience,
    plans,
    queries,
    service,
)
from remote_training.meetings.differences import Difference
from remote_training.meetings.leases import Lease, LeaseLost
from remote_training.meetings.models import MeetingRoom, RoomUpkeep
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
        self._differs = set[Difference]()
        self._fault: MeetingFault | None = None
        self._has_asked = self._has_seen_all = False

    def begin(self) -> bool:
        """Take the lease; False where somebody else has it."""
        with unit_of_work():
            row = plans.row_of(db.session.get_one(Session, self._session_id))
            db.session.flush()
            return self._lease.take(row)

    def go(self) -> None:
        """All steps, as far as they are needed."""
        plan = self._plan()
        if plan.was_lost:
            self._differs.add(Difference.ANEW)
        if plan.is_misplaced:
            self._take_away(plan)
            plan = self._plan()
        if plan.wanted is None:
            return
        if plan.external_id is None:
            self._make(plan, plan.wanted)
            plan = self._plan()
        is_there = self._compare(plan)
        if not is_there and plan.is_urgent:
            plan = self._make_anew()
            is_there = self._compare(plan)
        if is_there:
            self._bring_people_in_line(plan)
        elif plan.wanted is not None:
            self._differs.add(Difference.GONE)
        self._has_seen_all = True
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
                row.next_try_at = patience.until_somebody_decides(self._differs, row.session, now)
                return
            row.last_error = fault.cause
            row.tries += 1
            row.next_try_at = patience.after(fault, row.tries, row.session, now)

    def _note_difference(self, row: RoomUpkeep, fault: MeetingFault | None, now: datetime) -> None:
        if self._differs - row.differs:
            row.differs_at = now
        before = frozenset[Difference]() if self._has_seen_all or fault is None else row.differs
        row.differs = before | self._differs

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
            plans.forget_room(row, now=self._now())

    def _make_anew(self) -> Plan:
        """Somebody deleted the room, and there is no time to ask: make another."""
        with unit_of_work():
            plans.forget_room(self._lease.hold(), now=self._now(), was_lost=True)
        self._differs.add(Difference.ANEW)
        log.warning("a room is made anew", session=str(self._session_id))
        plan = self._plan()
        if plan.wanted is not None:
            self._make(plan, plan.wanted)
        return self._plan()

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
        room = queries.room_named(provider, found.external_id)
        if room is None:
            room = MeetingRoom(provider=provider, external_id=found.external_id)
            db.session.add(room)
        room.session_id, room.host, room.opened_at = self._session_id, host, self._now()
        room.replaced_at, room.was_lost = None, False  # one that was deleted may be brought back
        row.begun_at = None
        row.kept_starts_at, row.kept_minutes = found.starts_at, found.minutes
        row.kept_others = " ".join(sorted(found.others))

    def _compare(self, plan: Plan) -> bool:
        """Look at the room; change it where ours changed, note it where the other side did.

        False where there is none. What has begun keeps its time: providers take no beginning in
        the past.
        """
        wanted, external_id = plan.wanted, plan.external_id
        if wanted is None or external_id is None:
            return False
        try:
            found = self._outside.read(external_id)
        except MeetingGone:
            return False
        if self._is_to_be_changed(plan, found, wanted):
            found = self._change(external_id, wanted)
        with unit_of_work():
            row = self._lease.hold()
            row.kept_starts_at, row.kept_minutes = wanted.starts_at, wanted.minutes
            row.kept_others = " ".join(sorted(wanted.others))
        has_begun = wanted.starts_at <= self._now()
        self._differs |= differences.of(found, wanted, has_begun=has_begun)
        return True

    def _bring_people_in_line(self, plan: Plan) -> None:
        people = People(self._outside, self._lease)
        people.bring_in_line(plan, plan.external_id or "")
        self._differs |= people.differs
        self._fault = people.fault

    def _is_to_be_changed(self, plan: Plan, found: FoundRoom, wanted: WantedRoom) -> bool:
        """Whether ours is newer than what the provider has."""
        was, wants = (plan.kept_starts_at, plan.kept_minutes), (wanted.starts_at, wanted.minutes)
        has_begun = wanted.starts_at <= self._now()
        is_moved = was != wants and (found.starts_at, found.minutes) != wants and not has_begun
        is_opened_by_others = plan.kept_others != wanted.others != found.others
        return plan.kept_minutes == 0 or is_moved or is_opened_by_others

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
