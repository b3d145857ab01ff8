"""Reading what BigBlueButton tells: events of bbb-webhooks, the report at the end, the end.

The body of an event is a form whose field `event` is JSON: an array, though the
documentation shows one object. Source: bbb-webhooks 3.5; bbb-events (the report).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs

from remote_training.hooks import reading
from remote_training.hooks.reading import Fields, Unusable
from remote_training.meetings.models import EventKind, Source
from remote_training.meetings.told import Told

KINDS = {
    "user-joined": EventKind.JOINED,
    "user-left": EventKind.LEFT,
    "meeting-created": EventKind.STARTED,
    "meeting-ended": EventKind.ENDED,
}
MODERATOR = "MODERATOR"
REPORT_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?([+-]\d\d):?(\d\d)")


def read(body: str) -> Sequence[Told]:
    """What the events of one body come to. Raises `Unusable` where it is no such body."""
    return [told for event in _events(body) for told in _of_event(event)]


def told_at(body: str) -> datetime | None:
    """When BigBlueButton says that it sent this."""
    return reading.maybe_moment(_form(body), "timestamp")


def read_ended(body: str) -> Sequence[Told]:
    """The end of a room, as the callback at the end tells it: to the minute."""
    meeting, at = reading.document(body)
    found = {"at": at}
    return [Told("bigbluebutton", str(meeting), "", EventKind.ENDED, reading.moment(found, "at"))]


def read_analytics(body: str) -> Sequence[Told]:
    """Everybody's comings and goings, as the report at the end has them.

    It has a list of each, not which belong together: each coming is closed by the first
    going after it that is still free; one that is left over, by the end, and marked.
    """
    report = reading.fields(reading.document(body))
    data = reading.fields(report.get("data"))
    external_id = reading.text(report, "meeting_id") or reading.text(
        reading.fields(data.get("metadata")), "meeting_id"
    )
    if not external_id:
        raise Unusable
    run, finish = reading.text(report, "internal_meeting_id"), _moment_of(data.get("finish"))
    people = [reading.fields(one) for one in reading.items(data.get("attendees"))]
    return [told for person in people for told in _of_attendee(person, external_id, run, finish)]


def _form(body: str) -> Fields:
    try:
        found = parse_qs(body, max_num_fields=50)
    except ValueError as error:
        raise Unusable from error
    return {name: values[0] for name, values in found.items()}


def _events(body: str) -> list[Fields]:
    said = reading.items(reading.document(reading.text_of(_form(body), "event")))
    return [reading.fields(reading.fields(one).get("data", one)) for one in said]


def _of_event(event: Fields) -> Sequence[Told]:
    kind = KINDS.get(reading.text(event, "id"))
    if kind is None:
        return []
    facts = reading.fields(event.get("attributes"))
    meeting, user = reading.fields(facts.get("meeting")), reading.fields(facts.get("user"))
    external_id = reading.text(meeting, "external-meeting-id")
    visit = reading.text(user, "internal-user-id")
    is_of_person = kind in (EventKind.JOINED, EventKind.LEFT)
    if not external_id or (is_of_person and not visit):
        raise Unusable
    told = Told(
        provider="bigbluebutton",
        external_id=external_id,
        run=reading.text(meeting, "internal-meeting-id"),
        kind=kind,
        at=reading.moment(reading.fields(event.get("event")), "ts"),
        visit=visit if is_of_person else "",
        person=reading.text(user, "external-user-id"),
        name=reading.text(user, "name"),
        is_host=reading.text(user, "role").upper() == MODERATOR,
    )
    return [told]


def _of_attendee(
    person: Fields, external_id: str, run: str, finish: datetime | None
) -> Sequence[Told]:
    key = reading.text(person, "ext_user_id")
    told: list[Told] = []
    joins, leaves = _moments(person.get("joins")), _moments(person.get("leaves"))
    for number, (joined_at, left_at) in enumerate(_pairs(joins, leaves)):
        ends = [(EventKind.JOINED, joined_at, False)]
        if left_at is not None:
            ends.append((EventKind.LEFT, left_at, False))
        elif finish is not None:
            ends.append((EventKind.LEFT, max(joined_at, finish), True))
        told += [
            Told(
                provider="bigbluebutton",
                external_id=external_id,
                run=run,
                kind=kind,
                at=at,
                source=Source.REPORT,
                visit=f"report/{key or reading.text(person, 'name')}/{number}",
                person=key,
                name=reading.text(person, "name"),
                is_host=person.get("moderator") is True,
                is_imputed=is_imputed,
            )
            for kind, at, is_imputed in ends
        ]
    return told


def _pairs(
    joins: Sequence[datetime], leaves: Sequence[datetime]
) -> list[tuple[datetime, datetime | None]]:
    free, found = list(leaves), []
    for joined_at in joins:
        left_at = next((at for at in free if at >= joined_at), None)
        if left_at is not None:
            free.remove(left_at)
        found.append((joined_at, left_at))
    return found


def _moments(value: object) -> list[datetime]:
    return sorted(at for one in reading.items(value) if (at := _moment_of(one)) is not None)


def _moment_of(value: object) -> datetime | None:
    said = REPORT_MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    iso = f"{said[1]}T{said[2]}{said[3]}:{said[4]}" if said else value
    return reading.maybe_moment({"at": iso}, "at")
