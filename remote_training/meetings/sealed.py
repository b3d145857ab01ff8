"""What rooms keep sealed: sealed anew; ways in are forgotten after the class."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from remote_training.classes.models import Session
from remote_training.contacts import resealing
from remote_training.core.db import db
from remote_training.meetings.models import (
    MeetingPerson,
    MeetingRoom,
    RoomUpkeep,
    UnmatchedPresence,
)
from remote_training.meetings.provider_models import ProviderToken

KEPT = timedelta(days=1)  # after the class
FIELDS = (
    (MeetingPerson, "join_url"),
    (RoomUpkeep, "instead"),
    (ProviderToken, "token"),
    (UnmatchedPresence, "name"),
)


def reseal(limit: int) -> int:
    """Seal anew, with the newest key, what an older one sealed; how many, at most `limit`."""
    done = 0
    for model, field in FIELDS:
        done += resealing.reseal(model, field, limit - done)
    return done


def forget(*, now: datetime) -> None:
    """Forget the ways into classes that ended a day ago: nobody goes there any more."""
    over = sa.select(Session.id).where(Session.ends_at < now - KEPT)
    rooms = sa.select(MeetingRoom.id).where(MeetingRoom.session_id.in_(over))
    ways = (MeetingPerson.room_id.in_(rooms), MeetingPerson.join_url_sealed.is_not(None))
    db.session.execute(sa.update(MeetingPerson).where(*ways).values(join_url_sealed=None))
    others = (RoomUpkeep.session_id.in_(over), RoomUpkeep.instead_sealed.is_not(None))
    db.session.execute(sa.update(RoomUpkeep).where(*others).values(instead_sealed=None))
