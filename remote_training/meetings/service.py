"""Rooms, and what is reported from them.

A report is kept as it came, once: which of them are repeated, late or out of order is
sorted out where minutes are counted, never here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core import settings
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.meetings import hosts, markers, queries
from remote_training.meetings.errors import WrongRoom
from remote_training.meetings.models import EventKind, MeetingEvent, MeetingRoom, Pulse
from remote_training.outside.meetings import (
    KeptRooms,
    MeetingFault,
    MeetingProvider,
    Room,
    WantedRoom,
    keeps_rooms_ahead,
    opens_at_the_click,
)
from remote_training.outside.world import outside
from remote_training.studies import queries as studies
from remote_training.studies.current import study
from remote_training.studies.load import SitePart
from remote_training.studies.models import Site

# A browser in the background may let a heartbeat wait for a minute; a page that comes
# back within this time was there all along.
PATIENCE = timedelta(minutes=2)
AT_ONCE = 500
OURS = "offline"
TOPIC = "Training session"

log = structlog.get_logger()


def provider_named(name: str | None = None) -> MeetingProvider:
    """The provider of this name, or the one of the settings."""
    chosen = name or settings.current().meetings
    return outside().meetings[chosen]


def provider_of(site: Site) -> MeetingProvider:
    """The provider of the rooms of a site: as the study file says, or the settings."""
    return provider_named(_part(site).meetings)


def kept_sites() -> dict[UUID, str]:
    """The sites whose rooms are kept ahead, each with the name of its provider."""
    chosen = settings.current().meetings
    named = {part.code: part.meetings or chosen for part in study().sites}
    kept = {name for name, provider in outside().meetings.items() if provider.keeps_rooms_ahead}
    return {site.id: named[site.code] for site in studies.sites() if named.get(site.code) in kept}


def sites(site_ids: Collection[UUID]) -> list[Site]:
    """These sites, by name."""
    return [site for site in studies.sites() if site.id in site_ids]


def kept_provider(name: str) -> KeptRooms | None:
    """The provider of this name, if it is there and keeps rooms ahead."""
    found = outside().meetings.get(name)
    return found if found is not None and keeps_rooms_ahead(found) else None


def fallback_room(site: Site) -> str | None:
    """Where the classes of a site meet while its provider is down, as the study file says."""
    return _part(site).fallback_room


def wanted(session: Session) -> WantedRoom:
    """The room of a class, as a provider is asked for it."""
    return WantedRoom(
        key=str(session.id),
        marker=markers.of(session.id),
        host=hosts.account_of(session),
        topic=TOPIC,
        starts_at=session.starts_at.replace(microsecond=0),
        minutes=session.minutes,
    )


def ask(provider: MeetingProvider, wanted: WantedRoom) -> Room | None:
    """Open a room at the click: under three seconds, with no transaction open.

    None where the provider does not, or keeps its rooms ahead: the page then says so.
    """
    if not opens_at_the_click(provider):
        return None
    try:
        return provider.open_room(wanted)
    except MeetingFault as fault:
        log.warning("a room was not opened", kind=provider.name, fault=fault.cause)
        return None


def open_our_page(session: Session, *, now: datetime) -> None:
    """Open a room that is a page of the platform; twice changes nothing."""
    provider = provider_of(session.site)
    room = ask(provider, wanted(session))
    if room is not None:
        opened(session, provider, room, now=now)


def opened(
    session: Session, provider: MeetingProvider, room: Room, *, now: datetime
) -> MeetingRoom:
    """Keep which room a class has, from a provider that opened it at the click."""
    known = queries.room(session.id)
    if known is None:
        return _kept(session, provider.name, room, now)
    if known.external_id != room.external_id:
        known.provider, known.external_id, known.host = provider.name, room.external_id, ""
    return known


def receive(
    *,
    provider: str,
    session_id: UUID,
    booking_id: UUID,
    kind: EventKind,
    connection: str,
    happened_at: datetime,
    key: str,
    now: datetime,
    is_imputed: bool = False,
) -> MeetingEvent | None:
    """Keep one report; None for one that came before (the same `key`).

    `happened_at` is the provider's time. Raises `WrongRoom` where the booking is not for
    this class.
    """
    booking = db.session.get(Booking, booking_id)
    if booking is None or booking.session_id != session_id:
        raise WrongRoom(say("This report is for another class."))
    if queries.event(key) is not None:
        return None
    event = MeetingEvent(
        key=key,
        provider=provider,
        session_id=session_id,
        booking_id=booking_id,
        kind=kind,
        connection=connection,
        happened_at=happened_at,
        received_at=now,
        is_imputed=is_imputed,
    )
    try:
        with db.session.begin_nested():
            db.session.add(event)
    except IntegrityError:
        if queries.event(key) is None:
            raise
        return None
    return event


def come_in(booking: Booking, connection: str, *, beats: bool, now: datetime) -> bool:
    """Begin a visit in the room that we serve ourselves; whether it is a new one.

    `beats` says that the page has a script that gives signs of life. Without it she is
    taken to stay to the end of the class, unless she leaves by the button.
    Raises `WrongRoom` for a connection of somebody else.
    """
    pulse = _visit(connection)
    if pulse is not None:
        _belongs(pulse, booking)
        return False
    pulse = Pulse(
        connection=connection,
        booking_id=booking.id,
        session_id=booking.session_id,
        seen_at=now if beats else booking.session.ends_at,
    )
    db.session.add(pulse)
    _report(pulse, EventKind.JOINED, at=now, now=now)
    return True


def beat(booking: Booking, connection: str, *, now: datetime) -> bool:
    """Take a sign of life; whether the visit goes on.

    It does not after she left by the button, after the end of the class, nor where the
    visit was never begun. After a silence she is back from now on; after a short one she
    was never away. Raises `WrongRoom` for a connection of somebody else.
    """
    pulse = _visit(connection)
    if pulse is None:
        return False
    _belongs(pulse, booking)
    if pulse.has_left:
        return False
    is_on = booking.session.doors_are_open(now)
    if is_on:
        _stay(pulse, now=now)
    elif not pulse.is_over:
        _close(pulse, at=min(now, booking.session.ends_at), now=now)
    return is_on


def leave(booking: Booking, connection: str, *, by_button: bool, now: datetime) -> None:
    """End a visit; twice changes nothing. Raises `WrongRoom` for a connection of somebody else.

    Without `by_button` the page went away by itself (closed, reloaded) and may come back.
    """
    pulse = _visit(connection)
    if pulse is None:
        return
    _belongs(pulse, booking)
    pulse.has_left = pulse.has_left or by_button
    if not pulse.is_over:
        _close(pulse, at=now, now=now)


def close_silent(*, now: datetime) -> int:
    """Close visits without a sign of life for a minute, at the last one; returns how many.

    At most 500 at once, longest silent first.
    """
    found = (
        sa.select(Pulse)
        .where(Pulse.is_over.is_(False), Pulse.seen_at <= now - queries.SILENT)
        .order_by(Pulse.seen_at, Pulse.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    silent = db.session.scalars(found).all()
    for pulse in silent:
        pulse.is_over = True
        _report(pulse, EventKind.LEFT, at=pulse.seen_at, now=now, is_imputed=True)
    return len(silent)


def _visit(connection: str) -> Pulse | None:
    found = sa.select(Pulse).where(Pulse.connection == connection).with_for_update()
    fresh = found.execution_options(populate_existing=True)
    return db.session.scalars(fresh).one_or_none()


def _stay(pulse: Pulse, *, now: datetime) -> None:
    """Move the last sign of life to now, and report what the silence before it meant."""
    was_short = now - pulse.seen_at <= PATIENCE
    if not pulse.is_over and not was_short:
        _report(pulse, EventKind.LEFT, at=pulse.seen_at, now=now, is_imputed=True)
        pulse.is_over = True
    if pulse.is_over:
        back_at = pulse.seen_at if was_short else now
        _report(pulse, EventKind.JOINED, at=back_at, now=now, is_imputed=was_short)
    pulse.is_over, pulse.seen_at = False, now


def _close(pulse: Pulse, *, at: datetime, now: datetime) -> None:
    """Close a visit at a moment, or at its last sign of life where that is long ago."""
    is_sure = at - pulse.seen_at <= PATIENCE
    left_at = at if is_sure else pulse.seen_at
    _report(pulse, EventKind.LEFT, at=left_at, now=now, is_imputed=not is_sure)
    pulse.is_over, pulse.seen_at = True, left_at


def _belongs(pulse: Pulse, booking: Booking) -> None:
    if pulse.booking_id != booking.id:
        raise WrongRoom(say("This page belongs to another class. Please join again."))


def _report(
    pulse: Pulse, kind: EventKind, *, at: datetime, now: datetime, is_imputed: bool = False
) -> None:
    receive(
        provider=OURS,
        session_id=pulse.session_id,
        booking_id=pulse.booking_id,
        kind=kind,
        connection=pulse.connection,
        happened_at=at,
        key=f"{pulse.connection}/{kind}/{at.isoformat()}",
        now=now,
        is_imputed=is_imputed,
    )


def _kept(session: Session, provider_name: str, room: Room, now: datetime) -> MeetingRoom:
    row = MeetingRoom(
        session_id=session.id,
        provider=provider_name,
        external_id=room.external_id,
        opened_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        known = queries.room(session.id)  # somebody else opened it a moment ago
        if known is None:
            raise
        return known
    return row


def _part(site: Site) -> SitePart:
    return study().site(site.code)
