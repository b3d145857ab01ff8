"""Every page, as whoever may open it: axe finds nothing, at three widths, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from remote_training.accounts import guard, tokens, visits
from remote_training.accounts.models import LinkKind, Role, Scope
from remote_training.bookings import service as bookings
from remote_training.core.db import db
from tests import make
from tests.journeys.accessibility import assert_accessible
from tests.journeys.conftest import Platform

NOT_PAGES = {"/health/live", "/health/ready", "/metrics", "/static/<path:filename>"}
PARTS = {"/questions/<uuid:assessment_id>/sheet"}  # fetched by a page and shown in it
NO_HTML = ("svg", "csv", "zip", "ics", "json", "raw", "/html")


@pytest.fixture
def people(platform: Platform) -> Iterator[dict[str, Any]]:
    """A woman with a class that is open now, questions, two links of each kind; all of staff."""
    with platform.app.app_context():
        now = platform.clock()
        trainer = make.trainer()
        woman = make.participant(contact=make.contact(name="Ada Byron"))
        soon = make.session(trainer=trainer, starts_at=now + timedelta(minutes=10))
        later = make.session(trainer=trainer, starts_at=now + timedelta(days=2))
        make.session(trainer=trainer, starts_at=now + timedelta(days=3))
        booking = bookings.book(woman, soon, now=now, by=None)
        bookings.book(woman, later, now=now, by=None)
        db.session.commit()
        assessment = make.assessment(participant=woman)
        staff = {role: make.staff(role) for role in Role}
        staff[Role.TRAINER] = trainer
        links = {
            LinkKind.JOIN: booking.id, LinkKind.ANSWER: assessment.id,
            LinkKind.BOOKINGS: None, LinkKind.SIGN_IN: None,
        }  # fmt: skip
        found = {
            kind: tokens.mint(
                kind,
                woman.account_id,
                now=now,
                subject_id=subject,
                expires_at=now + timedelta(days=1),
            )
            for kind, subject in links.items()
        }
        cookies = {"survivor": _cookie(platform, woman.account, guard.VISITOR_COOKIE)}
        cookies |= {role: _cookie(platform, who, guard.STAFF_COOKIE) for role, who in staff.items()}
        db.session.commit()
        ids = {
            "booking_id": booking.id, "session_id": soon.id, "assessment_id": assessment.id,
            "participant_id": woman.id, "account_id": trainer.id, "number": 1, "position": 1,
        }  # fmt: skip
        yield {"ids": ids, "links": found, "cookies": cookies}


def _cookie(platform: Platform, account: Any, name: str) -> str:
    now = platform.clock()
    visit, token = visits.begin(account, lasts=timedelta(hours=9), now=now)
    if name == guard.VISITOR_COOKIE:
        visits.permit(visit, Scope.EVERYTHING)
    else:
        visit.second_factor_at = now
    signer = platform.app.session_interface.get_signing_serializer(platform.app)
    return str(signer.dumps({name: token}))


def _addresses(platform: Platform, ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each GET route with its ids filled in: address and guard."""
    for rule in sorted(platform.app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if (
            "GET" not in (rule.methods or ())
            or rule.rule in NOT_PAGES | PARTS
            or rule.rule.startswith("/l/")
        ):
            continue
        view = platform.app.view_functions[rule.endpoint]
        values = {name: ids.get(name, uuid4()) for name in rule.arguments}
        with platform.app.test_request_context():
            address = platform.app.url_for(rule.endpoint, **values)
        if not address.endswith(NO_HTML):
            yield address, view.guard


def _who(guarded: str) -> list[Any]:
    if guarded == "public":
        return [None]
    if guarded.startswith("visitor"):
        return ["survivor"]
    roles = [Role(role) for role in guarded.removeprefix("staff:").split("|") if role]
    return roles[:1] or [Role.COORDINATOR]


@pytest.mark.timeout(280)
def test_axe_finds_nothing_on_any_page(platform, people, chrome):
    seen, faults = 0, []
    for address, guarded in _addresses(platform, people["ids"]):
        for who in _who(guarded):
            page = _as(chrome, platform, people["cookies"].get(who))
            answer = page.goto(platform.url + address)
            if answer is not None and "text/html" in answer.headers.get("content-type", ""):
                seen += 1
                faults += _faults(page)
            page.context.close()
    assert faults == []
    assert seen > 30


@pytest.mark.timeout(120)
def test_axe_finds_nothing_where_a_link_leads_or_nothing_is(platform, people, chrome):
    page = _as(chrome, platform, None)
    for token in people["links"].values():
        page.goto(f"{platform.url}/l/{token}")
        assert_accessible(page)
    for address in ("/nothing-here", "/l/not-a-token", "/class/x/"):
        page.goto(platform.url + address)
        assert_accessible(page)
    page.context.close()


def _as(chrome: Any, platform: Platform, cookie: str | None) -> Page:
    context = chrome.new_context(viewport={"width": 375, "height": 800}, locale="en-GB")
    if cookie is not None:
        context.add_cookies([{"name": "visit", "value": cookie, "url": platform.url}])
    return context.new_page()


def _faults(page: Page) -> list[str]:
    try:
        assert_accessible(page)
    except AssertionError as error:
        return [str(error)[:400]]
    return []
