"""How often staff may try a password or a code before they are asked to wait.

Limits go by person and network together, so that a stranger elsewhere cannot shut a
colleague out; a try that was right is taken back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from remote_training.accounts import throttle

WINDOW = timedelta(minutes=15)
PER_PERSON, PER_NETWORK = 10, 50
UNKNOWN_PER_NETWORK = 30  # links, calendar addresses and access tokens that never were


def may_try_password(email: str, network: str, *, now: datetime) -> bool:
    """Count a try at a password for this address from this network, and for the network."""
    who = _pair(email, network)
    person = throttle.allow("password", who, limit=PER_PERSON, window=WINDOW, now=now)
    return may_try_from(network, now=now) and person


def was_right(email: str, network: str, *, now: datetime) -> None:
    """Take the try back: the password was the right one."""
    throttle.forgive("password", _pair(email, network), window=WINDOW, now=now)
    throttle.forgive("network", network, window=WINDOW, now=now)


def may_try_code(who: str, *, now: datetime) -> bool:
    """Count a try at a second factor. Only who has the password comes this far."""
    return throttle.allow("code", who, limit=PER_PERSON, window=WINDOW, now=now)


def code_was_right(who: str, *, now: datetime) -> None:
    """Take the try back: the code was the right one."""
    throttle.forgive("code", who, window=WINDOW, now=now)


def may_try_from(network: str, *, now: datetime) -> bool:
    """Count a try from a network, whoever it is for."""
    return throttle.allow("network", network, limit=PER_NETWORK, window=WINDOW, now=now)


def may_try_unknown(network: str, *, now: datetime) -> bool:
    """Count a token that never was, from a network. Who has a good one is not asked."""
    return throttle.allow("unknown", network, limit=UNKNOWN_PER_NETWORK, window=WINDOW, now=now)


def seconds_left(*, now: datetime) -> int:
    """Until tries are counted anew."""
    return throttle.seconds_left(WINDOW, now=now)


def _pair(email: str, network: str) -> str:
    return f"{email.strip().lower()}/{network}"
