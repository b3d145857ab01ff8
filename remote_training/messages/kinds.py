"""What a kind of message means: what a crash does to it, is it still wanted, what it says.

The table is filled by a higher room and handed in by `app`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from flask import current_app

from remote_training.messages.models import Message
from remote_training.outside.mail import Letter


class Policy(StrEnum):
    """What is done where a crash leaves it open whether a mail went out.

    `again`: sent once more, twice does no harm. `once`: never twice; it is marked
    uncertain, and a person sees it.
    """

    AGAIN = "again"
    ONCE = "once"


def _nothing(_messages: Sequence[Message]) -> None:
    """Read nothing ahead."""


@dataclass(frozen=True)
class Kind:
    """One kind of message.

    Attributes
    ----------
    is_wanted
        Asked right before sending, with the moment: False makes the message void.
    compose
        Writes the letter; makes the links in it. What it raises is a fault of this row alone.
    gather
        Reads at once, anew, what some messages are about; what it returns is kept until the
        last of them is written. Asked before `is_wanted`, in the same transaction.
    """

    name: str
    policy: Policy
    is_wanted: Callable[[Message, datetime], bool]
    compose: Callable[[Message, datetime], Letter]
    gather: Callable[[Sequence[Message]], object] = _nothing


def kinds() -> Mapping[str, Kind]:
    """The kinds of the running app, by name."""
    return cast(Mapping[str, Kind], current_app.extensions["message_kinds"])


def sent_again() -> frozenset[str]:
    """Names of the kinds that are sent once more where a crash left it open."""
    return frozenset(name for name, kind in kinds().items() if kind.policy is Policy.AGAIN)
