"""The pages about what happened: the good way, and each refusal."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Account, Role
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.safety import event_queries as queries
from remote_training.safety import event_wording as wording
from remote_training.safety.event_models import (
    Action,
    AdverseEvent,
    Care,
    EventCare,
    EventVersion,
    Phase,
    Related,
)
from remote_training.safety.event_terms import terms
from tests import make
from tests.fakes import NOON, FakeClock
from tests.safety.test_events import WHOLE, amend, care

EVENTS = "/staff/safety/events/"
DETAILS = {
    "phase": "during",
    "onset_on": "2026-11-24",
    "onset_time": "12:50",  # in Amsterdam
    "is_serious": "no",
    "related": "probable",
    "actions": ["exercise_changed", "sent_to_doctor"],
    "outcome": "recovered",
    "outcome_on": "2026-11-24",
    "text": "She held on to her chair.",
    "why": "",
}


@pytest.fixture
def carla(app: Any) -> Account:
    """The coordinator of Utrecht."""
    return make.staff(Role.COORDINATOR, contact=make.contact(name="Carla Desk"))


@pytest.fixture
def tess(app: Any) -> Account:
    """A trainer of Utrecht."""
    return make.trainer(contact=make.contact(name="Tess Trainer"))


@pytest.fixture
def place(tess: Account, clock: FakeClock) -> Booking:
    """Somebody's place in a class that goes on now."""
    her = make.participant(contact=make.contact(name="Zebulon Canarius"))
    hour = make.session(trainer=tess, starts_at=NOON - timedelta(minutes=30))
    return make.booking(participant=her, session=hour)


def address(place: Booking) -> str:
    return f"{EVENTS}class/{place.session_id}/{place.id}"


def page_of(event: AdverseEvent) -> str:
    return f"{EVENTS}{event.id}/"


def filled(event: AdverseEvent, **changes: Any) -> dict[str, Any]:
    """The form of its details as somebody fills it in."""
    stands = queries.newest(event.id)
    told = {"term": stands.term, "grade": str(stands.grade), "number": str(stands.number)}
    return DETAILS | told | {"key": str(uuid4())} | changes


def rows(model: type[Any]) -> list[Any]:
    return list(db.session.scalars(sa.select(model)))


