"""Reading what Jitsi tells: Prosody's `event_sync`, or 8x8's webhooks.

A breakout room comes with the name of the main room, so that time in it counts; whoever goes
there leaves the main room and comes into the other one, with 8x8 under the same id: each is a
visit of its own. That a breakout room opens or closes says nothing of the class. When the last
one has gone from a room, Prosody sends a summary of all. Source: jitsi-contrib/prosody-plugins,
`event_sync`; developer.8x8.com/jaas, webhooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from remote_training.hooks import reading
from remote_training.hooks.reading import Fields, Unusable
from remote_training.meetings.models import OF_THE_ROOM, EventKind, Source
from remote_training.meetings.told import Told

PERSON = {"muc-occupant-joined": EventKind.JOINED, "muc-occupant-left": EventKind.LEFT}
CREATED, DESTROYED = "muc-room-created", "muc-room-destroyed"
JAAS = {
    "PARTICIPANT_JOINED": EventKind.JOINED,
    "PARTICIPANT_LEFT": EventKind.LEFT,
    "PARTICIPANT_JOINED_LOBBY": EventKind.WAITING,
    "PARTICIPANT_LEFT_LOBBY": EventKind.WAITED,
    "ROOM_CREATED": EventKind.STARTED,
    "ROOM_DESTROYED": EventKind.ENDED,
}


def read(body: str) -> Sequence[Told]:
    """What an event comes to; nothing where it does not matter to us. Raises `Unusable`."""
    event = reading.fields(reading.document(body))
    name = reading.text(event, "event_name", "eventType")
    if name in PERSON:
        return [_of_occupant(event, reading.fields(event.get("occupant")), PERSON[name])]
    if name == DESTROYED:
        return _of_end(event)
    if name in JAAS:
        return _of_jaas(event, JAAS[name])
    if not name:
        raise Unusable
    return []


def told_at(body: str) -> datetime | None:
    """When it happened, as far as the event says so itself."""
    event = reading.fields(reading.document(body))
    occupant = reading.fields(event.get("occupant"))
    merged = {**event, **occupant}
    return reading.maybe_moment(merged, "destroyed_at", "left_at", "joined_at", "timestamp")


def _of_occupant(
    event: Fields, occupant: Fields, kind: EventKind, source: Source = Source.WEBHOOK
) -> Told:
    visit = reading.text(occupant, "occupant_jid")
    if not visit:
        raise Unusable
    return Told(
        provider="jitsi",
        external_id=_room_of(event),
        run="",
        kind=kind,
        at=reading.moment(occupant, "left_at" if kind is EventKind.LEFT else "joined_at"),
        source=source,
        visit=visit,
        person=reading.text(occupant, "id"),
        name=reading.text(occupant, "name"),
        part=_part(event, "is_breakout", "breakout_room_id"),
    )


def _of_end(event: Fields) -> Sequence[Told]:
    """The end of a room, and all who were there; that a breakout room ends closes nothing else."""
    told: list[Told] = []
    for value in reading.items(event.get("all_occupants")):
        occupant = reading.fields(value)
        for kind, field in ((EventKind.JOINED, "joined_at"), (EventKind.LEFT, "left_at")):
            if reading.maybe_moment(occupant, field) and reading.text(occupant, "occupant_jid"):
                told.append(_of_occupant(event, occupant, kind, Source.REPORT))
    if not event.get("is_breakout"):
        at = reading.moment(event, "destroyed_at")
        told.append(Told("jitsi", _room_of(event), "", EventKind.ENDED, at))
    return told


def _of_jaas(event: Fields, kind: EventKind) -> Sequence[Told]:
    data = reading.fields(event.get("data"))
    is_of_person, part = kind not in OF_THE_ROOM, _part(data, "isBreakout", "breakoutRoomId")
    if part and not is_of_person:
        return []
    visit = reading.text(data, "participantFullJid", "participantJid", "participantId", "id")
    external_id = reading.text(event, "fqn").rpartition("/")[2].casefold()
    if not external_id or (is_of_person and not visit):
        raise Unusable
    told = Told(
        provider="jitsi",
        external_id=external_id,
        run=reading.text(event, "sessionId"),
        kind=kind,
        at=reading.moment(event, "timestamp"),
        visit=visit if is_of_person else "",
        person=reading.text(data, "id"),
        name=reading.text(data, "name"),
        is_host=data.get("moderator") in (True, "true"),
        part=part,
    )
    return [told]


def _part(found: Fields, is_breakout: str, breakout: str) -> str:
    """What tells a visit in a breakout room from one in the main room; empty in the main room."""
    is_in_one = found.get(is_breakout) in (True, "true")
    return reading.text(found, breakout) or "unnamed" if is_in_one else ""


def _room_of(event: Fields) -> str:
    """The name of the (main) room; Jitsi writes it in small letters."""
    found = reading.text(event, "room_name").casefold()
    if not found:
        raise Unusable
    return found
