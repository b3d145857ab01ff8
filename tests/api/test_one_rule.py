"""Who may book what is one rule: her page, the desk, the waiting list and the address agree.

A grid of people and classes with every refusal in it. What must come of each pair stands here,
written by hand; each way of asking is held against that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Any

import pytest

from remote_training.accounts.models import Role
from remote_training.api import reasons
from remote_training.bookings import service, verdicts, waiting_list
from remote_training.bookings.errors import Misfit
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import Refused
from remote_training.participants.models import Participant
from tests import make
from tests.api.conftest import Program
from tests.fakes import NOON
from tests.make import TODAY

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BOOKABLE, MINE, FULL = "bookable", "already-booked", "class-full"
PEOPLE: dict[str, dict[str, Any]] = {
    "free": {},
    "without consent": {"consented_on": None},
    "gone": {"withdrawn_on": TODAY},
    "not cleared": {"cleared_on": None},
    "without baseline": {"baseline_on": None},
    "not allocated": {"arm": None},
    "waits twelve weeks": {"arm": "waitlist"},
    "done": {"baseline_on": TODAY - timedelta(weeks=13)},
    "busy": {},
    "with a full week": {},
}
OF_PERSON = {
    "without consent": "not-taking-part",
    "gone": "not-taking-part",
    "not cleared": "not-cleared",
    "without baseline": "not-begun",
    "not allocated": "not-begun",
    "waits twelve weeks": "not-begun",
    "done": "programme-over",
}
OF_CLASS = {
    "of another kind": "other-programme",
    "called off": "booking-closed",
    "about to begin": "booking-closed",
    "begun": "booking-closed",
}
FITS = {
    ("busy", "open"): MINE,
    ("busy", "at the same time"): "overlap",
    ("busy", "in the evening"): "no-rest",
    ("with a full week", "open"): "week-full",
    ("with a full week", "at the same time"): "week-full",
    ("with a full week", "in the evening"): "week-full",
    ("with a full week", "full"): "week-full",
}
PAIRS_OF_ALL_KINDS = 12


@dataclass(frozen=True)
class Grid:
    """Everybody and every class, by what they are."""

    people: dict[str, Participant]
    classes: dict[str, Session]

    def pairs(self) -> list[tuple[Participant, Session, str]]:
        """Each person with each class, and what must come of it."""
        return [
            (her, hour, expected(who, what))
            for who, her in self.people.items()
            for what, hour in self.classes.items()
        ]


def expected(who: str, what: str) -> str:
    """What must come of a pair, in the order in which the rule asks."""
    if what == "elsewhere":
        return "not-found"
    plain = FULL if what == "full" else BOOKABLE
    return OF_PERSON.get(who) or OF_CLASS.get(what) or FITS.get((who, what), plain)


@pytest.fixture
def grid(app, study_asks) -> Grid:
    """Ten people, ten classes; between two classes of one day there must be rest."""
    study_asks(rest_hours=12, closes_minutes=5)
    at = {
        "open": NOON + DAY,
        "at the same time": NOON + DAY + HOUR / 2,
        "in the evening": NOON + DAY + 6 * HOUR,
        "of another kind": NOON + 2 * DAY,
        "called off": NOON + 2 * DAY + 2 * HOUR,
        "about to begin": NOON + timedelta(minutes=1),
        "begun": NOON - HOUR / 2,
        "full": NOON + 3 * DAY,
        "elsewhere": NOON + 3 * DAY + 2 * HOUR,
        "next week": NOON + 8 * DAY,
    }
    changes: dict[str, dict[str, Any]] = {
        "of another kind": {"module": "fatigue"},
        "called off": {"called_off_at": NOON},
        "full": {"places": 1},
        "elsewhere": {"site": make.site("melbourne")},
    }
    classes = {
        what: make.session(starts_at=starts_at, **changes.get(what, {}))
        for what, starts_at in at.items()
    }
    make.booking(session=classes["full"])
    people = {who: make.participant(**facts) for who, facts in PEOPLE.items()}
    make.booking(participant=people["busy"], session=classes["open"])
    for days in (4, 5):
        hour = make.session(starts_at=NOON + days * DAY)
        make.booking(participant=people["with a full week"], session=hour)
    return Grid(people, classes)


@pytest.fixture
def asked(grid, coordinator):
    """What the address says of each pair: by study number and class, as it was sent."""
    found = {}
    for her in grid.people.values():
        days = f"?from={TODAY}&to={TODAY + 20 * DAY}"
        answer = coordinator.get(f"/participants/{her.study_number}/classes{days}").get_json()
        found |= {(her.study_number, one["session_id"]): one for one in answer["classes"]}
    return found


def refusal_of(her: Participant, hour: Session) -> Refused:
    (verdict,) = verdicts.of(her, [hour], now=NOON)
    assert verdict.refusal is not None
    return verdict.refusal


def book(program: Program, her: Participant, hour: Session) -> Any:
    path = f"/participants/{her.study_number}/bookings"
    return program.post(path, json={"session_id": str(hour.id)})


def test_the_grid_has_every_reason_there_is(grid):
    words = {word for _her, _hour, word in grid.pairs()}
    assert words == {*reasons.OF_CLASSES.values(), BOOKABLE}
    assert len(reasons.OF_CLASSES) == PAIRS_OF_ALL_KINDS


def test_the_address_says_of_each_class_what_it_must(grid, asked):
    for her, hour, word in grid.pairs():
        told = asked.get((her.study_number, str(hour.id)))
        if word == "not-found":
            assert told is None
            continue
        assert told["may_book"] is (word == BOOKABLE)
        assert told["reason"] == (None if word == BOOKABLE else word)
        assert (told["booking_id"] is not None) is (word == MINE)
        sentence = None if word == BOOKABLE else refusal_of(her, hour)
        assert told["sentence"] == (sentence and sentence.to_staff % sentence.gaps)


def test_booking_by_each_way_is_refused_for_the_same_reason(grid, coordinator, browse_as):
    desk = browse_as(make.staff(Role.COORDINATOR))
    hers = {her.id: browse_as(her) for her in grid.people.values()}
    for her, hour, word in grid.pairs():
        if word in (BOOKABLE, MINE):
            continue
        refusal = refusal_of(her, hour)
        by_address = book(coordinator, her, hour)
        by_desk = desk.post(f"/staff/people/{her.id}/bookings/{hour.id}")
        by_her = hers[her.id].post(f"/classes/{hour.id}/book")
        told = by_address.get_json()
        assert told["reason"] == word
        assert told["detail"] == refusal.to_staff % refusal.gaps
        assert by_address.status_code == by_desk.status_code == by_her.status_code
        assert by_address.status_code == refusal.status
        assert escape(told["detail"], quote=False) in by_desk.text.replace("&#39;", "'")
        assert escape(str(refusal), quote=False) in by_her.text.replace("&#39;", "'")


def test_booking_by_each_way_is_done_where_it_may_be(grid, coordinator, browse_as):
    desk = browse_as(make.staff(Role.COORDINATOR))
    hers = {her.id: browse_as(her) for her in grid.people.values()}

    def ways(her: Participant, hour: Session) -> tuple[Callable[[], Any], ...]:
        return (
            lambda: book(coordinator, her, hour),
            lambda: desk.post(f"/staff/people/{her.id}/bookings/{hour.id}"),
            lambda: hers[her.id].post(f"/classes/{hour.id}/book"),
        )

    for her, hour, word in grid.pairs():
        if word not in (BOOKABLE, MINE):
            continue
        for way in ways(her, hour):
            assert way().status_code in (200, 201, 303)
            (verdict,) = verdicts.of(her, [hour], now=NOON)
            assert verdict.booking_id is not None
            if word == BOOKABLE:
                path = f"/participants/{her.study_number}/bookings/{verdict.booking_id}"
                assert coordinator.ask("DELETE", path).status_code == 200


def test_the_waiting_list_takes_whom_the_rule_takes(grid):
    for her, hour, word in grid.pairs():
        with db.session.begin_nested() as part:
            try:
                entry = waiting_list.join(her, hour, is_at_once=True, now=NOON, by=None)
                came_of_it = BOOKABLE if not entry.stands else FULL
            except Refused as refusal:
                came_of_it = reasons.word(refusal)
            part.rollback()
        db.session.expire_all()
        assert came_of_it == word, (her.study_number, hour.starts_at)


def test_each_list_offers_a_button_where_the_rule_says_yes(grid, browse_as):
    desk = browse_as(make.staff(Role.COORDINATOR))
    for her in grid.people.values():
        own = browse_as(her).get("/classes/").text
        by_desk = desk.get(f"/staff/people/{her.id}/bookings/").text
        for who, hour, word in grid.pairs():
            if who is not her:
                continue
            assert (f"{hour.id}/book" in own) is (word == BOOKABLE)
            assert (f"{hour.id}/wait" in own) is (word == FULL)
            assert (f"/bookings/{hour.id}" in by_desk) is (word == BOOKABLE)


def test_each_list_says_briefly_why_a_class_does_not_fit(grid, browse_as):
    desk = browse_as(make.staff(Role.COORDINATOR))
    for who in ("busy", "with a full week"):
        her = grid.people[who]
        own = browse_as(her).get("/classes/").text
        by_desk = desk.get(f"/staff/people/{her.id}/bookings/").text
        for what in ("at the same time", "in the evening"):
            refusal = refusal_of(her, grid.classes[what])
            assert isinstance(refusal, Misfit)
            assert refusal.brief in own
            assert refusal.brief_to_staff in by_desk


def test_where_she_can_book_nothing_each_list_says_why(grid, browse_as):
    desk = browse_as(make.staff(Role.COORDINATOR))
    for who in OF_PERSON:
        her = grid.people[who]
        refusal = refusal_of(her, grid.classes["open"])
        own = browse_as(her).get("/classes/").text
        by_desk = desk.get(f"/staff/people/{her.id}/bookings/").text
        assert escape(str(refusal), quote=False) in own.replace("&#39;", "'"), who
        sentence = refusal.to_staff % refusal.gaps
        if who != "done":  # the list of the desk says it of what comes after today
            assert escape(sentence, quote=False) in by_desk.replace("&#39;", "'"), who


def test_the_grid_would_notice_another_rule(grid, coordinator, study_asks):
    her, hour = grid.people["busy"], grid.classes["in the evening"]
    study_asks(rest_hours=0)
    days = f"?from={hour.on_date}&to={hour.on_date}"
    told = coordinator.get(f"/participants/{her.study_number}/classes{days}").get_json()
    (evening,) = [one for one in told["classes"] if one["session_id"] == str(hour.id)]
    assert evening["may_book"]
    assert service.book(her, hour, now=NOON, by=None).is_live
