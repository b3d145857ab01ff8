"""By which way somebody comes into her class now: the room, or what stands in for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.meetings import queries, service
from remote_training.outside.meetings import (
    MeetingFault,
    MeetingProvider,
    Room,
    WantedPerson,
    opens_at_the_click,
)

NEAR = timedelta(minutes=5)  # before the class: who has no way in by then is shown the other room

log = structlog.get_logger()


@dataclass(frozen=True)
class Way:
    """A way into a class. Addresses are credentials: for her page only, never kept.

    Attributes
    ----------
    is_our_page
        The room is a page of the platform: neither address is needed.
    join_url
        The address that is hers alone; None while the room is not open for her.
    instead
        The address of another room: what staff typed for this class, or what the study names
        while the provider does not answer.
    """

    is_our_page: bool = False
    join_url: str | None = field(default=None, repr=False)
    instead: str | None = field(default=None, repr=False)


def into(booking: Booking, *, now: datetime) -> Way:
    """How she comes in. Nobody outside is asked: what is shown was made ready before."""
    session = booking.session
    typed = queries.instead(session.id)
    if typed:
        return Way(instead=typed)
    provider = service.provider_of(session.site)
    if provider.is_our_page:
        return Way(is_our_page=True)
    join_url = _own_address(booking, provider)
    needs_other = queries.is_failing(provider.name, now=now) or join_url is None
    is_near = now >= session.starts_at - NEAR
    return Way(
        join_url=join_url,
        instead=service.fallback_room(session.site) if needs_other and is_near else None,
    )


def instead_of(session: Session, *, now: datetime) -> str | None:
    """The other room that the people of a class are shown now, for the trainer; None for none."""
    typed = queries.instead(session.id)
    if typed:
        return typed
    provider = service.provider_of(session.site)
    is_near = now >= session.starts_at - NEAR
    is_down = queries.is_failing(provider.name, now=now) or not queries.is_open(
        session.id, provider
    )
    return service.fallback_room(session.site) if is_near and is_down else None


def person(booking: Booking, alias: str = "") -> WantedPerson:
    """All that a provider learns of somebody: her first name, and a name of ours."""
    first_name = booking.participant.contact.first_name
    return WantedPerson(key=str(booking.id), first_name=first_name, alias=alias)


def _own_address(booking: Booking, provider: MeetingProvider) -> str | None:
    room = queries.room(booking.session_id)
    if room is None or room.provider != provider.name:
        return None
    if not opens_at_the_click(provider):
        known = queries.person(room.id, booking.id)
        return known.join_url or None if known is not None and known.may_come_in else None
    try:
        return provider.join_url(Room(room.external_id), person(booking))
    except MeetingFault as fault:
        log.warning("a way in was not given", kind=provider.name, fault=fault.cause)
        return None
