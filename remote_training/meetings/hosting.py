"""The trainer's way into a room: asked at her press, kept nowhere; and another room instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from remote_training.audit import service as audit
from remote_training.classes.models import Session
from remote_training.core.addresses import is_web_address
from remote_training.core.errors import Invalid
from remote_training.core.words import say
from remote_training.meetings import health, plans, queries, service
from remote_training.outside.meetings import (
    Cause,
    MeetingFault,
    MeetingProvider,
    Room,
    WantedPerson,
    WantedRoom,
    keeps_rooms_ahead,
    opens_at_the_click,
)
from remote_training.outside.world import outside

log = structlog.get_logger()


@dataclass(frozen=True)
class Asked:
    """What a provider is asked for: everything that is needed while no transaction is open."""

    provider: MeetingProvider
    wanted: WantedRoom
    external_id: str | None
    person: WantedPerson


@dataclass(frozen=True)
class Answer:
    """What came of it: a room that was opened, a host's address (a credential), or a cause."""

    room: Room | None = None
    host_url: str | None = field(default=None, repr=False)
    cause: Cause | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the provider says that there is no such room."""
        return self.cause is Cause.GONE


def asked(session: Session, *, first_name: str) -> Asked:
    """What is to be asked for the trainer of a class."""
    known, provider = queries.room(session.id), service.provider_of(session.site)
    is_there = known is not None and known.provider == provider.name
    return Asked(
        provider=provider,
        wanted=service.wanted(session),
        external_id=known.external_id if known is not None and is_there else None,
        person=WantedPerson(key=f"host-{session.id}", first_name=first_name),
    )


def ask(asked: Asked) -> Answer:
    """Ask the provider for the host's way in: under three seconds, no transaction open."""
    fault: MeetingFault | None = None
    try:
        answer = _ask(asked)
    except MeetingFault as raised:
        log.warning("no way in for the host", kind=asked.provider.name, fault=raised.cause)
        answer, fault = Answer(cause=raised.cause), raised
    health.note_alone(asked.provider.name, fault, now=outside().now())
    return answer


def _ask(asked: Asked) -> Answer:
    provider = asked.provider
    if opens_at_the_click(provider):
        room = provider.open_room(asked.wanted)
        return Answer(room, provider.host_url(room, asked.person))
    if asked.external_id is not None and keeps_rooms_ahead(provider):
        return Answer(host_url=provider.host_url(asked.external_id))
    return Answer(cause=Cause.GONE)


def note(session: Session, answer: Answer, *, now: datetime) -> None:
    """Keep the room that was opened; never the address. One that is gone is looked at at once."""
    if answer.is_gone:
        plans.look_now([session.id])
    if answer.room is not None:
        service.opened(session, service.provider_of(session.site), answer.room, now=now)


def meet_instead(session: Session, address: str, *, now: datetime, by: UUID | None) -> None:
    """Let a class meet at another address, or with an empty one in its own room again.

    Raises `Invalid` for what is no https address of a host.
    """
    typed = address.strip()
    if typed and not is_web_address(typed):
        raise Invalid(say("Please write an address such as https://rooms.example.org/a."))
    row = plans.row_of(session)
    was_set, row.instead = bool(row.instead_sealed), typed
    audit.note(
        "meetings.meet_instead", "session", session.id, by=by, now=now, is_set=bool(typed),
        before=was_set,
    )  # fmt: skip


def put_right(session: Session, *, now: datetime, by: UUID | None) -> None:
    """Try again now; what somebody changed at the provider is made as planned."""
    row = plans.row_of(session)
    differs = sorted(row.differs)
    plans.put_right(session, now=now)
    audit.note("meetings.put_right", "session", session.id, by=by, now=now, differs=differs)
