"""Going through all rooms of a host: what is lost is found, what is nobody's is taken away.

Taken away is only what carries our mark and is the room of no class. Other people's rooms in
the same account are left alone. What lies across a class of ours is shown, because one account
holds one meeting at a time: hosts for which the study file names no account share one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError

from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import due as due_rooms
from remote_training.meetings import health, hosts, markers, plans, queries, service
from remote_training.meetings.models import MeetingHost, MeetingRoom, StrayRoom
from remote_training.outside.meetings import (
    Cause,
    FoundRoom,
    KeptRooms,
    MeetingFault,
    MeetingRefused,
    MeetingUnavailable,
)

EVERY = timedelta(hours=1)
LEASE = timedelta(minutes=2)
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=30)
MOST_DOUBLINGS = 10

log = structlog.get_logger()


@dataclass(frozen=True)
class Due:
    """A host whose rooms somebody has to go through."""

    provider: str
    account: str


def due(*, now: datetime, even_if_fresh: bool = False) -> list[Due]:
    """The hosts in which rooms of ours are or may be, and which nobody looked at for an hour."""
    wanted = _accounts()
    rows = {(row.provider, row.account): row for row in db.session.scalars(sa.select(MeetingHost))}
    return [
        one
        for one in sorted(wanted, key=lambda one: (one.provider, one.account))
        if even_if_fresh or _is_due(rows.get((one.provider, one.account)), now)
    ]


def sweep(host: Due, *, now: Callable[[], datetime]) -> Cause | None:
    """Go through one host; why that did not work, where it did not.

    Commits its own work; to be called with no transaction open.
    """
    provider = service.kept_provider(host.provider)
    if provider is None or not _lease(host, now()):
        return None
    fault: MeetingFault | None = None
    try:
        provider.check_host(host.account)
        coming = provider.coming(host.account)
        with unit_of_work():
            nobodys = _sort(host, coming, now())
        for external_id in nobodys:
            try:
                provider.delete(external_id)
                log.info("a room of no class was taken away", kind=host.provider)
            except MeetingRefused as refused:  # somebody is in it: it stops no other
                fault = refused
    except MeetingFault as raised:
        fault = raised
    except Exception as error:  # noqa: BLE001 - one host that is broken stops no other
        log.error("going through a host broke off", error=error)
        fault = MeetingUnavailable(Cause.OURSELVES)
    db.session.rollback()
    with unit_of_work():
        _note(host, provider, fault, now())
    return fault.cause if fault is not None else None


def _accounts() -> set[Due]:
    """Where a room of ours is kept, was asked for, or may be kept."""
    kept = service.kept_sites()
    found = {
        Due(provider, account)
        for site in service.sites(kept)
        for provider in (kept[site.id],)
        for account in hosts.accounts_of(site)
    }
    rooms = sa.select(MeetingRoom.provider, MeetingRoom.host).where(due_rooms.IS_NOW).distinct()
    for name, account in db.session.execute(rooms):
        if service.kept_provider(name) is not None:
            found.add(Due(name, account))
    return found


def _is_due(row: MeetingHost | None, now: datetime) -> bool:
    if row is None:
        return True
    if row.next_try_at is not None and row.next_try_at > now:
        return False
    return row.swept_at is None or row.tries > 0 or row.swept_at <= now - EVERY


def _lease(host: Due, now: datetime) -> bool:
    """Take a host for two minutes; False where another worker has it."""
    with unit_of_work():
        row = _row(host)
        before = row.next_try_at
        taken = (
            sa.update(MeetingHost)
            .where(MeetingHost.id == row.id)
            .where(
                MeetingHost.next_try_at.is_(None)
                if before is None
                else MeetingHost.next_try_at == before
            )
            .values(next_try_at=now + LEASE)
            .execution_options(synchronize_session=False)
        )
        return bool(db.session.execute(taken).rowcount == 1)  # type: ignore[attr-defined]


def _sort(host: Due, coming: Sequence[FoundRoom], now: datetime) -> list[str]:
    """Whose each room is; those that are nobody's are given back, to be taken away."""
    known = set(
        db.session.scalars(
            sa.select(MeetingRoom.external_id).where(
                MeetingRoom.provider == host.provider, due_rooms.IS_NOW
            )
        )
    )
    nobodys, strays = [], []
    for room in coming:
        session_id = markers.session_id(room.description)
        if room.external_id in known or session_id is None:
            strays.append(room)
        elif not _may_be_its(session_id, room.external_id, host, now):
            nobodys.append(room.external_id)
    _note_strays(host, strays, now)
    return nobodys


