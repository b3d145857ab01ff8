"""By which way somebody comes into her class now: the room, or what stands in for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

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


class Trouble(StrEnum):
    """Why people may not come in: the provider does not answer, or there is no room."""

    DOWN = "down"
    NO_ROOM = "no_room"


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
    is_in_trouble
        It may be that she cannot come in just now, and there is no other room.
    """

    is_our_page: bool = False
    join_url: str | None = field(default=None, repr=False)
    instead: str | None = field(default=None, repr=False)
    is_in_trouble: bool = False


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
    is_near = now >= session.starts_at - NEAR
    trouble = _trouble(session, now) if is_near else None
    needs_other = trouble is not None or (join_url is None and is_near)
    instead = service.fallback_room(session.site) if needs_other else None
    is_in_trouble = trouble is not None and instead is None
    return Way(join_url=join_url, instead=instead, is_in_trouble=is_in_trouble)


@dataclass(frozen=True)
class State:
    """How the room of a class stands now, for its trainer.

    Attributes
    ----------
    instead
        The other room that everybody who joins is shown now.
    trouble
        What is wrong where there is no other room.
    anew_at
        Somebody deleted the room at the provider; since then there is a new one.
    """

    instead: str | None = field(default=None, repr=False)
    trouble: Trouble | None = None
    anew_at: datetime | None = None


def state_of(session: Session, *, now: datetime) -> State:
    """How the room of a class stands now, by our own rows alone."""
    anew_at = max(queries.lost(session.id), default=None)
    typed = queries.instead(session.id)
    if typed:
        return State(typed, anew_at=anew_at)
    trouble = _trouble(session, now) if now >= session.starts_at - NEAR else None
    instead = service.fallback_room(session.site) if trouble else None
    return State(instead, None if instead else trouble, anew_at)


def _trouble(session: Session, now: datetime) -> Trouble | None:
    provider = service.provider_of(session.site)
    if provider.is_our_page:
        return None
    if queries.is_failing(provider.name, now=now):
        return Trouble.DOWN
    return None if queries.is_open(session.id, provider) else Trouble.NO_ROOM


def person(booking: Booking, alias: str = "") -> WantedPerson:
    """All that a provider learns of somebody: her first name, and a name of ours."""
    first_name = booking.participant.contact.first_name
    return WantedPerson(key=str(booking.id), first_name=first_name, alias=alias)


def _own_address(booking: Booking, provider: MeetingProvider) -> str | None:
    room = queries.room(booking.session_id)
    if room is None or room.provider != provider.name or queries.is_gone(booking.session_id):
        return None
    if not opens_at_the_click(provider):
        known = queries.person(room.id, booking.id)
        return known.join_url or None if known is not None and known.may_come_in else None
    try:
        return provider.join_url(Room(room.external_id), person(booking))
    except MeetingFault as fault:
        log.warning("a way in was not given", kind=provider.name, fault=fault.cause)
        return None
