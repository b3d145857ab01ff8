"""What Zoom's answers mean: good ones, errors, limits, and addresses that they name.

Source: Zoom developer documentation, "API errors", "Rate limits".
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from remote_training.outside.meetings import (
    Cause,
    LimitReached,
    MeetingFault,
    MeetingGone,
    MeetingRefused,
    MeetingUnavailable,
    next_midnight,
)

ZOOM = "zoom.us"
LONGEST_WAIT = timedelta(hours=24)
SOON = (2.0, 10.0)  # seconds: where a limit names no moment
TOKEN_INVALID, PER_SECOND = 124, 4001

# What the codes of Zoom's errors mean for us; 404 and 429 have rules of their own below.
REFUSED = {
    200: Cause.LICENCE,
    300: Cause.NOT_UNDERSTOOD,
    303: Cause.NOT_UNDERSTOOD,
    1001: Cause.HOST_UNKNOWN,
    1010: Cause.HOST_UNKNOWN,
    3000: Cause.NOT_UNDERSTOOD,
    3038: Cause.NOT_UNDERSTOOD,
    3043: Cause.LICENCE,
    3161: Cause.LICENCE,
    4700: Cause.SCOPE,
    4711: Cause.SCOPE,
}
GONE = frozenset({3001, 12702})


def fault(answer: requests.Response, now: datetime) -> MeetingFault:
    """What an answer that is not a good one means."""
    status, told = answer.status_code, said(answer)
    code = told.get("code")
    code = code if isinstance(code, int) else None
    if status == 429 or code == PER_SECOND:
        return _limit(answer, str(told.get("message") or ""), code, now)
    if status >= 500 or status < 400:
        return MeetingUnavailable(Cause.BROKEN, status)
    if code in GONE or (status == 404 and code not in REFUSED):
        return MeetingGone(code)
    if status == 401 or code == TOKEN_INVALID:
        return MeetingRefused(REFUSED.get(code or 0, Cause.LOGIN), code or status)
    return MeetingRefused(REFUSED.get(code or 0, Cause.NOT_UNDERSTOOD), code or status)


def _limit(
    answer: requests.Response, message: str, code: int | None, now: datetime
) -> LimitReached:
    """Until when nothing may be asked: as said, or to midnight UTC, or a little while.

    Zoom documents an ISO moment in `Retry-After`; a limit of the day came without any.
    """
    is_of_the_day = "daily" in message.lower() or "per day" in message.lower()
    cause = Cause.DAY_LIMIT if is_of_the_day and code != PER_SECOND else Cause.TOO_FAST
    named = retry_moment(answer.headers.get("Retry-After"), now)
    if named is not None and named > now:
        return LimitReached(min(named, now + LONGEST_WAIT), cause)
    if cause is Cause.DAY_LIMIT:
        return LimitReached(next_midnight(now), cause)
    return LimitReached(now + timedelta(seconds=random.uniform(*SOON)), cause)  # noqa: S311


def is_zooms(url: str, own: str) -> bool:
    """Whether an address leads to Zoom, or to where the settings say that Zoom is."""
    try:
        said, known = urlsplit(url), urlsplit(own)
        host, port = (said.hostname or "").lower(), said.port
    except ValueError:
        return False
    if "\\" in url or "@" in said.netloc or not url.isprintable():
        return False
    if (said.scheme, said.netloc.lower()) == (known.scheme, known.netloc.lower()):
        return True
    return said.scheme == "https" and port in (None, 443) and f".{host}".endswith(f".{ZOOM}")


def retry_moment(said: str | None, now: datetime) -> datetime | None:
    """The moment that a `Retry-After` means: seconds, a date of HTTP, or an ISO moment."""
    if not said:
        return None
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return now + timedelta(seconds=min(int(said[:9]), LONGEST_WAIT.total_seconds()))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(said)
        except (ValueError, TypeError):
            continue
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return None


def is_token_refused(answer: requests.Response) -> bool:
    """Whether another token may help."""
    return answer.status_code == 401 and said(answer).get("code") in (TOKEN_INVALID, None)


def body(answer: requests.Response) -> dict[str, Any]:
    if answer.status_code == 204 or not answer.content:
        return {}
    told = said(answer)
    if not told:
        raise MeetingUnavailable(Cause.BROKEN, answer.status_code)
    return told


def said(answer: requests.Response) -> dict[str, Any]:
    """The object of an answer; empty where there is none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