def _may_be_its(session_id: UUID, external_id: str, host: Due, now: datetime) -> bool:
    """Whether a room with our mark is, or may still become, the room of its class.

    Another worker may have kept it a moment ago. A class that has no room looks for it before
    it makes one: then it is told to.
    """
    session = db.session.get(Session, session_id)
    if session is None or session.is_called_off or session.ends_at <= now:
        return False
    is_kept = service.kept_sites().get(session.site_id) == host.provider
    is_here = hosts.account_of(session) == host.account
    kept = queries.room(session_id)
    if kept is not None:
        return kept.provider == host.provider and kept.external_id == external_id
    if not is_kept or not is_here:
        return False
    row = plans.row_of(session)
    if row.begun_at is None:
        row.begun_at, row.begun_host = now, host.account
    return True


def _note_strays(host: Due, rooms: Sequence[FoundRoom], now: datetime) -> None:
    """Keep the rooms that lie across a class of ours, be it their own, and forget the others."""
    gone = sa.delete(StrayRoom).where(
        StrayRoom.provider == host.provider, StrayRoom.account == host.account
    )
    db.session.execute(gone)
    for room in rooms:
        if room.starts_at is None or not _lies_across(host, room):
            continue
        db.session.add(
            StrayRoom(
                provider=host.provider,
                account=host.account,
                external_id=room.external_id,
                starts_at=room.starts_at,
                minutes=room.minutes,
                seen_at=now,
            )
        )


def _lies_across(host: Due, room: FoundRoom) -> bool:
    assert room.starts_at is not None
    ends_at = room.starts_at + timedelta(minutes=room.minutes)
    ours = (
        sa.select(MeetingRoom.id)
        .join(MeetingRoom.session)
        .where(
            MeetingRoom.provider == host.provider,
            MeetingRoom.host == host.account,
            MeetingRoom.external_id != room.external_id,
            due_rooms.IS_NOW,
            Session.called_off_at.is_(None),
            Session.starts_at < ends_at,
            Session.ends_at > room.starts_at,
        )
        .limit(1)
    )
    return db.session.scalar(ours) is not None


def _note(host: Due, provider: KeptRooms, fault: MeetingFault | None, now: datetime) -> None:
    health.note(provider.name, fault, now=now)
    row = _row(host)
    if fault is None:
        row.swept_at, row.tries, row.last_error, row.next_try_at = now, 0, None, None
        return
    row.tries, row.last_error = row.tries + 1, fault.cause
    first = LONGEST if isinstance(fault, MeetingRefused) else FIRST
    said = fault.retry_at if isinstance(fault, MeetingUnavailable) else None
    later = now + min(LONGEST, first * 2 ** min(row.tries - 1, MOST_DOUBLINGS))
    row.next_try_at = said if said is not None and said > now else later


def _row(host: Due) -> MeetingHost:
    found = sa.select(MeetingHost).where(
        MeetingHost.provider == host.provider, MeetingHost.account == host.account
    )
    row = db.session.scalars(found).one_or_none()
    if row is not None:
        return row
    try:
        with db.session.begin_nested():
            db.session.add(MeetingHost(provider=host.provider, account=host.account))
    except IntegrityError:
        db.session.expire_all()  # somebody else began with it a moment ago
    return db.session.scalars(found).one()
