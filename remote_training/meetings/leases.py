"""Who has a room just now: one worker at a time, for two minutes from its last step."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.meetings import queries
from remote_training.meetings.models import RoomUpkeep

LEASE = timedelta(minutes=2)


class LeaseLost(Exception):
    """Another worker has the room now."""


class Lease:
    """The lease of one room: taken once, written anew and compared with every step."""

    def __init__(self, session_id: UUID, now: Callable[[], datetime]) -> None:
        self.session_id = session_id
        self.now = now
        self._until: datetime | None = None

    def take(self, row: RoomUpkeep) -> bool:
        """Take it; False where somebody else has it."""
        now = self.now()
        if row.lease_until is not None and row.lease_until > now:
            return False
        return self._write(now, row.lease_until)

    def hold(self) -> RoomUpkeep:
        """Write it anew, in this transaction; raises `LeaseLost` where it is not ours any more."""
        if not self._write(self.now(), self._until):
            raise LeaseLost
        row = queries.upkeep(self.session_id)
        assert row is not None
        return row

    def is_on(self, row: RoomUpkeep) -> bool:
        """Whether the lease of a row is this one."""
        return row.lease_until == self._until

    def _write(self, now: datetime, before: datetime | None) -> bool:
        until = now + LEASE + timedelta(microseconds=secrets.randbelow(1_000_000))
        written = (
            sa.update(RoomUpkeep)
            .where(RoomUpkeep.session_id == self.session_id)
            .where(RoomUpkeep.lease_until.is_(None) if before is None
                   else RoomUpkeep.lease_until == before)
            .values(lease_until=until)
            .execution_options(synchronize_session="fetch")
        )  # fmt: skip
        is_ours = bool(db.session.execute(written).rowcount == 1)  # type: ignore[attr-defined]
        if is_ours:
            self._until = until
        return is_ours
