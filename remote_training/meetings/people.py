"""Who may come into a room: let in who holds a place, take out who does not."""

from __future__ import annotations

import sqlalchemy as sa

from remote_training.core.db import db, unit_of_work
from remote_training.meetings import budgets
from remote_training.meetings.differences import Difference
from remote_training.meetings.leases import Lease
from remote_training.meetings.models import MeetingPerson, MeetingRoom
from remote_training.meetings.plans import Known, Plan
from remote_training.outside.meetings import (
    FoundPerson,
    KeptRooms,
    LimitReached,
    MeetingFault,
    MeetingRefused,
    WantedPerson,
    next_midnight,
)

NAMELESS = "Guest"


class People:
    """The people of one room, in one go. What was done by hand is in `differs`, and `fault`
    is the first thing that broke for one of them alone.
    """

    def __init__(self, provider: KeptRooms, lease: Lease) -> None:
        self._provider = provider
        self._lease = lease
        self.differs = set[Difference]()
        self.fault: MeetingFault | None = None

    def bring_in_line(self, plan: Plan, external_id: str) -> None:
        """Let in who holds a place, take out who does not; what breaks for one, breaks for one."""
        found = {one.alias.lower(): one for one in self._provider.people(external_id)}
        mine = {known.alias.lower() for known in plan.people}
        for known in plan.people:
            try:
                self._person(external_id, known, found.get(known.alias.lower()))
            except (MeetingRefused, LimitReached) as fault:
                self.fault = self.fault or fault
        if found.keys() - mine - self._ended(external_id):
            self.differs.add(Difference.STRANGERS)

    def _person(self, external_id: str, known: Known, found: FoundPerson | None) -> None:
        if not known.is_live:
            self._take_out(external_id, known, found)
        elif not known.is_registered or known.is_unsure:
            self._let_in(external_id, known, found)
        elif found is None:
            self.differs.add(Difference.PERSON_GONE)

    def _let_in(self, external_id: str, known: Known, found: FoundPerson | None) -> None:
        if found is None or not found.join_url:
            self._count_person(external_id, known)
            first_name = known.first_name or NAMELESS
            person = WantedPerson(str(known.booking_id), first_name, known.alias)
            found = self._provider.register(external_id, person)
        with unit_of_work():
            self._lease.hold()
            row = db.session.get_one(MeetingPerson, known.row_id)
            row.external_id, row.join_url, row.begun_at = found.external_id, found.join_url, None
            row.registered_at = self._lease.now() if found.join_url else None
            row.ended_at = None  # who was taken out may be booked again
        if not found.join_url:
            self.differs.add(Difference.UNSAFE)  # somebody has to approve her by hand

    def _take_out(self, external_id: str, known: Known, found: FoundPerson | None) -> None:
        if found is not None:
            self._count_person(external_id, known)
            self._provider.unregister(external_id, found)
        with unit_of_work():
            self._lease.hold()
            row = db.session.get_one(MeetingPerson, known.row_id)
            row.ended_at, row.join_url, row.begun_at = self._lease.now(), "", None

    def _ended(self, external_id: str) -> set[str]:
        """Aliases of people who were taken out: the provider may still list them for a while."""
        with unit_of_work():
            found = (
                sa.select(MeetingPerson.alias)
                .join(MeetingPerson.room)
                .where(MeetingRoom.external_id == external_id, MeetingPerson.ended_at.is_not(None))
            )
            return {alias.lower() for alias in db.session.scalars(found)}

    def _count_person(self, external_id: str, known: Known) -> None:
        provider = self._provider
        subject = budgets.of_person(provider.name, external_id, known.alias)
        with unit_of_work():
            self._lease.hold()
            is_left = budgets.take(subject, provider.registrations_a_day, now=self._lease.now())
            db.session.get_one(MeetingPerson, known.row_id).begun_at = self._lease.now()
        if not is_left:
            raise LimitReached(next_midnight(self._lease.now()))
