"""The guard on every address for programs: a bearer token, and how often it may ask.

Cookies are not looked at: who is signed in with a browser is nobody here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, request

from remote_training.accounts import programs, throttle, unknown
from remote_training.accounts.errors import WrongRole
from remote_training.accounts.models import Role
from remote_training.accounts.programs import Caller
from remote_training.api.errors import TokenEnded, TokenNeeded, TooOften
from remote_training.core.db import unit_of_work
from remote_training.core.words import say
from remote_training.outside.world import outside

View = TypeVar("View", bound=Callable[..., Any])
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PER_MINUTE = 120  # requests of one token
EXPORTS_PER_HOUR = 20  # of one person, whatever the token


def program(*roles: Role) -> Callable[[View], View]:
    """Let in a program whose token is for one of the roles.

    Raises `TokenNeeded`, `TokenEnded`, `TooOften` or `WrongRole`, asked in this order.
    """

    def wear(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            who = _come_in(outside().now())
            g.caller, g.language, g.zone = who, who.language, who.zone
            if who.role not in roles:
                raise WrongRole(say("This token is for another role."))
            return view(*args, **kwargs)

        guarded.guard = "program:" + "|".join(roles)  # type: ignore[attr-defined]
        return cast(View, guarded)

    return wear


def caller() -> Caller:
    """In whose name the program asks; only behind `program`."""
    return cast(Caller, g.caller)


def check_pace(what: str, who: object, limit: int, window: timedelta, now: datetime) -> None:
    """Count one more request, or refuse it with `TooOften`; the count stays whatever follows."""
    with unit_of_work():
        is_within = throttle.allow(what, str(who), limit=limit, window=window, now=now)
    if not is_within:
        raise TooOften(
            say("This was asked too often within a short while. Please wait, then ask again."),
            seconds=throttle.seconds_left(window, now=now),
        )


def _come_in(now: datetime) -> Caller:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenNeeded(
            say("Please send an access token. It is made on your account page, under programs.")
        )
    with unit_of_work():
        who = programs.caller(token.strip(), now=now)
    if who is None:
        if not programs.ever_was(token.strip()):
            unknown.count(now=now)
        raise TokenEnded(say("This access token opens nothing, or no longer. Please make one."))
    check_pace("api", who.token_id, PER_MINUTE, MINUTE, now)
    return who
