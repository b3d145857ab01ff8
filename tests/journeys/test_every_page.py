"""Every page, as whoever may open it: axe finds nothing, at three widths, light and dark.

Every route and every template of a page is walked, or stands here with the reason why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import template_rendered
from playwright.sync_api import Browser, Page
from werkzeug.routing import Rule

from remote_training.accounts.models import Role
from remote_training.app import ROOT
from remote_training.operations import faults
from tests.attendance.test_outside_room import FakeProvider
from tests.journeys import everybody
from tests.journeys.accessibility import assert_accessible
from tests.journeys.conftest import Platform
from tests.journeys.everybody import Cast

NOT_WALKED = {
    "/health/live": "for machines",
    "/health/ready": "for machines",
    "/metrics": "for machines",
    "/hooks/bigbluebutton/ended/<meeting>/<token>": "for machines",
    "/static/<path:filename>": "files of pages",
    "/staff/set-up/picture.svg": "a picture on a page",
    "/l/<path:token>": "by each kind of link: LINKS",
    "/class/<uuid:booking_id>/room": "once she has joined: PRESSED",
    "/class/<uuid:booking_id>/way": "leads on into the room, or back to the door",
    "/home/calendar": "once an address is made: PRESSED",
    "/staff/me/calendar": "once an address is made: PRESSED",
    "/questions/<uuid:assessment_id>/sheet": "no page: what a script shows of it is walked in "
    "test_each_place_that_the_script_shows_is_accessible",
    "/classes/programme/weeks": "after a choice: PRESSED",
    "/staff/people/<uuid:participant_id>/programme/weeks": "after a choice: PRESSED",
    "/calendar/<feed_token>.ics": "a file for calendar programs",
    "/staff/classes/<uuid:session_id>/lines": "a part of the page of a class, for its script",
    "/api/v1/openapi.json": "for programs",
    "/api/v1/codebook": "for programs",
    "/api/v1/participants/<study_number>/timeline": "for programs",
    "/api/v1/participants/<study_number>/classes": "for programs",
    "/staff/": "leads to the sign-in, or to the first page",
    "/staff/people/<uuid:participant_id>/card": "leads back: the page is shown by a press",
    "/staff/people/<uuid:participant_id>/contact": "leads back: the page is shown by a press",
    "/demo/mailbox/<name>/html": "a mail, as a mail program shows it",
    "/demo/mailbox/<name>/raw": "a mail, as it travels",
}
WHO = {
    "/staff/first": "without a role",
    "/staff/second-factor": "halfway",
    "/staff/set-up": "new",
}
LINKS = ("join", "answer", "bookings", "sign in", "elsewhere", "invitation", "stop", "stopped")
WALKS = ("public", "visitor", "staff", "pressed")
Seen = tuple[str, Page]  # how one comes there, and the page


@pytest.fixture
def demo() -> bool:
    """The pages of the demo are pages too."""
    return True


@pytest.fixture
def cast(platform: Platform) -> Iterator[Cast]:
    """Everybody, and the pages about them."""
    with platform.app.app_context():
        yield everybody.gather(platform)


def pages(cast: Cast, chrome: Browser, walk: str) -> Iterator[Seen]:
    """Each page of one walk, shown as it should be."""
    if walk == "pressed":
        yield from _pressed(cast, chrome)
        return
    for rule in _rules(cast.platform):
        guarded = cast.platform.app.view_functions[rule.endpoint].guard  # type: ignore[attr-defined]
        if guarded.startswith(walk):
            with _browser(cast, chrome, _who(rule, guarded)) as page:
                address = _address(cast, rule)
                _come(page, cast.platform.url + address)
                yield address, page


def _rules(platform: Platform) -> list[Rule]:
    return [
        rule
        for rule in sorted(platform.app.url_map.iter_rules(), key=lambda rule: rule.rule)
        if "GET" in (rule.methods or ()) and rule.rule not in NOT_WALKED
    ]


def _who(rule: Rule, guarded: str) -> Any:
    if rule.rule in WHO or guarded == "public":
        return WHO.get(rule.rule)
    if guarded.startswith("visitor"):
        return "survivor"
    return next(
        (Role(role) for role in guarded.removeprefix("staff:").split("|") if role), Role.TRAINER
    )


def _address(cast: Cast, rule: Rule) -> str:
    values = cast.values | cast.own.get(rule.endpoint, {})
    with cast.platform.app.test_request_context():
        return cast.platform.app.url_for(
            rule.endpoint, **{name: values[name] for name in rule.arguments}
        )


def _come(page: Page, address: str, status: int = 200) -> None:
    """Open a page, and see that it is this one and no other."""
    answer = page.goto(address)
    assert answer is not None
    shown = answer.status, page.url, answer.headers["content-type"].split(";")[0]
    assert shown == (status, address, "text/html")


@contextmanager
def _browser(cast: Cast, chrome: Browser, who: Any) -> Iterator[Page]:
    page = cast.browser(chrome, who)
    yield page
    page.context.close()


def _pressed(cast: Cast, chrome: Browser) -> Iterator[Seen]:
    """What is shown behind a link in a mail, after a press, and instead of a page."""
    url, values = cast.platform.url, cast.values
    for kind in LINKS:
        with _browser(cast, chrome, None) as page:
            _come(page, f"{url}/l/{cast.links[kind]}")
            yield f"the link to {kind}", page
            if kind == "elsewhere":
                page.locator("main form button").click()
                page.wait_for_load_state()
                yield "a code for another browser", page
            if kind == "stopped":
                page.get_by_role("button", name="Stop these reminders").click()
                page.wait_for_load_state()
                yield "reminders that are stopped", page
    for way, who, address, press in (
        ("name and contact", Role.COORDINATOR, "people/{participant_id}/", '[action$="/card"]'),
        ("where she is", Role.TRAINER, "classes/{session_id}/", '[action$="/card"]'),
        ("her telephone", Role.TRAINER, "classes/{session_id}/", '[action$="/ring"]'),
        ("an alert without a word", Role.COORDINATOR, "safety/{alert_id}/", "main form >> nth=-1"),
        ("nobody added", Role.COORDINATOR, "people/new", "main form >> nth=-1"),
    ):
        with _browser(cast, chrome, who) as page:
            page.goto(f"{url}/staff/{address.format(**values)}")
            with page.expect_navigation():  # some ask first whether there is a network
                page.locator(press).first.locator("button").first.click()
            yield way, page
    with _browser(cast, chrome, "new") as page:
        page.goto(f"{url}/staff/set-up")
        page.locator("[name=code]").fill(pyotp.TOTP(cast.secret).at(cast.platform.clock()))
        page.locator("[name=code]").press("Enter")
        page.wait_for_load_state()
        yield "recovery codes", page
    for who, address in (("survivor", "/home/"), (Role.TRAINER, "/staff/me/")):
        with _browser(cast, chrome, who) as page:
            page.goto(url + address)
            page.get_by_role("button", name="Make a calendar address").click()
            page.wait_for_load_state()
            yield f"a calendar address of {address}", page
    with _browser(cast, chrome, Role.COORDINATOR) as page:
        page.goto(url + "/staff/me/programs/")
        page.locator("[name=name]").fill("weekly report")
        page.locator("[name=old]").fill(everybody.PASSWORD)
        page.get_by_role("button", name="Make a token").click()
        page.wait_for_load_state()
        yield "an access token", page
        page.goto(url + "/staff/me/programs/")
        yield "a list of access tokens", page
    yield from _plans(cast, chrome)
    for who, address in (
        (Role.COORDINATOR, "/staff/people/{participant_id}/programme/"),
        ("survivor", "/classes/programme/"),  # she comes last, and books what there is
    ):
        with _browser(cast, chrome, who) as page:
            page.goto(url + address.format(**values))
            page.locator("main form button").click()
            page.wait_for_load_state()
            yield f"no class chosen, {address}", page
            page.locator("[type=checkbox]").first.check()
            page.locator("main form button").click()
            page.wait_for_load_state()
            yield f"the weeks of {address}", page
            if who == "survivor":
                page.locator("main form button").last.click()
                page.wait_for_load_state()
                yield "what came of her choice", page
    yield from _rooms(cast, chrome)
    yield from _instead(cast, chrome)


def _plans(cast: Cast, chrome: Browser) -> Iterator[Seen]:
    """What would be offered, changed or called off: each is shown before it is done."""
    plan = f"{cast.platform.url}/staff/plan"
    first = cast.platform.clock().date() + timedelta(days=1)
    weekly = cast.own["plan.ask_to_change"]["session_id"]
    with _browser(cast, chrome, Role.TRAINER) as page:
        page.goto(f"{plan}/new")
        for box in ("#weekdays-0", "#weekdays-3"):
            page.locator(box).check(force=True)
        for field, text in (
            ("wall_time", "02:30"),
            ("first_on", first.isoformat()),
            ("last_on", (first + timedelta(days=200)).isoformat()),
            ("breaks", f"{first} to {first + timedelta(days=9)} a holiday"),
        ):
            page.locator(f"#{field}").fill(text)
        page.get_by_role("button", name="See all classes").click()
        page.wait_for_load_state()
        yield "what would be offered", page
    for way, address, press in (
        ("what would change", "change", "See what would change"),
        ("what would be called off", "off", "Call the class off"),
    ):
        with _browser(cast, chrome, Role.COORDINATOR) as page:
            page.goto(f"{plan}/{weekly}/{address}")
            page.locator("#scope-1").check(force=True)
            page.locator("#reason").fill("The hall is taken")
            if address == "change":
                page.locator("#wall_time").fill("04:30")
            page.get_by_role("button", name=press).click()
            page.wait_for_load_state()
            yield way, page


def _rooms(cast: Cast, chrome: Browser) -> Iterator[Seen]:
    providers = cast.platform.app.extensions["outside"].meetings
    ours = providers["offline"]
    for provider, way in ((ours, "our own room"), (FakeProvider(), "a room of another provider")):
        providers["offline"] = provider
        with _browser(cast, chrome, "survivor") as page:
            page.goto(f"{cast.platform.url}/class/{cast.values['booking_id']}/")
            if provider is ours:
                page.locator("#place").fill("Kade 2")
                page.locator('[name=whom][value="other"]').check(force=True)
                page.locator("#call_name").fill("Bea")
                page.locator("#call_phone").fill("030 765 4321")
            page.get_by_role("button", name="Join the class").click()
            page.wait_for_url("**/room*")
            yield way, page
    providers["offline"] = kept = FakeProvider()
    kept.keeps_rooms_ahead = True
    for who, address, way in (
        ("survivor", "class/{booking_id}/room", "a room that is not ready"),
        (Role.TRAINER, "staff/classes/{session_id}/room", "the same, for its trainer"),
        (Role.COORDINATOR, "staff/rooms/", "the same, for a coordinator"),
    ):
        with _browser(cast, chrome, who) as page:
            _come(page, f"{cast.platform.url}/{address.format(**cast.values)}")
            yield way, page
    providers["offline"] = ours


def _instead(cast: Cast, chrome: Browser) -> Iterator[Seen]:
    """Pages that come in the place of another one."""
    url, sitting = cast.platform.url, f"/questions/{cast.values['assessment_id']}"
    for who, address, status in (
        ("survivor who was away", f"{sitting}/3", 401),
        ("survivor", f"/questions/{cast.values['over']}/", 410),
        (None, f"/l/{cast.links['over']}", 410),
        (None, "/home/", 401),
        (None, "/nothing-here", 404),
        (None, "/l/not-a-token", 404),
        (None, "/class/x/", 404),
    ):
        with _browser(cast, chrome, who) as page:
            _come(page, url + address, status)
            yield f"{address}, instead", page
    with cast.platform.app.test_request_context():
        unread = faults.page_for_everybody(414)
    with _browser(cast, chrome, None) as page:  # the server in front gives it, not the app
        page.route("**/unread", lambda route: route.fulfill(content_type="text/html", body=unread))
        page.goto(f"{url}/unread")
        yield "what the server in front could not read", page


@pytest.mark.timeout(300)
@pytest.mark.parametrize("walk", WALKS)
def test_axe_finds_nothing_on_any_page(cast: Cast, chrome: Browser, walk: str) -> None:
    wrong = [f"{way}: {fault}" for way, page in pages(cast, chrome, walk) for fault in _of(page)]
    assert wrong == []


@pytest.mark.timeout(300)
def test_every_page_is_in_a_walk_or_has_a_reason(cast: Cast, chrome: Browser) -> None:
    rendered: set[str] = set()

    def note(_app: Any, template: Any, **_more: Any) -> None:
        rendered.add(str(template.name))

    with template_rendered.connected_to(note, cast.platform.app):
        ways = [way for walk in WALKS for way, _page in pages(cast, chrome, walk)]
    known = {rule.rule for rule in cast.platform.app.url_map.iter_rules()}
    assert NOT_WALKED.keys() - known == set(), "a reason for a page that is gone"
    assert _templates() - rendered == set()
    assert len(ways) == len(set(ways)) > len(_rules(cast.platform))


def _templates() -> set[str]:
    """The templates of whole pages: what stands on a base, and is no mail."""
    folder = ROOT / "templates"
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*.html")
        if path.parent.name != "messages"
        and path.read_text(encoding="utf-8").startswith('{% extends "')
    } - {"staff_base.html"}


def _of(page: Page) -> list[str]:
    try:
        assert_accessible(page)
    except AssertionError as error:
        return [str(error)[:400]]
    return []
