"""Zoom: rooms that are kept ahead, in the accounts of licensed hosts.

What Zoom learns of a participant is her first name and an address of ours that reaches nobody.
Zoom itself sends no mail to anybody. Everybody is registered, has an address of her own and
waits until the trainer lets her in.

Source: Zoom API (OpenAPI description of "Meetings", "Users", "Reports"), operations as named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from remote_training.outside import clock
from remote_training.outside.meetings import (
    Cause,
    FoundPerson,
    FoundRoom,
    MeetingGone,
    MeetingRefused,
    MeetingUnavailable,
    Presence,
    WantedPerson,
    WantedRoom,
)
from remote_training.outside.sharing import Shared
from remote_training.outside.zoom_api import Label, ZoomAccount, ZoomApi

ME = "me"
SCHEDULED = 2
BASIC = 1
AT_ONCE, NOBODY_ASKED = 0, 2  # approval_type: automatically; no registration at all
ONCE_FOR_ALL = 1  # registration_type
AT_THE_CLICK = 2.5  # seconds, for everything that is asked while somebody waits
LONGEST_NAME = 64
WAITS = "in_waiting_room"
STARTED = "started"
NOT_AS_HOST = (Cause.NOT_UNDERSTOOD, Cause.HOST_UNKNOWN, Cause.LICENCE)
NO_REPORT = (Cause.SCOPE, Cause.LICENCE)


class ZoomMeetings:
    """The meeting provider `zoom`."""

    name = "zoom"
    is_our_page = False
    keeps_rooms_ahead = True
    changes_a_day = 100
    registrations_a_day = 3

    def __init__(
        self,
        account: ZoomAccount,
        shared: Shared,
        *,
        now: Callable[[], datetime] = clock.now,
        pause: Callable[[float], None] = clock.pause,
    ) -> None:
        self._api = ZoomApi(account, shared, now=now, pause=pause)

    def check_host(self, host: str) -> None:
        """`GET /users/{userId}`: without a licence nobody can be registered."""
        user = self._api.ask("GET", f"/users/{_part(host or ME)}", Label.LIGHT)
        if user.get("type") == BASIC:
            raise MeetingRefused(Cause.LICENCE)

    def coming(self, host: str) -> Sequence[FoundRoom]:
        """`GET /users/{userId}/meetings`: all that are still to come, or go on."""
        path = f"/users/{_part(host or ME)}/meetings"
        rows = self._api.pages(path, Label.MEDIUM, "meetings", {"type": "upcoming"})
        return [_room(row) for row in rows]

    def create(self, wanted: WantedRoom) -> FoundRoom:
        """`POST /users/{userId}/meetings`."""
        path = f"/users/{_part(wanted.host or ME)}/meetings"
        return _room(self._write("POST", path, wanted))

    def read(self, external_id: str) -> FoundRoom:
        """`GET /meetings/{meetingId}`."""
        return _room(self._read(external_id))

    def change(self, external_id: str, wanted: WantedRoom) -> None:
        """`PATCH /meetings/{meetingId}`: a beginning in the past is ignored without a word."""
        self._write("PATCH", _meeting(external_id), wanted)

    def delete(self, external_id: str) -> None:
        """`DELETE /meetings/{meetingId}`."""
        try:
            self._api.ask("DELETE", _meeting(external_id), Label.LIGHT)
        except MeetingGone:
            return

    def people(self, external_id: str) -> Sequence[FoundPerson]:
        """`GET /meetings/{meetingId}/registrants`, the approved ones."""
        path, wanted = f"{_meeting(external_id)}/registrants", {"status": "approved"}
        rows = self._api.pages(path, Label.MEDIUM, "registrants", wanted)
        return [self._person(row, str(row.get("email") or "")) for row in rows]

    def register(self, external_id: str, person: WantedPerson) -> FoundPerson:
        """`POST /meetings/{meetingId}/registrants`."""
        path = f"{_meeting(external_id)}/registrants"
        told = {"email": person.alias, "first_name": person.first_name[:LONGEST_NAME]}
        return self._person(self._api.ask("POST", path, Label.LIGHT, json=told), person.alias)

    def unregister(self, external_id: str, person: FoundPerson) -> None:
        """`PUT /meetings/{meetingId}/registrants/status`, `cancel`."""
        named = {"id": person.external_id, "email": person.alias}
        told = {"action": "cancel", "registrants": [named]}
        path = f"{_meeting(external_id)}/registrants/status"
        self._api.ask("PUT", path, Label.MEDIUM, json=told)

    def host_url(self, external_id: str) -> str:
        """`start_url` of `GET /meetings/{meetingId}`: it lives for two hours."""
        url = self._read(external_id, within=AT_THE_CLICK).get("start_url")
        if not isinstance(url, str) or not self._api.is_zooms(url):
            raise MeetingUnavailable(Cause.BROKEN)
        return url

    def presences(self, external_id: str) -> Sequence[Presence]:
        """The report of every opening, or, where we may not have it, the past participants."""
        path = f"/past_meetings/{_part(external_id)}/instances"
        page = self._api.ask("GET", path, Label.MEDIUM)
        found: list[Presence] = []
        for instance in page.get("meetings") or []:
            run = str(instance.get("uuid") or "")
            if run:
                found += self._presences(run)
        return found

    def _write(self, method: str, path: str, wanted: WantedRoom) -> dict[str, Any]:
        """Zoom takes as alternative host only who has a licence in the same account. A class
        whose substitute lost hers has a room all the same: she is left out, and that shows.
        """
        try:
            return self._api.ask(method, path, Label.LIGHT, json=_wanted(wanted))
        except MeetingRefused as fault:
            if not wanted.others or fault.cause not in NOT_AS_HOST:
                raise
        alone = _wanted(replace(wanted, others=frozenset()))
        return self._api.ask(method, path, Label.LIGHT, json=alone)

    def _read(self, external_id: str, within: float | None = None) -> dict[str, Any]:
        return self._api.ask("GET", _meeting(external_id), Label.LIGHT, within=within)

    def _person(self, row: dict[str, Any], alias: str) -> FoundPerson:
        """A registrant: `id` in a list, `registrant_id` in the answer to a registration."""
        external_id, join_url = row.get("registrant_id") or row.get("id"), row.get("join_url")
        if not external_id:
            raise MeetingUnavailable(Cause.BROKEN)
        is_right = isinstance(join_url, str) and self._api.is_zooms(join_url)
        return FoundPerson(str(external_id), alias, str(join_url) if is_right else "")

    def _presences(self, run: str) -> list[Presence]:
        try:
            rows, source = self._report(run), "report"
        except MeetingGone:
            raise MeetingUnavailable(Cause.NO_ANSWER) from None  # it is not ready yet
        except MeetingRefused as fault:
            if fault.cause not in NO_REPORT:
                raise
            rows, source = self._past(run), "past"
        return [_presence(run, row, source) for row in rows if row.get("status") != WAITS]

    def _report(self, run: str) -> list[dict[str, Any]]:
        path = f"/report/meetings/{uuid_part(run)}/participants"
        wanted = {"include_fields": "registrant_id"}
        return list(self._api.pages(path, Label.HEAVY, "participants", wanted))

    def _past(self, run: str) -> list[dict[str, Any]]:
        path = f"/past_meetings/{uuid_part(run)}/participants"
        return list(self._api.pages(path, Label.MEDIUM, "participants", {}))


def uuid_part(uuid: str) -> str:
    """A meeting's uuid in a path: encoded twice where it begins with `/` or holds `//`."""
    once = quote(uuid, safe="")
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def _part(value: str) -> str:
    return quote(value, safe="")


