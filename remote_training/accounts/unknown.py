"""Tokens that never were: guesses, counted by the network from which they come.

Only they are counted and only they are refused. A link or token that is good opens what it
opens, also from a network whose guesses are used up: a hospital has one address for all.
"""

from __future__ import annotations

from datetime import datetime

from flask import request

from remote_training.accounts import throttle, tries
from remote_training.accounts.errors import TooOften
from remote_training.core.db import db, unit_of_work
from remote_training.core.words import say


def count(*, now: datetime) -> None:
    """Count one token that never was; it stays counted, whatever is refused after it.

    Called before anything is written.
    Raises `TooOften` where there were too many from this network.
    """
    network = throttle.network(request.remote_addr)
    db.session.rollback()  # SQLite lets no reader write once somebody else has written meanwhile
    with unit_of_work():
        is_within = tries.may_try_unknown(network, now=now)
    if not is_within:
        seconds = tries.seconds_left(now=now)
        raise TooOften(
            say(
                "From your network, too many links were opened that are not known. The link in "
                "your newest mail works at once; for others please wait %(minutes)s minutes."
            ),
            to_staff=say(
                "From your network, too many tokens came that are not known. One that is good is "
                "taken at once; for others please wait %(minutes)s minutes."
            ),
            seconds=seconds,
            minutes=max(2, -(-seconds // 60)),  # never "1 minutes"
        )