class TestTheTwoTaps:
    def test_one_on_the_list_and_one_on_the_grade_record_it(
        self, browse_as: Any, place: Booking, tess: Account, carla: Account
    ) -> None:
        desk = browse_as(tess)
        console = desk.get(f"/staff/classes/{place.session_id}/").text
        assert f'href="{address(place)}"' in console, "tap one"
        asked = desk.get(address(place)).text
        assert "What happened to Zebulon C.?" in asked
        assert "Ring 112 first" in asked
        assert 'value="dizziness:2"' in asked, "tap two"
        assert "stays.js" in asked, "without network nothing is lost"
        key = re.findall(r'name="key" value="([^"]+)"', asked)[0]

        answer = desk.post(address(place), data={"key": key, "pick": "dizziness:2"})

        assert answer.status_code == 303
        (event,) = rows(AdverseEvent)
        (version,) = rows(EventVersion)
        assert answer.location == page_of(event)
        assert (version.term, version.grade, version.phase) == ("dizziness", 2, Phase.DURING)
        assert (event.recorded_by_id, event.session_id) == (tess.id, place.session_id)
        shown = desk.get(answer.location).text
        assert "the coordinators are told now" in shown
        assert "stays.js" in shown
        assert "Still to be told" in shown
        assert "new: nobody has looked" in browse_as(carla).get(EVENTS).text

    def test_a_second_press_records_nothing_and_says_so_another_choice_is_another_event(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        desk, key = browse_as(tess), str(uuid4())
        for _ in range(2):
            said = desk.post(
                address(place), data={"key": key, "pick": "fall:1"}, follow_redirects=True
            ).text
        assert "recorded already" in said
        assert len(rows(AdverseEvent)) == 1
        desk.post(address(place), data={"key": key, "pick": "chest_pain:3"})
        assert len(rows(AdverseEvent)) == 2

    def test_other_words_in_the_same_form_are_another_event_the_same_words_are_not(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        desk = browse_as(tess)
        typed = {"key": str(uuid4()), "term": "other", "grade": "2"}
        for text in ("A bee sting", "A bee sting", "A nose bleed"):
            answer = desk.post(
                address(place), data=typed | {"text": text}, follow_redirects=True
            ).text
        assert "recorded already" not in answer
        assert {one.text for one in rows(EventVersion)} == {"A bee sting", "A nose bleed"}
        assert len(rows(AdverseEvent)) == 2

    def test_something_else_is_recorded_with_words(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        typed = {"key": str(uuid4()), "term": "other", "grade": "2", "text": "A bee sting"}
        assert browse_as(tess).post(address(place), data=typed).status_code == 303
        (version,) = rows(EventVersion)
        assert (version.term, version.grade, version.text) == ("other", 2, "A bee sting")

    @pytest.mark.parametrize(
        "typed",
        [
            pytest.param({"key": ""}, id="nothing"),
            pytest.param({"pick": "dizziness:5"}, id="a death by one tap"),
            pytest.param({"pick": "nonsense:1"}, id="no button of ours"),
            pytest.param({"term": "fall"}, id="no grade"),
            pytest.param({"grade": "2"}, id="no term"),
            pytest.param({"term": "fall", "grade": "9"}, id="no such grade"),
            pytest.param({"term": "nonsense", "grade": "1"}, id="no such term"),
            pytest.param({"term": "other", "grade": "1", "text": "x" * 2001}, id="too long"),
            pytest.param({"pick": "fall:1", "key": "x"}, id="no key of ours"),
        ],
    )
    def test_what_cannot_be_taken_is_asked_again_and_nothing_is_lost(
        self, browse_as: Any, place: Booking, tess: Account, typed: dict[str, str]
    ) -> None:
        answer = browse_as(tess).post(address(place), data={"key": str(uuid4())} | typed)
        assert answer.status_code == 422
        assert "Please check" in answer.text
        assert typed.get("text", "") in answer.text
        assert rows(AdverseEvent) == []

    def test_somebody_whose_place_is_gone_by_now_can_still_be_recorded(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        place.cancelled_at = NOON
        place.participant.withdrawn_on = NOON.date()
        db.session.commit()
        typed = {"key": str(uuid4()), "pick": "fall:2"}
        assert browse_as(tess).post(address(place), data=typed).status_code == 303
        assert len(rows(AdverseEvent)) == 1

    def test_a_coordinator_records_what_she_was_told_by_telephone(
        self, browse_as: Any, carla: Account
    ) -> None:
        her, desk = make.participant(), browse_as(carla)
        assert f"{EVENTS}person/{her.id}" in desk.get(f"/staff/people/{her.id}/").text
        typed = {"key": str(uuid4()), "pick": "fatigue_worse:1"}
        desk.post(f"{EVENTS}person/{her.id}", data=typed)
        (event,) = rows(AdverseEvent)
        assert (event.session_id, queries.newest(event.id).phase) == (None, Phase.OUTSIDE)
        assert [one.care for one in rows(EventCare)] == [Care.SEEN]
        assert page_of(event) in desk.get(f"/staff/people/{her.id}/").text


class TestDetails:
    def test_are_filled_in_where_she_reads_times_in_her_own_zone(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        event, desk = make.event(booking=place), browse_as(tess)
        desk.post(page_of(event), data=filled(event, why="It began earlier"))
        told = queries.newest(event.id)
        assert told.onset_at == NOON - timedelta(minutes=10)
        assert (told.is_serious, told.related) == (False, Related.PROBABLE)
        assert told.actions.split() == [Action.CHANGED, Action.DOCTOR]
        assert told.text == "She held on to her chair."
        shown = desk.get(page_of(event)).text
        assert "Still to be told" not in shown
        assert 'value="12:50"' in shown
        assert "It began earlier" in shown
        assert re.search(r"When it began: [^<]*13:00 → <[^>]*>[^<]*12:50", shown), "both stand"

    def test_some_can_be_left_for_later(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        event = make.event(booking=place)
        stands = {"term": "dizziness", "grade": "1", "phase": "during"}
        onset = {"onset_on": "2026-11-24", "onset_time": "13:00"}
        typed = stands | onset | {"number": "1", "key": str(uuid4()), "related": "unlikely"}
        answer = browse_as(tess).post(page_of(event), data=typed, follow_redirects=True)
        assert answer.status_code == 200
        assert "Still to be told: Serious or not, What was done, What became of it." in " ".join(
            answer.text.split()
        )

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"onset_time": ""}, "Please give the time as well"),
            ({"onset_on": ""}, "Please give the day as well"),
            ({"onset_on": "yesterday"}, "Please write a day"),
            ({"onset_time": "half past"}, "Please write a time"),
            ({"onset_on": "0001-01-01"}, "Please write a day"),
            ({"onset_on": "9999-12-31"}, "Please write a day"),
            ({"onset_on": "2026-11-25"}, "This moment has not come yet"),
            ({"outcome_on": "2026-11-25"}, "This day has not come yet"),
            ({"outcome_on": "2026-11-01"}, "This day is before it began"),
            ({"actions": ["none", "class_ended"]}, "stands alone"),
            ({"actions": ["nonsense"]}, "Please choose from this list alone"),
            ({"related": "nonsense"}, "Please choose one from this list"),
            ({"grade": "4"}, "Grade 4 and 5 are serious"),
            ({"term": "nonsense"}, "Please choose one from this list"),
            ({"why": ""}, "Please write why it is said otherwise now"),
            ({"number": "7"}, "This was changed meanwhile"),
            ({"number": "x"}, "This was changed meanwhile"),
            ({"key": "x"}, "Please load this page again"),
            ({"text": "x" * 2001}, "This is too long"),
        ],
    )
    def test_what_cannot_be_so_is_said_at_its_field_and_nothing_is_lost(
        self, browse_as: Any, place: Booking, tess: Account, changes: Any, sentence: str
    ) -> None:
        event = make.event(booking=place)
        typed = filled(event, why="It began earlier", text="Kept words") | changes
        answer = browse_as(tess).post(page_of(event), data=typed)
        assert answer.status_code == (409 if "meanwhile" in sentence else 422)
        assert sentence in answer.text
        assert typed["text"] in answer.text
        assert len(rows(EventVersion)) == 1

    def test_a_second_press_keeps_one_version(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        event, desk = make.event(booking=place), browse_as(tess)
        typed = filled(event, why="Earlier")
        for _ in range(2):
            assert desk.post(page_of(event), data=typed).status_code == 303
        assert len(rows(EventVersion)) == 2

    def test_other_details_in_the_same_form_are_not_said_to_be_kept(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        event, desk = make.event(booking=place), browse_as(tess)
        typed = filled(event, onset_time="13:00", related="possible", text="")
        kept = desk.post(page_of(event), data=typed, follow_redirects=True).text
        assert "This is kept." in kept
        other = typed | {"related": "probable", "text": "She held on to her chair."}
        answer = desk.post(page_of(event), data=other)
        assert answer.status_code == 409
        assert "This was changed meanwhile" in answer.text
        assert "This is kept" not in answer.text
        assert "She held on to her chair." in answer.text, "nothing is lost"
        again = other | {"number": "2", "why": "I saw it anew"}
        assert desk.post(page_of(event), data=again).status_code == 303
        told = queries.newest(event.id)
        assert (told.number, told.related) == (3, Related.PROBABLE)
        assert desk.post(page_of(event), data=again).status_code == 303, "a second press"
        assert desk.post(page_of(event), data=typed).status_code == 409, "what is no longer so"
        assert len(rows(EventVersion)) == 3

    def test_are_kept_without_a_reason_where_it_was_recorded_between_two_minutes(
        self, browse_as: Any, place: Booking, tess: Account, clock: FakeClock
    ) -> None:
        clock.forward(seconds=17, microseconds=5)
        desk = browse_as(tess)
        desk.post(address(place), data={"key": str(uuid4()), "pick": "dizziness:1"})
        (event,) = rows(AdverseEvent)
        asked = desk.get(page_of(event)).text
        shown = {
            name: re.findall(rf'name="{name}"[^>]* value="([^"]*)"', asked)[0]
            for name in ("onset_on", "onset_time")
        }
        stands = {"term": "dizziness", "grade": "1", "phase": "during", "is_serious": "no"}
        typed = stands | shown | {"number": "1", "key": str(uuid4())}
        assert desk.post(page_of(event), data=typed).status_code == 303
        told = queries.newest(event.id)
        assert (told.number, told.is_serious, told.onset_at) == (2, False, NOON)
        new, old = queries.versions(event.id)
        assert [name for name, *_ in wording.changes(new, old)] == ["Serious or not"]

    def test_a_moment_with_seconds_that_was_kept_before_is_no_change_either(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        event, desk = make.event(booking=place), browse_as(tess)
        queries.newest(event.id).onset_at = NOON + timedelta(seconds=17)
        db.session.commit()
        typed = filled(event, onset_time="13:00")
        assert desk.post(page_of(event), data=typed).status_code == 303
        typed = filled(event, onset_time="13:01")
        assert desk.post(page_of(event), data=typed).status_code == 422, "the control"


class TestLookingAfter:
    def test_the_coordinator_sees_what_waits_and_writes_down_what_she_did(
        self, browse_as: Any, place: Booking, carla: Account
    ) -> None:
        event, desk = make.event(booking=place, grade=4), browse_as(carla)
        assert "1 event waits for somebody to look" in desk.get("/staff/people/").text
        listed = desk.get(EVENTS).text
        assert "new: nobody has looked" in listed
        assert place.participant.study_number in listed
        assert "serious: sponsor by Wednesday 25 November, 13:00" in listed
        shown = desk.get(page_of(event)).text
        assert "The sponsor must be told by Wednesday 25 November, 13:00" in shown
        typed = {"care": "sponsor_told", "note": "Rang them", "number": "1", "key": str(uuid4())}
        for _ in range(2):
            assert desk.post(f"{page_of(event)}care", data=typed).status_code == 303
        assert len(rows(EventCare)) == 1
        shown = desk.get(page_of(event)).text
        assert "The sponsor was told" in shown
        assert "Rang them" in shown
        assert "for somebody to look" not in desk.get("/staff/people/").text

    def test_something_else_done_in_the_same_form_is_kept_too_a_second_press_is_not(
        self, browse_as: Any, place: Booking, carla: Account
    ) -> None:
        event, desk = make.event(booking=place, grade=4), browse_as(carla)
        typed = {"number": "1", "key": str(uuid4())}
        sponsor = {"care": "sponsor_told", "note": "Rang them"}
        for done in ({"care": "seen"}, {"care": "seen"}, sponsor, sponsor):
            assert desk.post(f"{page_of(event)}care", data=typed | done).status_code == 303
        kept = {(one.care, one.note) for one in rows(EventCare)}
        assert kept == {(Care.SEEN, ""), (Care.SPONSOR, "Rang them")}
        assert len(rows(EventCare)) == 2

    def test_what_is_late_for_the_sponsor_says_so(
        self, browse_as: Any, place: Booking, carla: Account, clock: FakeClock
    ) -> None:
        event = make.event(booking=place, grade=4)
        clock.forward(hours=25)
        assert "should have been told" in browse_as(carla).get(page_of(event)).text

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({}, "Please choose what was done"),
            ({"care": "nonsense"}, "Please choose one from this list"),
            ({"care": "other"}, "Please write what was done"),
            ({"care": "closed"}, "Details are still missing"),
            ({"care": "seen", "number": "9"}, "This was changed meanwhile"),
            ({"care": "seen", "key": "x"}, "Please load this page again"),
        ],
    )
    def test_what_cannot_be_taken_is_asked_again(
        self, browse_as: Any, place: Booking, carla: Account, typed: dict[str, str], sentence: str
    ) -> None:
        event = make.event(booking=place)
        plain = {"number": "1", "key": str(uuid4())}
        answer = browse_as(carla).post(f"{page_of(event)}care", data=plain | typed)
        assert answer.status_code == (409 if "meanwhile" in sentence else 422)
        assert sentence in answer.text
        assert rows(EventCare) == []

    def test_her_note_is_not_for_the_trainer(
        self, browse_as: Any, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        care(event, carla, note="She asked me to tell nobody")
        assert "asked me" in browse_as(carla).get(page_of(event)).text
        shown = browse_as(tess).get(page_of(event)).text
        assert "asked me" not in shown
        assert "I have seen it" in shown, "the control: that it was seen is for her"

    def test_one_that_is_settled_is_closed(
        self, browse_as: Any, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        amend(event, tess, **WHOLE)
        typed = {"care": "closed", "number": "2", "key": str(uuid4())}
        browse_as(carla).post(f"{page_of(event)}care", data=typed)
        assert "closed" in browse_as(carla).get(EVENTS).text


@pytest.mark.parametrize(
    ("phase", "time", "status"),
    [
        pytest.param("during", "12:50", 303, id="in the class"),
        pytest.param("during", "12:20", 303, id="it may begin early"),
        pytest.param("during", "09:00", 422, id="in the class, hours before it"),
        pytest.param("before", "12:50", 422, id="before the class, in the middle of it"),
        pytest.param("before", "09:00", 303, id="before the class"),
        pytest.param("after", "12:35", 422, id="after the class, as it had just begun"),
        pytest.param("outside", "09:00", 303, id="not near it"),
    ],
)
def test_the_moment_goes_together_with_the_class(
    browse_as: Any, place: Booking, tess: Account, phase: str, time: str, status: int
) -> None:
    event = make.event(booking=place)

    answer = browse_as(tess).post(
        page_of(event), data=filled(event, phase=phase, onset_time=time, why="as told")
    )

    assert answer.status_code == status
    assert ("do not go together" in answer.text) is (status == 422)


def test_of_two_with_the_same_short_name_the_whole_one_is_asked_about(
    browse_as: Any, place: Booking, tess: Account
) -> None:
    desk = browse_as(tess)
    assert "What happened to Zebulon C.?" in desk.get(address(place)).text
    other = make.participant(contact=make.contact(name="Zebulon Crow"))
    make.booking(participant=other, session=place.session)

    assert "What happened to Zebulon Canarius?" in desk.get(address(place)).text


class TestMistakes:
    def test_are_marked_with_a_reason_and_kept(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        event, desk = make.event(booking=place), browse_as(tess)
        mistake = f"{page_of(event)}mistake"
        assert "entered by mistake" in desk.get(mistake).text
        for why in ("", " \u200b ", "x" * 501):
            assert desk.post(mistake, data={"why": why, "key": str(uuid4())}).status_code == 422
        typed = {"why": "It was another one", "key": str(uuid4())}
        assert desk.post(mistake, data=typed).status_code == 303
        shown = desk.get(page_of(event)).text
        assert "It was another one" in shown
        assert "Save the details" not in shown
        assert desk.post(page_of(event), data=filled(event)).status_code == 409
        assert len(rows(EventVersion)) == 1

    def test_a_second_reason_is_not_dropped_without_a_word(
        self, browse_as: Any, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        mistake, key = f"{page_of(event)}mistake", str(uuid4())
        for _ in range(2):  # the same press again
            first = browse_as(tess).post(mistake, data={"why": "It was Bea", "key": key})
            assert first.status_code == 303

        second = browse_as(carla).post(mistake, data={"why": "No such class", "key": str(uuid4())})

        assert second.status_code == 409
        assert "the first reason stays" in second.text
        assert "What you wrote is not kept: No such class" in second.text
        assert "says Tess Trainer" in second.text
        assert "It was Bea" in second.text
        assert 'name="why"' not in browse_as(carla).get(mistake).text


@pytest.mark.parametrize(
    ("language", "of_a_woman"),
    [("en", r"\b(she|hers?|herself)\b"), ("nl", r"\b(haar|zijzelf|zij (is|was|heeft|kan))\b")],
)
def test_the_words_are_the_same_for_a_man(
    browse_as: Any, place: Booking, language: str, of_a_woman: str
) -> None:
    coordinator = make.staff(Role.COORDINATOR, contact=make.contact(language=language))
    event, desk = make.event(booking=place), browse_as(coordinator)
    training = f"/staff/classes/{place.session_id}/training"
    outside = f"{EVENTS}person/{place.participant_id}"
    for page in (EVENTS, address(place), page_of(event), f"{page_of(event)}mistake", outside,
                 training, "/staff/safety/"):  # fmt: skip
        said = re.sub(r"<[^>]+>", " ", desk.get(page).text)
        assert re.findall(of_a_woman, said, re.IGNORECASE) == [], page


class TestWhoSeesIt:
    def test_staff_of_her_site_and_of_the_class_alone(
        self, browse_as: Any, place: Booking, carla: Account, tess: Account
    ) -> None:
        event = make.event(booking=place)
        there = make.site("melbourne")
        for role in (Role.TRAINER, Role.COORDINATOR):
            other = browse_as(make.staff(role, at=there))
            assert other.get(page_of(event)).status_code == 404
            assert other.get(address(place)).status_code == 404
            assert other.post(address(place), data={"pick": "fall:1"}).status_code == 404
            assert "Zebulon" not in other.get(EVENTS).text
        for role in (Role.RESEARCHER, Role.ADMINISTRATOR):
            other = browse_as(make.staff(role, sees_arm=True))
            for page in (EVENTS, page_of(event), address(place)):
                assert other.get(page).status_code == 403
        for who in (carla, tess):
            assert "Zebulon C." in browse_as(who).get(EVENTS).text

    def test_a_trainer_does_not_see_what_happened_outside_her_classes(
        self, browse_as: Any, tess: Account, carla: Account
    ) -> None:
        event = make.event(participant=make.participant(), session=None, by=carla)
        assert browse_as(tess).get(page_of(event)).status_code == 404
        assert browse_as(carla).get(page_of(event)).status_code == 200

    def test_a_coordinator_of_the_class_sees_it_and_she_of_the_womans_site_looks_after_it(
        self, browse_as: Any, carla: Account
    ) -> None:
        there = make.site("melbourne")
        guest = make.participant(site=there)
        hour = make.session(starts_at=NOON)
        event = make.event(booking=make.booking(participant=guest, session=hour))
        olive = make.staff(Role.COORDINATOR, at=there)
        typed = {"care": "seen", "number": "1", "key": str(uuid4())}
        assert browse_as(carla).get(page_of(event)).status_code == 200
        assert browse_as(carla).post(f"{page_of(event)}care", data=typed).status_code == 404
        assert browse_as(olive).post(f"{page_of(event)}care", data=typed).status_code == 303

    def test_a_booking_of_another_class_is_not_there(
        self, browse_as: Any, place: Booking, tess: Account
    ) -> None:
        other = make.booking(session=make.session(trainer=tess))
        page = f"{EVENTS}class/{place.session_id}/{other.id}"
        assert browse_as(tess).get(page).status_code == 404


def test_every_term_and_grade_has_words_in_every_language_and_no_term_of_a_dictionary() -> None:
    for one in (*terms().terms, *terms().grades):
        for words in (one.name,) if hasattr(one, "name") else (one.word, one.line):
            assert set(words) == {"en", "nl"}
            assert all(words.values())
    assert [one.grade for one in terms().grades] == [1, 2, 3, 4, 5]
    assert len({term.code for term in terms().terms}) == len(terms().terms)
    assert not any(term.standard for term in terms().terms), "these are licensed"
