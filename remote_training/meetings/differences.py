"""What somebody changed at a provider by hand: one room may differ in several ways at once."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from remote_training.outside.meetings import FoundRoom, WantedRoom


class Difference(StrEnum):
    """One thing that is not as we made it: it is shown, and not overwritten.

    `ANEW` is the exception: the room was deleted so shortly before the class that a new one
    was made at once. It is shown until the class is over.
    """

    GONE = "gone"
    ANEW = "anew"
    MOVED = "moved"
    RENAMED = "renamed"
    UNSAFE = "unsafe"
    HOSTS = "hosts"
    STRANGERS = "strangers"
    PERSON_GONE = "person_gone"


NOT_OURS_TO_MEND = frozenset({Difference.STRANGERS, Difference.ANEW})
MENDED_BY_WRITING = frozenset(
    {Difference.MOVED, Difference.RENAMED, Difference.UNSAFE, Difference.HOSTS}
)


class Differences(TypeDecorator[frozenset[Difference]]):
    """Some differences in one column, NULL for none."""

    impl = sa.String(200)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write them in the order of the list above."""
        return ",".join(one for one in Difference if one in (value or ())) or None

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> frozenset[Difference]:
        """Read them."""
        return frozenset(Difference(one) for one in (value or "").split(",") if one)


def of(found: FoundRoom, wanted: WantedRoom, *, has_begun: bool) -> set[Difference]:
    """In what a room that is there differs. What has begun keeps its time."""
    is_moved = (found.starts_at, found.minutes) != (wanted.starts_at, wanted.minutes)
    differs = {
        Difference.MOVED: is_moved and not has_begun,
        Difference.RENAMED: found.topic not in (None, wanted.topic),
        Difference.UNSAFE: not found.is_safe,
        Difference.HOSTS: found.others != wanted.others,
    }
    return {one for one, is_so in differs.items() if is_so}
