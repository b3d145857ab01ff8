"""Talking to Zoom's REST API: the token, one call, and what its answers mean.

Nothing of a call but its cause and code ever stands in an error: addresses of calls name
meetings, answers hold credentials.

Source: Zoom developer documentation, "Server-to-Server OAuth", "API errors", "Rate limits".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from remote_training.outside import clock
from remote_training.outside import zoom_answers as answers
from remote_training.outside.meetings import (
    Cause,
    LimitReached,
    MeetingRefused,
    MeetingUnavailable,
)
from remote_training.outside.sharing import Shared, Token

OAUTH_URL = "https://zoom.us/oauth/token"
API_URL = "https://api.zoom.us/v2"
VERSION = "/v2"
CONNECT, ANSWER = 3.0, 10.0  # seconds
SHORTEST = 0.05
LONGEST_TURN = 5.0
PAGE_SIZE = 300
GOOD = (200, 201, 204)


class Label(StrEnum):
    """How heavy a call is: Zoom counts them apart."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


# Seconds between two calls of all our processes together. The limits of the smallest plan with
# registration are 30, 20 and 10 a second, shared with every other program of the account.
PACE = {Label.LIGHT: 1 / 15, Label.MEDIUM: 1 / 10, Label.HEAVY: 1 / 5}


@dataclass(frozen=True)
class ZoomAccount:
    """Who we are to Zoom. Never printed: it holds the secret."""

    account_id: str
    client_id: str
    client_secret: str = field(repr=False)
    oauth_url: str = OAUTH_URL
    api_url: str = API_URL


class _Bearer(AuthBase):
    """The token in its header; given like this, no file of the machine can replace it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._value}"
        return request


class ZoomApi:
    """One account's way to the API, for all threads and, by `shared`, all processes."""

    def __init__(
        self,
        account: ZoomAccount,
        shared: Shared,
        *,
        now: Callable[[], datetime] = clock.now,
        pause: Callable[[float], None] = clock.pause,
    ) -> None:
        self._account = account
        self._shared = shared
        self.now = now
        self._pause = pause

    def ask(
        self,
        method: str,
        path: str,
        label: Label,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        within: float | None = None,
    ) -> dict[str, Any]:
        """One call, and the object it answers with; empty for an answer without a body.

        `within` so many seconds, at a click, with everything that it needs. Raises any
        `MeetingFault`. A token that is refused is renewed once.
        """
        until = None if within is None else clock.ticking() + within
        self._wait_for_turn(label, until)
        token = self._token(until)
        answer = self._send(method, path, token, json, params, until)
        if answers.is_token_refused(answer):
            token = self._token(until, stale=token.value)
            answer = self._send(method, path, token, json, params, until)
        if answer.status_code in GOOD:
            return answers.body(answer)
        raise answers.fault(answer, self.now())

    def pages(
        self, path: str, label: Label, rows: str, params: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page. A page token that has ended begins it anew."""
        for may_begin_anew in (True, False):
            try:
                yield from self._all_pages(path, label, rows, params)
                return
            except _PageTokenEnded:
                if not may_begin_anew:
                    raise MeetingUnavailable(Cause.BROKEN) from None

    def _all_pages(
        self, path: str, label: Label, rows: str, params: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            asked = {**params, "page_size": PAGE_SIZE}
            if token:
                asked["next_page_token"] = token
            try:
                page = self.ask("GET", path, label, params=asked)
            except MeetingRefused as fault:
                if token and fault.cause is Cause.NOT_UNDERSTOOD:
                    raise _PageTokenEnded from None
                raise
            found += _list(page, rows)
            token = str(page.get("next_page_token") or "")
            if not token:
                return found

    def _wait_for_turn(self, label: Label, until: float | None) -> None:
        now = self.now()
        wait = self._shared.turn(f"zoom/{label}", now=now, seconds=PACE[label])
        left = LONGEST_TURN if until is None else min(LONGEST_TURN, until - clock.ticking())
        if wait > left:
            raise LimitReached(now + timedelta(seconds=wait), Cause.TOO_FAST)
        if wait > 0:
            self._pause(wait)

    def _token(self, until: float | None, stale: str | None = None) -> Token:
        return self._shared.token(
            "zoom", lambda: self._fetch_token(until), now=self.now(), stale=stale
        )

    def _fetch_token(self, until: float | None) -> Token:
        account, now = self._account, self.now()
        answer = _call(
            "POST",
            account.oauth_url,
            until,
            auth=(account.client_id, account.client_secret),
            data={"grant_type": "account_credentials", "account_id": account.account_id},
        )
        if answer.status_code in (400, 401, 403):
            raise MeetingRefused(Cause.LOGIN, answer.status_code)
        if answer.status_code not in GOOD:
            raise answers.fault(answer, self.now())
        body = answers.body(answer)
        try:
            return Token(
                str(body["access_token"]),
                self._base(str(body.get("api_url") or "")),
                now + timedelta(seconds=int(body["expires_in"])),
            )
        except (KeyError, TypeError, ValueError):
            raise MeetingUnavailable(Cause.BROKEN) from None

    def _base(self, api_url: str) -> str:
        """Where calls go: as the answer says, if that is Zoom's or the one of the settings."""
        own = self._account.api_url
        is_right = answers.is_zooms(api_url, own) and not urlsplit(api_url).query
        return f"{api_url.rstrip('/')}{VERSION}" if is_right else own

    def is_zooms(self, url: str) -> bool:
        """Whether an address of an answer may be given to a browser."""
        return answers.is_zooms(url, self._account.api_url)

    def _send(
        self,
        method: str,
        path: str,
        token: Token,
        json: Mapping[str, Any] | None,
        params: Mapping[str, Any] | None,
        until: float | None,
    ) -> requests.Response:
        url = f"{token.api_url}{path}"
        return _call(method, url, until, auth=_Bearer(token.value), json=json, params=params)


class _PageTokenEnded(Exception):
    """A page token lives for a quarter of an hour."""


def _call(method: str, url: str, until: float | None, **options: Any) -> requests.Response:
    """One request over the network: no redirect is followed, and it never waits for ever."""
    timeout = (CONNECT, ANSWER)
    if until is not None:
        left = max(SHORTEST, until - clock.ticking())
        timeout = (min(CONNECT, left), left)
    try:
        with requests.Session() as session:
            return session.request(method, url, timeout=timeout, allow_redirects=False, **options)
    except requests.ReadTimeout:
        raise MeetingUnavailable(Cause.NO_ANSWER) from None
    except (requests.RequestException, ValueError, OSError):
        raise MeetingUnavailable(Cause.UNREACHABLE) from None


def _list(page: Mapping[str, Any], rows: str) -> list[dict[str, Any]]:
    found = page.get(rows)
    if not isinstance(found, list):
        raise MeetingUnavailable(Cause.BROKEN)
    return [row for row in found if isinstance(row, dict)]
