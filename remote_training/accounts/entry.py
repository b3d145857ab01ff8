"""A participant comes in: a visit that may see what was opened, under a cookie of its own."""

from __future__ import annotations

from uuid import UUID

from flask import session

from remote_training.accounts import guard, visits
from remote_training.accounts.models import Account, Link, Scope
from remote_training.outside.world import outside


def let_in(
    account: Account, scope: Scope, *, subject_id: UUID | None = None, link: Link | None = None
) -> None:
    """Let this browser see something of hers from now on.

    The same person goes on with what she could see before; anybody else's visit ends.
    """
    now, before = outside().now(), guard.current_visit()
    is_same = before is not None and before.account_id == account.id
    visit, token = visits.begin(account, lasts=visits.PARTICIPANT_HOURS, now=now)
    if before is not None:
        if is_same:
            visits.carry_over(before, visit)
        visits.end(before, now=now)
    visits.permit(visit, scope, subject_id=subject_id, link=link)
    session[guard.VISITOR_COOKIE] = token
    session.pop("csrf_token", None)
