"""What a kind of message means: what a crash does to it, is it still wanted, what it says.

The table is filled by a higher room and handed in by `app`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from flask import current_app

from remote_training.messages.models import Message
from remote_training.outside.mail import Letter

Subject = TypeVar("Subject")


def nothing(_subject: Any, _message: Message, _now: datetime) -> None:
    """Hold back nothing."""


class Policy(StrEnum):
    """What is done where a crash leaves it open whether a mail went out.

    `again`: sent once more, twice does no harm. `once`: never twice; it is marked
    uncertain, and a person sees it.
    """

    AGAIN = "again"
    ONCE = "once"


@dataclass(frozen=True)
class Kind(Generic[Subject]):
    """One kind of message.

    Attributes
    ----------
    about
        Opened around the writing of some messages, in the transaction that marks them: reads
        at once, anew, what each is about, by the message's id; what cannot be found is left
        out, and a fault of that message alone. It may write what they need as it closes.
    is_wanted
        Asked right before sending, with the moment: False makes the message void.
    held_back
        Asked after that, for mail that somebody may do without: why it does not go, as a short
        code that staff see at the message, which is void then; None where it goes.
    compose
        Writes the letter; makes the links in it. What it raises is a fault of this row alone.
    """

    name: str
    policy: Policy
    about: Callable[[Sequence[Message]], AbstractContextManager[Mapping[UUID, Subject]]]
    is_wanted: Callable[[Subject, Message, datetime], bool]
    compose: Callable[[Subject, Message, datetime], Letter]
    held_back: Callable[[Subject, Message, datetime], str | None] = nothing


def kinds() -> Mapping[str, Kind[Any]]:
    """The kinds of the running app, by name."""
    return cast(Mapping[str, Kind[Any]], current_app.extensions["message_kinds"])


def sent_again() -> frozenset[str]:
    """Names of the kinds that are sent once more where a crash left it open."""
    return frozenset(name for name, kind in kinds().items() if kind.policy is Policy.AGAIN)
