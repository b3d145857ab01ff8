"""Taking values out of what others wrote: every function refuses with `Unusable`, none breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FIRST_IN_MS = 100_000_000_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LONGEST = 120
YEARS = range(2000, 2100)
Fields = Mapping[str, Any]


class Unusable(Exception):
    """Signed, but nothing that we can read."""


def document(text: str) -> Any:
    """What a JSON text says."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable from error


def fields(value: Any) -> Fields:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A JSON array; one thing that is not in an array counts as an array of it."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text(found: Fields, *names: str) -> str:
    """The first of some fields that says something: a number as its digits, else cleaned text."""
    for name in names:
        value = found.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            continue
        said = CONTROL.sub("", str(value)).encode("utf-8", "replace").decode().strip()
        if said:
            return said[:LONGEST]
    return ""


def text_of(found: Fields, name: str) -> str:
    """A field as it stands, however long; empty where there is none."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def moment(found: Fields, *names: str) -> datetime:
    """The first of some fields that is a moment: seconds, thousandths, or an ISO 8601 text."""
    for name in names:
        at = _moment(found.get(name))
        if at is not None and at.year in YEARS:
            return at
    raise Unusable


def maybe_moment(found: Fields, *names: str) -> datetime | None:
    """As `moment`, or None."""
    try:
        return moment(found, *names)
    except Unusable:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
            return _aware(datetime.fromisoformat(value.strip()))
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        number = float(value)
        return datetime.fromtimestamp(number / 1000 if number >= FIRST_IN_MS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
