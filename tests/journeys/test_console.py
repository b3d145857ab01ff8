"""A trainer's hour on a tablet: what happens is seen at once; a bad network undoes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from remote_training.accounts.models import Role
from remote_training.attendance import marks, queries
from remote_training.attendance.models import Mark, Note, Status
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings.models import EventKind
from tests import make
from tests.attendance import hour
from tests.fakes import NOON
from tests.journeys.accessibility import assert_accessible, faults
from tests.journeys.answering import cut_off, put_away
from tests.journeys.conftest import PATIENCE, Platform
from tests.journeys.everybody import cookie_of

TABLET = {"width": 820, "height": 1180}
SOON = 3_000  # milliseconds: an event is seen by then


@dataclass
class Hour:
    """A class of twelve after twenty minutes, and whoever looks at it."""

    platform: Platform
    url: str
    people: dict[str, Booking]
    trainer: Any
    cookie: str

    def tell(self, name: str, kind: EventKind, minute: float, **more: Any) -> None:
        """A report about somebody comes in."""
        with self.platform.app.app_context():
            hour.tell(db.session.merge(self.people[name]), kind, minute, **more)

    def status(self, name: str) -> Status | None:
        """The trainer's word about somebody."""
        with self.platform.app.app_context():
            row = queries.of_booking(self.people[name].id)
            return row.status if row is not None else None

    def marks(self) -> list[Status | None]:
        """All presses that arrived, in their order."""
        with self.platform.app.app_context():
            return list(db.session.scalars(sa.select(Mark.status).order_by(Mark.at)))

    def notes(self) -> list[str]:
        """All notes."""
        with self.platform.app.app_context():
            return [row.text for row in db.session.scalars(sa.select(Note))]


@pytest.fixture
def twelve(platform: Platform) -> Hour:
    """The hour."""
    with platform.app.app_context():
        trainer = make.trainer()
        session = make.session(trainer=trainer, starts_at=NOON)
        people = hour.twelve(session)
        platform.clock.forward(minutes=20)
        cookie = cookie_of(platform, trainer, Role.TRAINER)
        db.session.commit()
        for row in (trainer, session, *people.values()):
            db.session.refresh(row)
        return Hour(
            platform, f"{platform.url}/staff/classes/{session.id}/", people, trainer.id, cookie
        )


Tablet = Callable[..., Page]


@pytest.fixture
def tablet(twelve: Hour, chrome: Browser) -> Iterator[Tablet]:
    """Give a tablet on which the trainer is signed in and looks at the class."""
    opened: list[BrowserContext] = []

    def new(*, script: bool = True, cookie: str = "") -> Page:
        context = chrome.new_context(viewport=TABLET, locale="en-GB", java_script_enabled=script)  # type: ignore[arg-type]
        opened.append(context)
        context.set_default_timeout(PATIENCE)
        visit = {"name": "visit", "value": cookie or twelve.cookie, "url": twelve.platform.url}
        context.add_cookies([visit])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(twelve.url)
        return page

    yield new
    for context in opened:
        context.close()


def line(page: Page, name: str) -> Locator:
    """One person's line."""
    return page.locator("tr[data-line]").filter(has=page.get_by_role("rowheader", name=name))


def mark(page: Page, name: str, word: str) -> None:
    """Press one of the marks."""
    line(page, name).get_by_role("button", name=word, exact=True).click()


def unsent(page: Page) -> int:
    """How many presses this tablet keeps."""
    found = (
        "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
        ".filter(name => name.startsWith('unsent/')).length"
    )
    return int(page.evaluate(found))


