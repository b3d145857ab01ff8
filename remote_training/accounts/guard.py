"""The guard on every view: who may come in.

Each view wears exactly one of `public`, `staff_only(...)`, `visitor(...)`; a test walks
the routes and finds those that wear none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from flask import current_app, g, request, session
from flask_login import LoginManager

from remote_training.accounts import queries, visits
from remote_training.accounts.errors import LinkNeeded, SignInFirst, WrongRole
from remote_training.accounts.models import Account, BrowserSession, Grant, Role, Scope
from remote_training.accounts.visits import Here, Reader
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.outside.world import outside

View = TypeVar("View", bound=Callable[..., Any])
STAFF_COOKIE = "staff"
VISITOR_COOKIE = "me"


def public(view: View) -> View:
    """Let everybody in."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def staff_only(*roles: Role) -> Callable[[View], View]:
    """Let in staff with one of the roles at any site; without roles, any staff.

    Which site's rows they may touch is asked with `site_ids`.
    Raises `SignInFirst` or `WrongRole`.
    """

    def wear(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if staff_account() is None:
                raise SignInFirst(say("Please sign in first."))
            if roles and not has_role(*roles):
                raise WrongRole(say("This page is for somebody with another role."))
            return view(*args, **kwargs)

        guarded.guard = "staff:" + "|".join(roles)  # type: ignore[attr-defined]
        return cast(View, guarded)

    return wear


def visitor(
    scope: Scope | None, subject: str | None = None, *, asks: sa.Select[Any] = visits.HERE
) -> Callable[[View], View]:
    """Let in a participant whose visit may see this; `subject` names the URL's id.

    Raises `LinkNeeded`. A visit for everything of her own passes too; that the thing
    with that id is hers is for the view's query to ask. Without a scope any visit of hers
    passes, and what proves that she may is for the view to ask. A page that everybody opens may
    say what else is asked of her together with who is here: `here().about`.
    """

    def wear(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            subject_id = cast(UUID, kwargs[subject]) if subject else None
            visitor = here()
            if visitor is None or not (
                scope is None or visitor.may_see(scope, subject_id, now=outside().now())
            ):
                raise LinkNeeded(say("Please open the link in your newest mail."))
            return view(*args, **kwargs)

        guarded.guard = f"visitor:{scope or 'any'}"  # type: ignore[attr-defined]
        guarded.asks = asks  # type: ignore[attr-defined]
        return cast(View, guarded)

    return wear


def here() -> Here | None:
    """The participant who is here in this browser, and what she may see; one query a request."""
    if "here" not in g:
        token = session.get(VISITOR_COOKIE)
        view = current_app.view_functions.get(request.endpoint or "")
        asked = getattr(view, "asks", visits.HERE)
        g.here = visits.look(token, now=outside().now(), asked=asked) if token else None
    return cast(Here | None, g.here)


def visitor_account() -> Reader:
    """The participant's account, as far as a page must know it; only behind `visitor`."""
    visitor = here()
    assert visitor is not None
    return visitor.reader


def current_visit() -> BrowserSession | None:
    """The participant's visit in this browser, if any: its row, locked, to be changed.

    Who ends it at this very moment comes before us, and it is None, or after.
    """
    visitor = here()
    if visitor is None:
        return None
    locked = {"key_share": True}
    visit = db.session.get(BrowserSession, visitor.visit_id, with_for_update=locked)
    return visit if visit is not None and visit.is_live(outside().now()) else None


def sees_everything() -> bool:
    """Whether she signed in, so that everything of her own is open to her here."""
    visitor = here()
    return visitor is not None and visitor.may_see(Scope.EVERYTHING, None, now=outside().now())


def staff_visit() -> BrowserSession | None:
    """The visit of staff in this browser, with the password alone or with both factors."""
    if "staff_visit" not in g:
        token = session.get(STAFF_COOKIE)
        g.staff_visit = visits.find(token, now=outside().now()) if token else None
    return cast(BrowserSession | None, g.staff_visit)


def staff_account() -> Account | None:
    """The member of staff who is signed in with both factors, if any."""
    visit = staff_visit()
    return visit.account if visit is not None and visit.second_factor_at is not None else None


def grants() -> Sequence[Grant]:
    """Roles of the member of staff who is signed in, one query a request."""
    if "grants" not in g:
        account = staff_account()
        g.grants = queries.grants_of(account.id) if account else []
    return cast(Sequence[Grant], g.grants)


def has_role(*roles: Role) -> bool:
    """Whether the member of staff has one of the roles at any site."""
    return any(grant.role in roles for grant in grants())


def may_open(endpoint: str) -> bool:
    """Whether the role of the member of staff opens a page of staff."""
    asked = str(getattr(current_app.view_functions.get(endpoint), "guard", ""))
    if not asked.startswith("staff:"):
        return False
    roles = [Role(role) for role in asked.removeprefix("staff:").split("|") if role]
    return not roles or has_role(*roles)


def site_ids(*roles: Role) -> list[UUID]:
    """Sites at which the member of staff has one of the roles."""
    return [grant.site_id for grant in grants() if grant.role in roles]


def sees_arm() -> bool:
    """Whether the arm may be shown: to coordinators, and to researchers who are not blinded."""
    return queries.may_see_arm(grants())


def reader() -> Reader | None:
    """Whose language and zone this request speaks."""
    if request.path.startswith("/staff"):
        visit = staff_visit()
        return Reader.of(visit.account) if visit is not None else None
    visitor = here()
    return visitor.reader if visitor is not None else None


def forget_reader() -> None:
    """Know nobody for the rest of this request: a page about a fault asks no database."""
    g.staff_visit, g.here, g.grants = None, None, []


login_manager = LoginManager()
login_manager.session_protection = None


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _current_user(_request: object) -> Account | None:
    return staff_account()
