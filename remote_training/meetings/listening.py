"""Asking providers again and again to tell us what happens in the rooms that are open now.

BigBlueButton forgets us after five minutes in which we did not answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import service
from remote_training.meetings.models import MeetingRoom
from remote_training.outside.listening import tells_on_request
from remote_training.outside.meetings import MeetingFault
from remote_training.outside.world import outside

BEFORE, AFTER = timedelta(minutes=20), timedelta(minutes=20)
AT_ONCE = 50

log = structlog.get_logger()


def is_needed() -> bool:
    """Whether any provider that is set up has to be asked."""
    return any(tells_on_request(provider) for provider in outside().meetings.values())


def listen(now: datetime) -> int:
    """Ask for the events of each room that is open now; returns of how many.

    Stops at the first fault: the others would have to wait as long. It writes nothing, and no
    transaction is open while a provider is asked.
    """
    found = (
        sa.select(MeetingRoom.provider, MeetingRoom.external_id)
        .join(Session, Session.id == MeetingRoom.session_id)
        .where(Session.starts_at < now + BEFORE, Session.ends_at > now - AFTER)
        .where(MeetingRoom.replaced_at.is_(None))
        .order_by(Session.starts_at, MeetingRoom.id)
        .limit(AT_ONCE)
    )
    rooms = db.session.execute(found).all()
    db.session.rollback()
    asked = 0
    for name, external_id in rooms:
        try:
            provider = service.provider_named(name)
            if tells_on_request(provider):
                provider.listen(external_id)
                asked += 1
        except KeyError:
            continue  # the provider is no longer set up
        except MeetingFault as fault:
            log.warning("nobody tells of a room", kind=name, fault=fault.cause)
            break
    return asked
