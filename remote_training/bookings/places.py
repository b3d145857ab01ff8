"""A place, taken and freed: what booking, moving and the waiting list are made of.

The database itself refuses the place too many: the counter of the class rises only
while it is below the places (a CHECK is the last line), and a partial unique index allows
one live booking for a person and a class. Locks are always taken in the order
participant, class, booking, so that no two verbs wait for each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.attributes import set_committed_value

from remote_training.bookings import fit, rules
from remote_training.bookings.errors import SessionFull
from remote_training.bookings.models import LIVE, PLACE, Booking, Waiting
from remote_training.calendars.invitation import new_uid
from remote_training.classes.models import LOOKED_AT_ANEW, Session
from remote_training.core import settings
from remote_training.core.db import db, write
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.participants.models import Allocation, Participant

# every booking runs these: composed once, so that none composes them again
_her, _allocation, _booking, _session, _waiting = (
    cast(sa.Table, model.__table__)
    for model in (Participant, Allocation, Booking, Session, Waiting)
)
HER_LOCKED = (
    sa.select(
        _her.c.consented_on, _her.c.withdrawn_on, _her.c.cleared_on, _her.c.baseline_on,
        _her.c.complaint,
    )
    .where(_her.c.id == sa.bindparam("participant_id"))
    .with_for_update(key_share=True)
)  # fmt: skip
BY_ACCOUNT_LOCKED = (
    sa.select(Participant)
    .where(Participant.account_id == sa.bindparam("account_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
# joined one by one, never as a pair: SQLite would read every booking there is to join a pair
ARM_AND_HELD_ABOUT_THEN = (
    sa.select(
        _allocation.c.arm, _session.c.id, _session.c.starts_at, _session.c.ends_at,
        _session.c.on_date, _session.c.module,
    )
    .select_from(
        _her.outerjoin(_allocation, _allocation.c.participant_id == _her.c.id)
        .outerjoin(
            _booking,
            sa.and_(_booking.c.participant_id == _her.c.id, _booking.c.cancelled_at.is_(None)),
        )
        .outerjoin(
            _session,
            sa.and_(
                _session.c.id == _booking.c.session_id,
                _session.c.called_off_at.is_(None),
                _session.c.starts_at < sa.bindparam("until"),
                _session.c.ends_at > sa.bindparam("since"),
            ),
        )
    )
    .where(_her.c.id == sa.bindparam("participant_id"))
)  # fmt: skip
ONE_PLACE = (
    sa.update(_session)
    .where(
        _session.c.id == sa.bindparam("session_id"),
        _session.c.taken < _session.c.places,
        _session.c.called_off_at.is_(None),
    )
    .values(taken=_session.c.taken + 1, **LOOKED_AT_ANEW)
)
ONE_PLACE_THAT_NOBODY_WAITS_FOR = ONE_PLACE.where(
    ~sa.exists().where(_waiting.c.session_id == _session.c.id, _waiting.c.ended_at.is_(None))
)
INTO_BOOKINGS = {
    name: dialect.insert(_booking)
    .on_conflict_do_nothing(index_elements=PLACE, index_where=LIVE)
    .execution_options(preserve_rowcount=True)
    for name, dialect in {"sqlite": sqlite, "postgresql": postgresql}.items()
}


def one_at_a_time(participant: Participant) -> None:
    """Lock her row, and read again what may have changed until it could be locked."""
    db.session.flush()
    newest = db.session.execute(HER_LOCKED, {"participant_id": participant.id}).one()
    for name, value in newest._mapping.items():
        set_committed_value(participant, name, value)


def locked(account_id: UUID) -> Participant:
    """As `one_at_a_time` for the participant with this account, who is read with it.

    Raises `NotFound`.
    """
    her = db.session.scalars(BY_ACCOUNT_LOCKED, {"account_id": account_id}).one_or_none()
    if her is None:
        raise NotFound(say("This person is not here."))
    return her


def check(
    participant: Participant, session: Session, now: datetime, *, leaves: UUID | None = None
) -> None:
    """All that is asked before a place is taken, but for the place itself."""
    span = {"since": session.starts_at - fit.FAR, "until": session.ends_at + fit.FAR}
    asked = {"participant_id": participant.id, **span}
    rows = db.session.execute(ARM_AND_HELD_ABOUT_THEN, asked).all()
    held = [fit.Hour(*hour) for _arm, *hour in rows if hour[0] not in (None, leaves)]
    rules.judge(participant, session, arm=rows[0].arm, held=held, now=now)


def take(session: Session, now: datetime) -> None:
    """Count one place more, or refuse with `SessionFull` or `BookingClosed`."""
    if not _count(ONE_PLACE, session):
        rules.check_is_open(session, True)
        raise full(session, now)


def take_unless_waited_for(session: Session) -> bool:
    """Count one place more where there is one and nobody waits for it; whether it did."""
    return _count(ONE_PLACE_THAT_NOBODY_WAITS_FOR, session)


def _count(one_more: sa.Update, session: Session) -> bool:
    counted = db.session.execute(one_more, {"session_id": session.id})
    db.session.expire(session, ["taken", "called_off_at"])
    return bool(counted.rowcount == 1)  # type: ignore[attr-defined]


def full(session: Session, now: datetime) -> SessionFull:
    """The refusal of a class in which every place is taken; what is said of its list is true."""
    if now >= rules.waiting_list_closes_at(session):
        return SessionFull(say("This class is full. Please choose another one."))
    return SessionFull(
        say("This class is full. Choose another one, or put yourself on its waiting list."),
        to_staff=say(
            "This class is full. Choose another one; on her own page she can put "
            "herself on its waiting list."
        ),
    )


def look_anew(session: Session) -> None:
    """Let the reminders of a class be looked at anew, where no place is taken with it."""
    anew = sa.update(Session).where(Session.id == session.id).values(**LOOKED_AT_ANEW)
    db.session.execute(anew.execution_options(synchronize_session=False))


def add(participant: Participant, session: Session, now: datetime) -> Booking:
    """Write the booking of a place that is counted already."""
    booking = Booking(
        participant_id=participant.id,
        session_id=session.id,
        booked_at=now,
        cancelled_at=None,
        is_late=False,
        calendar_uid=new_uid(settings.current().mail_host),
        sequence=0,
    )
    if not write(booking, INTO_BOOKINGS[db.engine.dialect.name]):
        raise fit.already_booked()
    set_committed_value(booking, "participant", participant)
    set_committed_value(booking, "session", session)
    return booking


def lock(session: Session) -> None:
    """Lock a class, and read again what may have changed until it could be locked."""
    newest = ["called_off_at", "starts_at", "ends_at", "places", "taken"]
    db.session.refresh(session, newest, with_for_update={"key_share": True})


def give_back(booking: Booking, now: datetime, *, may_be_late: bool = True) -> bool:
    """End a booking and free its place; True for the one call that did it."""
    session = booking.session
    ended = (
        sa.update(Booking)
        .where(Booking.id == booking.id, Booking.cancelled_at.is_(None))
        .values(
            cancelled_at=now,
            is_late=may_be_late and rules.is_late(now, session.starts_at),
            sequence=Booking.sequence + 1,
        )
        .execution_options(synchronize_session=False)
    )
    did_it = db.session.execute(ended).rowcount == 1  # type: ignore[attr-defined]
    db.session.expire(booking, ["cancelled_at", "is_late", "sequence"])
    if did_it:
        free(session)
    return bool(did_it)


def free(session: Session) -> None:
    """Count one place less."""
    freed = sa.update(Session).where(Session.id == session.id).values(taken=Session.taken - 1)
    db.session.execute(freed.execution_options(synchronize_session=False))
    db.session.expire(session, ["taken"])


def tell(kind: str, booking: Booking, *, not_after: datetime, now: datetime, **facts: str) -> None:
    """Queue a mail about a booking."""
    outbox.queue(
        kind,
        to=booking.participant.contact_id,
        facts={"booking_id": str(booking.id), **facts},
        not_after=not_after,
        now=now,
    )
