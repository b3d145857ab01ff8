"""Rooms on a Jitsi server of one's own, or at 8x8 (JaaS).

A room is there as soon as somebody with a token comes; nobody is asked beforehand. Each token
is for one person in one room, and says whether she is a host: the server must be told to
believe that (`token_affiliation`, `ENABLE_AUTO_OWNER=0`), or everybody is one.

Source: github.com/jitsi/lib-jitsi-meet, doc/tokens.md; developer.8x8.com/jaas/docs/api-keys-jwt.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from remote_training.outside import bearer
from remote_training.outside.meetings import Cause, MeetingRefused, Room, WantedPerson, WantedRoom

GOOD_BEFORE, GOOD_FOR = timedelta(minutes=2), timedelta(hours=4)
JAAS_HOST = "8x8.vc"
KEY = "PRIVATE KEY-----"  # stands in every PEM, and in no shared secret


class Jitsi:
    """The meeting provider `jitsi`."""

    name = "jitsi"
    is_our_page = False
    keeps_rooms_ahead = False

    def __init__(self, url: str, app_id: str, secret: str, *, now: Callable[[], datetime]) -> None:
        """`secret` is the shared one, or 8x8's private key with its id before it: `id:PEM`.

        With such a key it is 8x8, also under an address of one's own.
        """
        self._url, self._app_id, self._secret, self._now = url.rstrip("/"), app_id, secret, now
        self._host = urlsplit(url).hostname or ""
        self._is_jaas = self._host == JAAS_HOST or KEY in secret

    def open_room(self, wanted: WantedRoom) -> Room:
        """Name the room. Jitsi writes names in small letters."""
        return Room(f"class-{wanted.key}".casefold())

    def join_url(self, room: Room, person: WantedPerson) -> str:
        """Her own way in."""
        return self._way_in(room, person, is_host=False)

    def host_url(self, room: Room, person: WantedPerson) -> str:
        """The trainer's way in, as owner of the room."""
        return self._way_in(room, person, is_host=True)

    def _way_in(self, room: Room, person: WantedPerson, *, is_host: bool) -> str:
        claims = self._claims(room, person, is_host=is_host)
        if self._is_jaas:
            return f"{self._url}/{self._app_id}/{room.external_id}?jwt={self._jaas_token(claims)}"
        token = bearer.signed(claims, secret=self._secret)
        return f"{self._url}/{room.external_id}?jwt={token}"

    def _claims(self, room: Room, person: WantedPerson, *, is_host: bool) -> dict[str, Any]:
        now, is_jaas = self._now(), self._is_jaas
        user = {
            "id": person.key,
            "name": person.first_name,
            "affiliation": "owner" if is_host else "member",
            "moderator": "true" if is_host else "false",
        }
        return {
            "aud": "jitsi" if is_jaas else self._app_id,
            "iss": "chat" if is_jaas else self._app_id,
            "sub": self._app_id if is_jaas else self._host,
            "room": room.external_id,
            "nbf": int((now - GOOD_BEFORE).timestamp()),
            "exp": int((now + GOOD_FOR).timestamp()),
            "context": {"user": user},
        }

    def _jaas_token(self, claims: dict[str, Any]) -> str:
        key_id, _, pem = self._secret.partition(":")
        try:
            return bearer.signed_by_key(claims, key=pem, key_id=key_id)
        except ValueError as error:
            raise MeetingRefused(Cause.LOGIN) from error