def _meeting(external_id: str) -> str:
    return f"/meetings/{_part(external_id)}"


def _wanted(wanted: WantedRoom) -> dict[str, Any]:
    return {
        "topic": wanted.topic,
        "agenda": wanted.marker,
        "type": SCHEDULED,
        "start_time": f"{wanted.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "timezone": "UTC",
        "duration": wanted.minutes,
        "settings": {
            "approval_type": AT_ONCE,
            "registration_type": ONCE_FOR_ALL,
            "registrants_confirmation_email": False,
            "registrants_email_notification": False,
            "waiting_room": True,
            "join_before_host": False,
            "meeting_authentication": False,
            "host_video": True,
            "mute_upon_entry": False,
            "auto_recording": "none",
            "alternative_hosts": ";".join(sorted(wanted.others)),
            "alternative_hosts_email_notification": False,
        },
    }


def _room(row: dict[str, Any]) -> FoundRoom:
    """A meeting of an answer. Its id is a number of more than ten digits, or a text."""
    settings = row.get("settings") or {}
    try:
        return FoundRoom(
            external_id=str(row["id"]),
            description=str(row.get("agenda") or ""),
            starts_at=_moment(row["start_time"]) if row.get("start_time") else None,
            minutes=int(row.get("duration") or 0),
            is_safe=_is_safe(settings),
            is_on=row.get("status") == STARTED,
            topic=str(row["topic"]) if row.get("topic") is not None else None,
            others=_others(settings),
        )
    except (KeyError, TypeError, ValueError):
        raise MeetingUnavailable(Cause.BROKEN) from None


def _others(settings: dict[str, Any]) -> frozenset[str]:
    """Who else may start it; Zoom itself has written commas instead of semicolons."""
    said = str(settings.get("alternative_hosts") or "").replace(",", ";").lower()
    return frozenset(one.strip() for one in said.split(";") if one.strip())


def _is_safe(settings: dict[str, Any]) -> bool:
    """Whether people have to be registered, and wait until the trainer lets them in."""
    is_registered = settings.get("approval_type", NOBODY_ASKED) == AT_ONCE
    return is_registered and settings.get("waiting_room") is True


def _presence(run: str, row: dict[str, Any], source: str) -> Presence:
    """A row of a report. Without a length it has not been worked out yet."""
    try:
        joined_at, left_at = _moment(row["join_time"]), _moment(row["leave_time"])
        if not int(row.get("duration") or 0) and left_at != joined_at:
            raise MeetingUnavailable(Cause.NO_ANSWER)
    except (KeyError, TypeError, ValueError):
        raise MeetingUnavailable(Cause.NO_ANSWER) from None
    return Presence(
        run=run,
        person=str(row.get("registrant_id") or ""),
        connection=str(row.get("user_id") or row.get("id") or ""),
        joined_at=joined_at,
        left_at=left_at,
        source=source,
        name=str(row.get("name") or ""),
    )


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(UTC)