def test_what_happens_in_the_room_stands_on_the_page_within_three_seconds(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    slowest = 0.0
    for name, kind, word in (
        ("Bogna", EventKind.JOINED, "here since 13:20"),
        ("Gerda", EventKind.LEFT, "left 13:20"),
        ("Kiki", EventKind.WAITING, "waiting since 13:20: let in"),
    ):
        began = time.monotonic()
        twelve.tell(name, kind, 20)
        expect(line(page, name)).to_contain_text(word, timeout=SOON)
        slowest = max(slowest, time.monotonic() - began)
    print(f"slowest: {slowest:.2f} s")


def test_who_needs_a_call_stands_first_and_says_so(twelve: Hour, tablet: Tablet) -> None:
    page = tablet()
    shown = page.locator("th[role=rowheader]").all_inner_texts()
    assert shown == [
        "Carla W.", "Dora S.", "Jo H.", "Kiki D.", "Lies B.",
        "Bogna K.", "Els B.", "Fien M.", "Anna V.", "Gerda M.", "Ida P.", "Mia V.",
    ]  # fmt: skip
    for name, word in (
        ("Carla", "pressed Join 13:04, not in the room: please ring"),
        ("Dora", "left 13:12, not back: please ring"),
        ("Jo", "missing: please ring"),
        ("Bogna", "waiting since 13:18: let in"),
        ("Els", "gone quiet 13:18"),
        ("Fien", "loses the line"),
    ):
        expect(line(page, name)).to_contain_text(word)


def test_marks_and_notes_that_were_given_without_network_are_kept_and_sent_once(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    cut_off(page)
    mark(page, "Anna", "was there")
    mark(page, "Jo", "excused")
    line(page, "Ida").get_by_role("link", name="Note").click()
    page.get_by_label("Note for this class").fill("Dizzy at the squats")
    page.get_by_label("Note for this class").press("Enter")
    expect(line(page, "Anna")).to_contain_text("was there: not sent yet")
    expect(line(page, "Ida")).to_contain_text("Note: Dizzy at the squats: not sent yet")
    expect(page.locator("#old-list")).to_contain_text("Not up to date: this is how it was at")
    told = (page.locator("#old-list").text_content() or "").split(" at ")[1].split(".")[0]
    at = datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(minutes=1)
    assert told[:2] in {f"{at:%H}", f"{at + timedelta(minutes=1):%H}"}, "the class's clock"
    assert (unsent(page), twelve.marks()) == (3, [])
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "excused" in kept
    for personal in ("Anna", "Jo", "Dizzy"):
        assert personal not in kept

    twelve.tell("Bogna", EventKind.JOINED, 20)
    page.context.set_offline(False)

    expect(line(page, "Bogna")).to_contain_text("here since")
    expect(page.locator(".unsent")).to_have_count(0)
    expect(page.locator("#old-list")).to_be_hidden()
    assert (unsent(page), twelve.marks()) == (0, [Status.ATTENDED, Status.EXCUSED])
    assert twelve.notes() == ["Dizzy at the squats"]
    expect(line(page, "Anna").get_by_role("button", name="was there")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(line(page, "Ida")).to_contain_text("Dizzy at the squats")


def test_a_mark_is_kept_when_the_page_is_closed_and_goes_with_the_next_one(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    cut_off(page)
    mark(page, "Jo", "excused")
    expect(line(page, "Jo")).to_contain_text("excused: not sent yet")
    context = put_away(page)
    context.set_offline(False)
    assert twelve.status("Jo") is None
    again = context.new_page()
    again.goto(twelve.url)
    expect(line(again, "Jo").get_by_role("button", name="excused")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(again.locator(".unsent")).to_have_count(0)
    assert twelve.status("Jo") is Status.EXCUSED


def test_a_press_whose_answer_is_lost_counts_once(twelve: Hour, tablet: Tablet) -> None:
    page = tablet()
    lost = []

    def lose_the_answer(route: Any) -> None:
        if lost:
            return route.continue_()
        route.fetch()
        lost.append(route.request)
        return route.abort()

    page.route("**/mark", lose_the_answer)
    mark(page, "Anna", "was there")
    expect(line(page, "Anna")).to_contain_text("not sent yet")
    expect(page.locator(".unsent")).to_have_count(0)
    assert len(lost) == 1
    assert twelve.marks() == [Status.ATTENDED]


def test_what_another_trainer_said_meanwhile_is_not_overwritten_and_nothing_is_lost(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    cut_off(page)
    mark(page, "Jo", "excused")
    with twelve.platform.app.app_context():
        other = make.trainer(contact=make.contact(name="Mats Berg"))
        booking = db.session.merge(twelve.people["Jo"])
        marks.give(booking, Status.NO_SHOW, reason="rang", now=twelve.platform.clock(), by=other.id)
        db.session.commit()
    page.context.set_offline(False)
    expect(line(page, "Jo")).to_contain_text(
        "excused: Mats has marked this person in the meantime. Please look, and press again."
    )
    assert twelve.status("Jo") is Status.NO_SHOW
    expect(line(page, "Jo").get_by_role("button", name="did not come")).to_have_attribute(
        "aria-pressed", "true"
    )
    mark(page, "Jo", "excused")
    expect(page.locator(".unsent")).to_have_count(0)
    assert twelve.status("Jo") is Status.EXCUSED


def test_why_is_asked_beside_the_line_only_where_the_room_is_overruled(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    mark(page, "Anna", "was there")
    expect(line(page, "Anna").get_by_role("button", name="Take back")).to_be_visible()
    expect(page.locator(".box")).to_have_count(0)
    mark(page, "Gerda", "did not come")
    expect(line(page, "Gerda")).to_contain_text("Please write why")
    why = page.get_by_label("Why?")
    expect(why).to_be_focused()
    why.fill("It was her sister")
    why.press("Enter")
    expect(page.locator(".unsent")).to_have_count(0)
    expect(line(page, "Gerda")).to_contain_text("set by a trainer: It was her sister")
    assert twelve.status("Gerda") is Status.NO_SHOW
    line(page, "Gerda").get_by_role("button", name="Take back").click()
    expect(line(page, "Gerda")).not_to_contain_text("set by a trainer")
    assert twelve.status("Gerda") is None


def test_what_is_being_typed_stays_while_the_list_moves_and_the_focus_too(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    line(page, "Ida").get_by_role("link", name="Note").click()
    note = page.get_by_label("Note for this class")
    note.press_sequentially("Diz")
    top = (note.bounding_box() or {})["y"]
    twelve.tell("Ida", EventKind.LEFT, 20)
    twelve.tell("Bogna", EventKind.JOINED, 20)
    expect(line(page, "Ida")).to_contain_text("left 13:20")
    expect(line(page, "Bogna")).to_contain_text("here since")
    expect(note).to_be_focused()
    note.press_sequentially("zy")
    expect(note).to_have_value("Dizzy")
    assert abs((note.bounding_box() or {})["y"] - top) < 5, "it stays under the finger"
    page.reload()
    expect(page.get_by_label("Note for this class")).to_have_value("Dizzy")
    page.get_by_role("button", name="Close").click()
    ring = line(page, "Mia").get_by_role("button", name="Ring")
    ring.focus()
    twelve.tell("Mia", EventKind.LEFT, 20)
    expect(line(page, "Mia")).to_contain_text("left 13:20")
    expect(ring).to_be_focused()


def test_the_card_is_one_press_away_and_without_network_the_page_stays(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet()
    cut_off(page)
    card = line(page, "Anna").get_by_role("button", name="Emergency card")
    card.click()
    expect(line(page, "Anna")).to_contain_text(
        "There is no network just now. In an emergency ring 112"
    )
    line(page, "Jo").get_by_role("link", name="Something happened").click()
    expect(line(page, "Jo")).to_contain_text("There is no network just now.")
    page.context.set_offline(False)
    page.context.route("**/*", lambda route: route.abort())  # connected, and nobody answers
    card.click()
    expect(line(page, "Anna")).to_contain_text("Nothing is lost: it stays here.")
    page.context.unroute_all()
    card.click()
    expect(page.get_by_text("Kade 2")).to_be_visible()
    page.go_back()
    line(page, "Jo").get_by_role("button", name="Ring").click()
    expect(page.get_by_role("link", name="030 222 3333")).to_have_attribute(
        "href", "tel:0302223333"
    )
    with twelve.platform.app.app_context():
        read = list(db.session.scalars(sa.select(Entry.action).order_by(Entry.at)))
    assert read == ["attendance.read_emergency_card", "attendance.read_telephone"]


def test_a_list_that_nobody_looks_at_is_asked_for_seldom(twelve: Hour, tablet: Tablet) -> None:
    page = tablet()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5000)
    assert 2 <= len(asked) <= 4, "every second and a half"
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.wait_for_timeout(2000)  # the one that was planned before
    asked.clear()
    page.wait_for_timeout(4500)
    assert asked == []


def test_without_script_it_reloads_itself_and_every_form_works(
    twelve: Hour, tablet: Tablet
) -> None:
    page = tablet(script=False)
    assert page.locator("noscript").inner_html().strip().startswith("<meta")
    mark(page, "Jo", "excused")
    expect(page.get_by_text("This is noted for Jo H.")).to_be_visible()
    mark(page, "Gerda", "did not come")
    expect(page.get_by_text("Please write why").first).to_be_visible()
    page.get_by_label("Why?").fill("It was her sister")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is noted for Gerda M.")).to_be_visible()
    line(page, "Ida").get_by_role("link", name="Note").click()
    page.get_by_label("Note for this class").fill("Dizzy")
    page.get_by_role("button", name="Keep this note").click()
    expect(line(page, "Ida")).to_contain_text("Dizzy")
    line(page, "Ida").get_by_role("button", name="Remove").click()
    expect(line(page, "Ida")).not_to_contain_text("Dizzy")
    assert (twelve.status("Jo"), twelve.notes()) == (Status.EXCUSED, [""])


def test_it_is_worked_by_keyboard_and_axe_finds_nothing(twelve: Hour, tablet: Tablet) -> None:
    page = tablet()
    first = line(page, "Carla")
    first.get_by_role("button", name="was there").focus()
    reached = []
    for _ in range(9):
        reached.append(page.evaluate("document.activeElement.id.split('-')[0]"))
        page.keyboard.press("Tab")
    assert reached == [
        "attended", "late", "excused", "technical", "no_show", "card", "ring", "link", "note",
    ]  # fmt: skip
    line(page, "Jo").get_by_role("button", name="excused").focus()
    page.keyboard.press("Enter")
    expect(line(page, "Jo").get_by_role("button", name="excused")).to_be_focused()
    expect(line(page, "Jo")).to_contain_text("away")
    mark(page, "Gerda", "did not come")
    expect(page.get_by_label("Why?")).to_be_focused()
    line(page, "Ida").get_by_role("link", name="Note").click()
    page.set_viewport_size({"width": 768, "height": 1024})
    assert faults(page) == []
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(line(page, "Ida").get_by_role("link", name="Note")).to_be_focused()


def test_another_trainer_on_this_tablet_sends_nothing_of_it(twelve: Hour, tablet: Tablet) -> None:
    page = tablet()
    cut_off(page)
    mark(page, "Jo", "excused")
    expect(line(page, "Jo")).to_contain_text("not sent yet")
    with twelve.platform.app.app_context():
        colleague = make.trainer()
        cookie = cookie_of(twelve.platform, colleague, Role.TRAINER)
        db.session.commit()
    context = put_away(page)
    context.set_offline(False)
    hers = {"name": "visit", "value": cookie, "url": twelve.platform.url}
    context.add_cookies([hers])  # type: ignore[list-item]
    other = context.new_page()
    other.goto(twelve.url)
    mark(other, "Anna", "was there")
    expect(line(other, "Anna").get_by_role("button", name="Take back")).to_be_visible()
    assert twelve.marks() == [Status.ATTENDED]
    expect(other.locator(".unsent")).to_have_count(0)
    context.add_cookies([hers | {"value": twelve.cookie}])  # type: ignore[list-item]
    other.goto(twelve.url)
    expect(line(other, "Jo").get_by_role("button", name="Take back")).to_be_visible()
    assert twelve.marks() == [Status.ATTENDED, Status.EXCUSED]


def test_what_waits_when_she_is_signed_out_is_kept(twelve: Hour, tablet: Tablet) -> None:
    page = tablet()
    visits = sa.text("UPDATE browser_session SET expires_at = :at")
    past = sa.bindparam("at", twelve.platform.clock() - timedelta(minutes=1), sa.DateTime())
    with twelve.platform.app.app_context():
        db.session.execute(visits.bindparams(past))
        db.session.commit()
    mark(page, "Jo", "excused")
    expect(page.locator("#old-list")).to_contain_text("You are signed out")
    assert (unsent(page), twelve.marks()) == (1, [])
