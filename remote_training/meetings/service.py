"""Rooms, and what is reported from them.

A report is kept as it came, once: which of them are repeated, late or out of order is
sorted out where minutes are counted, never here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core import settings
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.meetings import health, hosts, markers, queries
from remote_training.meetings.errors import WrongRoom
from remote_training.meetings.models import EventKind, MeetingEvent, MeetingPerson, MeetingRoom
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
from remote_training.studies.models import Site
from remote_training.studies.parts import SitePart

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
        others=hosts.others_of(session),
    )


def ask(provider: MeetingProvider, wanted: WantedRoom) -> Room | None:
    """Open a room at the click: under three seconds, with no transaction open.

    None where the provider does not, or keeps its rooms ahead: the page then says so.
    """
    if not opens_at_the_click(provider):
        return None
    fault: MeetingFault | None = None
    try:
        room = provider.open_room(wanted)
    except MeetingFault as raised:
        log.warning("a room was not opened", kind=provider.name, fault=raised.cause)
        room, fault = None, raised
    if not provider.is_our_page:
        health.note_alone(provider.name, fault, now=outside().now())
    return room


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
    if known is not None and kept_provider(known.provider) is not None:
        leave_behind(known, now=now)  # the site has changed its provider
        row, known = queries.upkeep(session.id), None
        if row is not None:
            row.forget_room()
    if known is None:
        return _kept(session, provider.name, room, now)
    if (known.provider, known.external_id) != (provider.name, room.external_id):
        known.provider, known.external_id, known.host = provider.name, room.external_id, ""
    return known


def leave_behind(room: MeetingRoom, *, now: datetime) -> None:
    """A room that was kept ahead is the room of its class no more. It keeps its row, and everybody
    in it theirs, without their ways in: what is still told of it counts for the class.
    """
    room.replaced_at = now
    ended = sa.func.coalesce(MeetingPerson.ended_at, now)
    gone = sa.update(MeetingPerson).where(MeetingPerson.room_id == room.id)
    db.session.execute(gone.values(ended_at=ended, join_url_sealed=None, begun_at=None))
    db.session.flush()


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
