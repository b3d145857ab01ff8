"""Reading Zoom's events.

Its examples contradict its schemas: times are spelled `join_time`, `leave_time` or
`date_time`, and where all are missing the moment of the event is all there is; ids are
numbers or text; addresses are blank; keys come and go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from remote_training.hooks import reading
from remote_training.hooks.reading import Fields, Unusable
from remote_training.meetings.models import EventKind
from remote_training.meetings.told import Told

ROOM = {
    "meeting.started": (EventKind.STARTED, ("event_ts", "start_time")),
    "meeting.ended": (EventKind.ENDED, ("end_time", "date_time", "event_ts")),
}
JOINED_AT = ("join_time", "date_time", "event_ts")
LEFT_AT = ("leave_time", "date_time", "event_ts")
OTHER_AT = ("date_time", "join_time", "event_ts")
PERSON = {
    "meeting.participant_joined": (EventKind.JOINED, JOINED_AT),
    "meeting.participant_left": (EventKind.LEFT, LEFT_AT),
    "meeting.participant_joined_breakout_room": (EventKind.JOINED, JOINED_AT),
    "meeting.participant_left_breakout_room": (EventKind.LEFT, LEFT_AT),
    "meeting.participant_joined_waiting_room": (EventKind.WAITING, OTHER_AT),
    "meeting.participant_put_in_waiting_room": (EventKind.WAITING, OTHER_AT),
    "meeting.participant_admitted": (EventKind.ADMITTED, OTHER_AT),
    "meeting.participant_left_waiting_room": (EventKind.WAITED, LEFT_AT),
    # before the host has come there is no room yet, and they have no visit: see `_of_person`
    "meeting.participant_jbh_waiting": (EventKind.WAITING, OTHER_AT),
    "meeting.participant_jbh_waiting_left": (EventKind.WAITED, LEFT_AT),
}
CHANGED = ("meeting.updated", "meeting.deleted")
LOST = ("network", "connection")
IN_BREAKOUT = "_breakout_room"


def read(body: str) -> Sequence[Told]:
    """What an event comes to; nothing where it does not matter to us. Raises `Unusable`."""
    event = reading.fields(reading.document(body))
    name = reading.text(event, "event")
    room = reading.fields(reading.fields(event.get("payload")).get("object"))
    if name in ROOM:
        kind, times = ROOM[name]
        return [_of_room(event, room, kind, times)]
    if name in PERSON:
        return _of_person(event, room, name)
    if not name:
        raise Unusable
    return []


def changed(body: str) -> str:
    """Of which room somebody changed or deleted something at Zoom; empty where of none."""
    event = reading.fields(reading.document(body))
    if reading.text(event, "event") not in CHANGED:
        return ""
    return reading.text(reading.fields(reading.fields(event.get("payload")).get("object")), "id")


def told_at(body: str) -> datetime | None:
    """When Zoom says that it happened."""
    return reading.maybe_moment(reading.fields(reading.document(body)), "event_ts")


def _of_room(event: Fields, room: Fields, kind: EventKind, times: Sequence[str]) -> Told:
    return Told(
        provider="zoom",
        external_id=_id_of(room),
        run=reading.text(room, "uuid"),
        kind=kind,
        at=reading.moment({**room, "event_ts": event.get("event_ts")}, *times),
    )


def _of_person(event: Fields, room: Fields, name: str) -> Sequence[Told]:
    kind, times = PERSON[name]
    person = reading.fields(room.get("participant"))
    is_in_breakout = name.endswith(IN_BREAKOUT)
    if kind is EventKind.LEFT and not is_in_breakout and _goes_to_breakout(person):
        return []  # she is still in the class: in another part of the same room
    visit = reading.text(person, "user_id", "participant_uuid", "registrant_id", "id")
    if not visit:
        raise Unusable
    host_id = reading.text(room, "host_id")
    told = Told(
        provider="zoom",
        external_id=_id_of(room),
        run=reading.text(room, "uuid"),
        kind=kind,
        at=reading.moment({**person, "event_ts": event.get("event_ts")}, *times),
        visit=visit,
        person=reading.text(person, "registrant_id"),
        who=reading.text(person, "participant_uuid"),
        name=reading.text(person, "user_name"),
        is_host=bool(host_id) and reading.text(person, "id") == host_id,
        is_lost=kind is EventKind.LEFT and _was_lost(person),
        part=(reading.text(room, "breakout_room_uuid") or "unnamed") if is_in_breakout else "",
    )
    return [told]


def _id_of(room: Fields) -> str:
    found = reading.text(room, "id")
    if not found:
        raise Unusable
    return found


def _goes_to_breakout(person: Fields) -> bool:
    return "breakout" in reading.text(person, "leave_reason").casefold()


def _was_lost(person: Fields) -> bool:
    """Whether the line broke. Before the reason stands her name, as she typed it herself."""
    _name, found, why = reading.text(person, "leave_reason").rpartition("Reason:")
    return bool(found) and any(word in why.casefold() for word in LOST)
