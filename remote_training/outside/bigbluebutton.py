"""Rooms on a BigBlueButton server.

A room that stays empty is taken away by the server: it is created at every click, which makes
the same room where it is still there. All that the server learns of somebody is her first name
and our key of her. Addresses carry checksums that open rooms: none is written to a log.

Source: docs.bigbluebutton.org/development/api; bbb-webhooks 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from xml.parsers import expat

import requests

from remote_training.outside import bbb_signing, clock
from remote_training.outside.meetings import (
    Cause,
    MeetingGone,
    MeetingRefused,
    MeetingUnavailable,
    Room,
    WantedPerson,
    WantedRoom,
)

CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 1.0, 1.2, 2.6
LARGEST_ANSWER = 256 * 1024
EVENTS = "user-joined,user-left,meeting-created,meeting-ended"
CAUSES = {
    "checksumError": Cause.LOGIN,
    "unsupportedRequest": Cause.NOT_UNDERSTOOD,
    "idNotUnique": Cause.NOT_UNDERSTOOD,
    "maxParticipantsReached": Cause.LICENCE,
}
GONE = ("notFound", "invalidMeetingIdentifier")


class BigBlueButton:
    """The meeting provider `bigbluebutton`."""

    name = "bigbluebutton"
    is_our_page = False
    keeps_rooms_ahead = False

    def __init__(self, url: str, secret: str, *, hashed: str, public_url: str) -> None:
        """`url` as the server's own tool tells it; `public_url` is where we hear its events."""
        base = url.rstrip("/")
        self._api = base if base.endswith("/api") else f"{base}/api"
        self._secret, self._hashed = secret, hashed
        self._hooks = f"{public_url.rstrip('/')}/hooks/bigbluebutton"
        self._http = requests.Session()
        self._http.trust_env = False

    def open_room(self, wanted: WantedRoom) -> Room:
        """Create the room, and ask for its events if it is new."""
        room, began = Room(f"class-{wanted.key}"), clock.ticking()
        answer = self._call("create", self._creation(room, wanted), ALL_SECONDS)
        spent = clock.ticking() - began
        if answer.get("messageKey") != "duplicateWarning" and spent < ALL_SECONDS / 2:
            try:
                self._ask_for_events(room.external_id, ALL_SECONDS - spent)
            except MeetingUnavailable:
                return room  # the worker asks for them again
        return room

    def join_url(self, room: Room, person: WantedPerson) -> str:
        """Her own way in, as viewer."""
        return self._way_in(room, person, "VIEWER")

    def host_url(self, room: Room, person: WantedPerson) -> str:
        """The trainer's way in, as moderator."""
        return self._way_in(room, person, "MODERATOR")

    def listen(self, external_id: str) -> None:
        """Ask for the events of a room, so that the server does not forget us."""
        self._ask_for_events(external_id, ALL_SECONDS)

    def _creation(self, room: Room, wanted: WantedRoom) -> dict[str, str]:
        token = bbb_signing.end_token(room.external_id, secret=self._secret)
        return {
            "meetingID": room.external_id,
            "name": wanted.topic,
            "record": "false",
            "autoStartRecording": "false",
            "allowStartStopRecording": "false",
            "guestPolicy": "ALWAYS_ACCEPT",
            "muteOnStart": "true",
            "lockSettingsDisablePrivateChat": "true",
            "lockSettingsHideUserList": "true",
            "meetingKeepEvents": "true",
            "meta_endCallbackUrl": f"{self._hooks}/ended/{room.external_id}/{token}",
            "meta_analytics-callback-url": f"{self._hooks}/analytics",
        }

    def _way_in(self, room: Room, person: WantedPerson, role: str) -> str:
        return self._address(
            "join",
            {
                "meetingID": room.external_id,
                "userID": person.key,
                "fullName": person.first_name,
                "role": role,
                "excludeFromDashboard": "true",
                "redirect": "true",
            },
        )

    def _ask_for_events(self, external_id: str, seconds: float) -> None:
        asked = {"callbackURL": self._hooks, "meetingID": external_id, "eventID": EVENTS}
        self._call("hooks/create", asked, seconds)

    def _address(self, call: str, asked: Mapping[str, str]) -> str:
        query = urlencode(asked)
        signed = bbb_signing.checksum(
            f"{call}{query}".encode(), secret=self._secret, algorithm=self._hashed
        )
        return f"{self._api}/{call}?{query}&checksum={signed}"

    def _call(self, call: str, asked: Mapping[str, str], seconds: float) -> dict[str, str]:
        """What the server answers, where it did as asked; else a fault with its cause."""
        answer = _told(self._get(self._address(call, asked), seconds))
        if answer.get("returncode") == "SUCCESS":
            return answer
        key = answer.get("messageKey", "")
        if key in GONE:
            raise MeetingGone(key)
        raise MeetingRefused(CAUSES.get(key, Cause.NOT_UNDERSTOOD))

    def _get(self, address: str, seconds: float) -> bytes:
        until = clock.ticking() + seconds
        timeout = (min(CONNECT_SECONDS, seconds), min(READ_SECONDS, seconds))
        try:
            with self._http.get(
                address, timeout=timeout, allow_redirects=False, stream=True
            ) as answer:
                if answer.status_code != requests.codes.ok:
                    raise MeetingUnavailable(Cause.BROKEN, answer.status_code)
                return _body(answer, until)
        except requests.Timeout:
            raise MeetingUnavailable(Cause.NO_ANSWER) from None
        except requests.RequestException:
            raise MeetingUnavailable(Cause.UNREACHABLE) from None


def _body(answer: requests.Response, until: float) -> bytes:
    """The body of an answer, unless it is too large or too slow."""
    body = b""
    for piece in answer.iter_content(8192):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise MeetingUnavailable(Cause.BROKEN)
        if clock.ticking() > until:
            raise MeetingUnavailable(Cause.NO_ANSWER)
    return body


def _told(body: bytes) -> dict[str, str]:
    """The fields of an answer. A document type is refused: entities come by that way only."""
    fields: dict[str, str] = {}
    path: list[str] = []

    def begin(name: str, _attributes: object) -> None:
        path.append(name)

    def text(said: str) -> None:
        if len(path) == 2:  # <response><field>
            fields[path[1]] = fields.get(path[1], "") + said

    def refuse(*_: object) -> None:
        raise MeetingUnavailable(Cause.BROKEN)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _name: path.pop()
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise MeetingUnavailable(Cause.BROKEN) from error
    return {name: said.strip() for name, said in fields.items()}
