import re
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.app import ROOT
from remote_training.assessments import service as questions
from remote_training.assessments.models import Assessment
from remote_training.attendance.models import Attendance, Status
from remote_training.audit.models import Entry
from remote_training.bookings import waiting_list
from remote_training.core.db import db
from remote_training.dashboard import wording
from remote_training.messages.models import Message, State
from remote_training.participants import queries, study_numbers
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON

TODAY = NOON.date().isoformat()
DAY = timedelta(days=1)
TYPED = {
    "name": "Ada Canary",
    "email": "canary@example.org",
    "phone": "030 123 4567",
    "birth_year": "1961",
    "emergency_name": "Bob Canary",
    "emergency_phone": "030 765 4321",
    "language": "nl",
    "zone": "Europe/Amsterdam",
}


@pytest.fixture
def carla(app):
    return make.staff(Role.COORDINATOR)


@pytest.fixture
def desk(carla, browse_as):
    return browse_as(carla)


def actions():
    return db.session.scalars(sa.select(Entry.action).order_by(Entry.at, Entry.id)).all()


def people():
    return db.session.scalars(sa.select(Participant)).all()


def messages(**changes):
    plain = {"kind": "welcome", "facts": {}, "queued_at": NOON, "due_at": NOON}
    row = Message(**plain | {"not_after": NOON + timedelta(days=1)} | changes)
    db.session.add(row)
    db.session.commit()
    return row


def facts(**changes):
    plain = {
        "consented_on": "2026-11-14",
        "cleared_on": "2026-11-19",
        "baseline_on": TODAY,
        "complaint": "neuropathy",
        "arm": "exercise",
    }
    return plain | changes


def test_the_list_says_how_everybody_stands(app, desk):
    ada = make.participant(contact=make.contact(name="Ada Canary"), study_number="C7K2M4P")
    make.booking(participant=ada)
    make.assessment(participant=ada)
    make.participant(consented_on=None)
    make.participant(arm=None)
    make.participant(withdrawn_on=NOON.date())

    page = desk.get("/staff/people/").text

    assert "C7K2M4P" in page
    assert "Ada C." in page
    assert "Canary" not in page
    assert "Wednesday 25 November, 13:00" in page
    for words in ("takes part", "consent awaited", "not allocated yet", "has left the trial"):
        assert words in page


def test_the_list_names_mail_trouble(app, desk):
    ada = make.participant()
    assert "mail trouble" not in desk.get("/staff/people/").text

    messages(contact_id=ada.contact_id, state=State.UNCERTAIN)

    assert "mail trouble" in desk.get("/staff/people/").text


def test_people_of_other_sites_are_not_in_the_list(app, desk, browse_as):
    away = make.participant(site=make.site("melbourne"))
    there = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))

    assert away.study_number not in desk.get("/staff/people/").text
    assert away.study_number in there.get("/staff/people/").text


def test_somebody_is_found_by_the_study_number(app, desk):
    make.participant(study_number="C7K2M4P")
    make.participant(study_number="D7K2M4P")

    page = desk.get("/staff/people/?number=c7k-2m").text

    assert "C7K2M4P" in page
    assert "D7K2M4P" not in page


def test_a_slip_in_a_study_number_is_said(app, desk):
    page = desk.get("/staff/people/?number=C7K2M4X").text

    assert "typing error" in page


@pytest.mark.parametrize(
    "query", ["number=%00%ff", "page=-3", "page=x", "page=9999999999", "number=%25"]
)
def test_odd_searches_are_answered(query, app, desk):
    make.participant()

    assert desk.get(f"/staff/people/?{query}").status_code == 200


def test_fifty_stand_on_a_page(app, desk):
    for n in range(51):
        make.participant(study_number=f"N{n:03}")

    first, second = (desk.get(f"/staff/people/?page={page}").text for page in (1, 2))

    assert "N049" in first
    assert "N050" not in first
    assert "Page 1 of 2" in first
    assert "N050" in second


def test_the_list_costs_the_same_however_long_it_is(app, desk, count_queries):
    def cost():
        db.session.rollback()
        count_queries.clear()
        assert desk.get("/staff/people/").status_code == 200
        return len(count_queries)

    make.assessment(participant=make.booking().participant)
    few = cost()
    for _ in range(8):
        make.assessment(participant=make.booking().participant)

    assert cost() == few
    assert few <= 12  # one of them for open alerts


def test_who_is_added_gets_a_number_and_a_welcome(app, desk):
    answer = desk.post("/staff/people/new", data={**TYPED, "site": make.site().id})

    [ada] = people()
    assert answer.status_code == 303
    assert answer.location.endswith(f"/staff/people/{ada.id}/")
    assert study_numbers.is_valid(ada.study_number)
    assert ada.contact.name == "Ada Canary"
    assert db.session.scalars(sa.select(Message.kind)).all() == ["welcome"]
    page = desk.get(answer.location).text
    for plain in ("Canary", "canary@", "030 123", "1961"):
        assert plain not in page


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "Please write a name."),
        ("name", "...", "Please write a name."),
        ("email", "canary", "such as name@example.org"),
        ("phone", "none", "telephone number"),
        ("birth_year", "61", "four digits, from 1900 to 2008"),
        ("emergency_phone", "mother", "telephone number"),
        ("zone", "Mars/Base", "Please choose a time zone."),
        ("site", "nowhere", "Please choose one from this list."),
    ],
)
def test_what_cannot_be_taken_is_said_and_the_rest_is_kept(field, typed, words, app, desk):
    answer = desk.post("/staff/people/new", data={**TYPED, "site": make.site().id, field: typed})

    assert answer.status_code == 422
    assert words in answer.text
    if field != "emergency_name":
        assert "Bob Canary" in answer.text
    assert people() == []


def test_nobody_is_added_at_a_site_of_somebody_else(app, desk):
    answer = desk.post("/staff/people/new", data={**TYPED, "site": make.site("melbourne").id})

    assert answer.status_code == 422
    assert people() == []


def test_a_page_that_is_looked_at_shows_no_name_and_writes_nothing(app, desk):
    ada = make.participant(contact=make.contact(name="Ada Canary", email="canary@example.org"))

    page = desk.get(f"/staff/people/{ada.id}/").text

    assert ada.study_number in page
    for plain in ("Canary", "canary@example.org", "030 000 1111"):
        assert plain not in page
    assert actions() == []


def test_name_and_contact_are_shown_by_a_press_that_is_written_down(app, desk, carla):
    ada = make.participant(contact=make.contact(name="Ada Canary", email="canary@example.org"))

    page = desk.post(f"/staff/people/{ada.id}/card").text

    for plain in ("Ada Canary", "canary@example.org", "030 000 1111"):
        assert plain in page
    [entry] = db.session.scalars(sa.select(Entry))
    assert (entry.action, entry.actor_id) == ("participants.see_card", carla.id)
    assert (entry.subject_id, entry.at) == (ada.id, NOON)
    assert "Name and contact shown" in desk.get(f"/staff/people/{ada.id}/").text


def test_the_card_is_not_shown_by_looking(app, desk):
    ada = make.participant()

    answer = desk.get(f"/staff/people/{ada.id}/card")

    assert answer.status_code == 303
    assert actions() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("post", "card"),
        ("post", "contact"),
        ("get", "facts"),
        ("post", "facts"),
        ("post", "link"),
        ("get", "bookings/"),
    ],
)
def test_somebody_of_another_site_is_not_there(method, path, app, desk, browse_as):
    away = make.participant(site=make.site("melbourne"))
    there = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))
    address = f"/staff/people/{away.id}/{path}"

    assert getattr(desk, method)(address).status_code == 404
    assert getattr(there, method)(address, data=facts()).status_code in (200, 303, 422)


@pytest.mark.parametrize("role", [Role.TRAINER, Role.RESEARCHER, Role.ADMINISTRATOR])
def test_only_coordinators_see_participants(role, app, desk, browse_as):
    ada = make.participant()
    other = browse_as(make.staff(role))

    for address in ("/staff/people/", "/staff/people/new", f"/staff/people/{ada.id}/"):
        assert other.get(address).status_code == 403
        assert desk.get(address).status_code == 200


def test_recording_a_baseline_plans_the_questions(app, desk):
    ada = make.participant(consented_on=None, baseline_on=None, cleared_on=None, arm=None)

    answer = desk.post(f"/staff/people/{ada.id}/facts", data=facts(sex="F"))

    assert answer.status_code == 303
    assert ada.may_train
    assert queries.allocation(ada.id).arm == "exercise"
    due = db.session.scalars(sa.select(Assessment.due_on).order_by(Assessment.due_on)).all()
    weeks = ["2027-01-05", "2027-02-16", "2027-05-11", "2027-08-03"]
    assert [day.isoformat() for day in due] == [TODAY, *weeks]


def test_a_correction_asks_why_and_keeps_what_was_typed(app, desk):
    ada = make.participant()
    changed = facts(complaint="fatigue")

    answer = desk.post(f"/staff/people/{ada.id}/facts", data=changed)

    assert answer.status_code == 422
    assert "Please write why this is changed" in answer.text
    assert 'selected value="fatigue"' in answer.text
    assert ada.complaint == "neuropathy"

    answer = desk.post(f"/staff/people/{ada.id}/facts", data={**changed, "reason": "She said so"})
    assert answer.status_code == 303
    assert ada.complaint == "fatigue"
    page = desk.get(f"/staff/people/{ada.id}/").text
    assert "Hands, feet and balance → Energy" in page
    assert "She said so" in page


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("consented_on", "2026-11-25", "must be between 2020 and today"),
        ("consented_on", "0001-01-01", "must be between 2020 and today"),
        ("consented_on", "yesterday", "Please write a day"),
        ("complaint", "yoga", "Please choose one from this list."),
        ("arm", "control", "Please choose one from this list."),
        ("sex", "Q", "Please choose one from this list."),
    ],
)
def test_a_fact_that_cannot_be_so_is_said_at_its_field(field, typed, words, app, desk):
    ada = make.participant()

    answer = desk.post(
        f"/staff/people/{ada.id}/facts", data={**facts(), field: typed, "reason": "x"}
    )

    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#{field}"' in answer.text
    assert actions() == []


def test_an_arm_before_consent_is_said(app, desk):
    ada = make.participant(consented_on=None, arm=None)

    answer = desk.post(f"/staff/people/{ada.id}/facts", data=facts(consented_on=""))

    assert answer.status_code == 422
    assert "Consent comes first" in answer.text
    assert queries.allocation(ada.id) is None


def test_who_is_blinded_anywhere_sees_no_arm_here(app, browse_as, desk):
    ada = make.participant(arm=None)
    desk.post(f"/staff/people/{ada.id}/facts", data=facts(arm="waitlist"))
    both = browse_as(make.staff(Role.COORDINATOR, Role.RESEARCHER))

    page, form = (both.get(f"/staff/people/{ada.id}/{path}").text for path in ("", "facts"))

    for word in ("waitlist", "week 12", "Arm"):
        assert word not in page
        assert word not in form
    assert "exercise from week 12" in desk.get(f"/staff/people/{ada.id}/").text
    assert both.post(f"/staff/people/{ada.id}/facts", data=facts(reason="x")).status_code == 303
    assert queries.allocation(ada.id).arm == "waitlist"


def test_another_address_is_told_to_have_ended_the_links(app, desk):
    ada = make.participant()

    page = desk.post(f"/staff/people/{ada.id}/contact", data=TYPED, follow_redirects=True).text

    assert "Her old links no longer work" in page
    assert ada.contact.email == "canary@example.org"
    assert ada.contact.name == "Ada Canary"
    assert actions() == ["participants.correct_contact"]


def test_a_wrong_correction_is_said_and_changes_nothing(app, desk):
    ada = make.participant(contact=make.contact(name="Ada Byron"))

    answer = desk.post(f"/staff/people/{ada.id}/contact", data={**TYPED, "phone": "none"})

    assert answer.status_code == 422
    assert "telephone number" in answer.text
    assert "canary@example.org" in answer.text
    assert ada.contact.name == "Ada Byron"


def test_the_link_is_sent_again_at_a_press(app, desk):
    ada = make.participant()

    for _ in range(2):
        assert desk.post(f"/staff/people/{ada.id}/link").status_code == 303

    assert db.session.scalars(sa.select(Message.kind)).all() == ["welcome"]


@pytest.mark.parametrize("state", [State.UNCERTAIN, State.FAILED, State.EXPIRED])
def test_a_mail_that_may_not_have_arrived_is_sent_again_once(state, app, desk):
    ada = make.participant()
    lost = messages(contact_id=ada.contact_id, state=state, facts={"participant_id": str(ada.id)})
    assert "Send again" in desk.get(f"/staff/people/{ada.id}/").text

    for _ in range(2):
        assert desk.post(f"/staff/people/{ada.id}/messages/{lost.id}/again").status_code == 303

    again = db.session.scalars(sa.select(Message).where(Message.id != lost.id)).one()
    assert (again.kind, again.facts, again.state) == ("welcome", lost.facts, State.PENDING)
    assert actions() == ["messages.send_again"]
    assert "Send again" not in desk.get(f"/staff/people/{ada.id}/").text
    assert "mail trouble" not in desk.get("/staff/people/").text


@pytest.mark.parametrize("state", [State.PENDING, State.SENT, State.VOID])
def test_a_mail_that_arrived_or_waits_is_not_sent_again(state, app, desk):
    ada = make.participant()
    sent = messages(contact_id=ada.contact_id, state=state)

    assert "Send again" not in desk.get(f"/staff/people/{ada.id}/").text
    assert desk.post(f"/staff/people/{ada.id}/messages/{sent.id}/again").status_code == 404


def test_a_link_to_sign_in_is_asked_for_by_herself(app, desk):
    ada = make.participant()
    late = messages(contact_id=ada.contact_id, kind="sign_in", state=State.EXPIRED)

    assert "Send again" not in desk.get(f"/staff/people/{ada.id}/").text
    assert desk.post(f"/staff/people/{ada.id}/messages/{late.id}/again").status_code == 404


def test_somebody_elses_mail_is_not_sent_to_her(app, desk):
    ada, eve = make.participant(), make.participant()
    lost = messages(contact_id=eve.contact_id, state=State.FAILED)

    assert desk.post(f"/staff/people/{ada.id}/messages/{lost.id}/again").status_code == 404
    assert desk.post(f"/staff/people/{eve.id}/messages/{lost.id}/again").status_code == 303


def test_her_questions_show_their_state_and_no_answer(app, desk):
    ada = make.participant()
    make.assessment(participant=ada, completed_at=NOON)
    make.assessment(participant=ada, timepoint="w6", week=6, started_at=NOON)

    page = desk.get(f"/staff/people/{ada.id}/").text

    assert "complete" in page
    assert "begun" in page
    assert "Week 6" in page


def test_her_timeline_tells_days_mails_and_what_is_left_out_and_no_answer(app, desk):
    ada = make.participant(arm="waitlist")
    week_0, *_ = questions.plan(ada, now=NOON)
    make.answer(week_0, "numb_hands", 9)
    db.session.commit()

    page = desk.get(f"/staff/people/{ada.id}/").text

    table = page.split("Questions for her")[1].split("</table>")[0]
    assert "1 of" in table
    assert "Tuesday 24 November 2026" in table
    assert "closes Tuesday 8 December 2026" in table
    assert "overdue from Tuesday 1 December 2026" in table
    assert "Patient Health Questionnaire (PHQ-9), GAD-7, Your hands and feet" in table
    assert "Not asked here:" in table
    assert "EORTC QLQ-C30" in table
    for code in ("phq-9", "neuropathy-nrs", "qlq-"):
        assert code not in page, code
    assert page.count("Ask the owner, then have the wording imported.") == 1
    assert [f"Week {n}" in table for n in (0, 6, 12, 18, 24, 36)] == [True] * 6
    assert ">9<" not in table


def test_the_coordinator_is_told_which_questionnaires_are_not_asked_and_why(app, desk):
    page = desk.get("/staff/people/").text

    assert "Some questionnaires of the study are not asked here" in page
    assert "EORTC QLQ-CIPN20: The questions are not here yet" in page
    assert "PHQ-9" not in page


def test_her_page_says_how_much_of_the_programme_she_had(app, desk):
    ada = make.participant(baseline_on=NOON.date() - timedelta(days=8))
    statuses = (Status.ATTENDED, Status.NO_SHOW, Status.LATE, Status.TECHNICAL)
    for days, status in zip((8, 6, 4, 2), statuses, strict=True):
        hour = make.session(starts_at=NOON - timedelta(days=days))
        held = make.booking(participant=ada, session=hour)
        db.session.add(Attendance(booking_id=held.id, machine_status=status, machine_minutes=30.25))
    db.session.commit()

    page = desk.get(f"/staff/people/{ada.id}/").text

    assert "Came to 67% of the 3 classes planned so far." in page
    part = page.split("How much of the programme")[1].split("</table>")[0]
    cells = re.findall(r'data-label="([^"]+)"[^>]*>([^<]+)<', part)
    assert cells == [
        ("Planned", "3"), ("Offered", "2"), ("Booked", "4"), ("Came", "2"),
        ("The other booked ones", "technical trouble: 1, did not come: 1"),
        ("Missed", "1"), ("Minutes", "60"),
    ]  # fmt: skip
    assert (
        "How much of the programme" not in desk.get(f"/staff/people/{make.participant().id}/").text
    )


def test_her_page_costs_the_same_however_much_happened(app, desk, count_queries):
    ada = make.participant()

    def cost():
        db.session.rollback()
        count_queries.clear()
        assert desk.get(f"/staff/people/{ada.id}/").status_code == 200
        return len(count_queries)

    def happen(n):
        make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=n)))
        make.assessment(participant=ada, timepoint=f"w{n}")
        messages(contact_id=ada.contact_id)
        desk.post(f"/staff/people/{ada.id}/card")

    happen(1)
    few = cost()
    for n in range(2, 8):
        happen(n)

    assert cost() == few
    assert few <= 22  # two each for her programme and her reminders, one for open alerts


def test_the_same_form_sent_twice_adds_one_person(app, desk):
    once = {"once": "5f0f4f0e-7c44-4d0a-9a5e-0d8f6d1f2a11", "site": make.site().id}

    first = desk.post("/staff/people/new", data={**TYPED, **once})
    second = desk.post("/staff/people/new", data={**TYPED, **once})
    another = desk.post("/staff/people/new", data={**TYPED, "site": make.site().id})

    assert [first.status_code, second.status_code, another.status_code] == [303, 303, 303]
    assert first.location == second.location != another.location
    assert len(people()) == 2
    assert desk.get(second.location).status_code == 200
    kinds = db.session.scalars(sa.select(Message.kind)).all()
    assert kinds.count("welcome") == 2


def test_a_fresh_link_to_open_questions_is_sent_once_a_quarter(app, desk):
    ada = make.participant()
    asked = make.assessment(participant=ada)
    over = make.assessment(participant=ada, timepoint="w6", closes_on=NOON.date() - DAY)

    def send(assessment, her=ada):
        address = f"/staff/people/{her.id}/questions/{assessment.id}/send"
        return desk.post(address, follow_redirects=True)

    assert "is on its way to her" in send(asked).text
    assert "sent a moment ago" in send(asked).text
    assert "are not open" in send(over).text
    assert send(asked, her=make.participant()).status_code == 404
    facts = db.session.scalars(sa.select(Message.facts).where(Message.kind == "questions_due"))
    assert facts.all() == [{"assessment_id": str(asked.id)}]


def test_the_same_form_sent_again_after_midnight_leads_to_her_page(app, carla, browse_as, clock):
    clock.moment = NOON.replace(hour=23, minute=59, second=59)
    desk = browse_as(carla)
    typed = {**TYPED, "site": str(make.site().id), "once": str(uuid4())}
    first = desk.post("/staff/people/new", data=typed)
    clock.forward(seconds=2)
    again = desk.post("/staff/people/new", data=typed)
    assert (first.status_code, again.status_code) == (303, 303)
    assert again.location == first.location
    assert len(people()) == 1


@pytest.mark.parametrize("once", [str(uuid4()), None], ids=["one form", "two forms"])
def test_two_presses_at_the_same_moment_add_one_person_and_two_forms_two(
    once, app, carla, browse_as
):
    typed = {**TYPED, "site": str(make.site().id)}
    start, answers = threading.Barrier(2), []

    def press(browser, form):
        with app.app_context():
            start.wait()
            answers.append(browser.post("/staff/people/new", data=form))

    forms = [{**typed, "once": once or str(uuid4())} for _ in range(2)]
    threads = [threading.Thread(target=press, args=(browse_as(carla), form)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    expected = 1 if once else 2
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.location for answer in answers}) == expected
    welcomes = db.session.scalars(sa.select(Message.id)).all()
    assert (len(people()), len(welcomes)) == (expected, expected)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("\u200b\u2060", "Please write why this is changed"),
        ("x" * 501, "Please shorten this to 500 letters"),
    ],
)
def test_a_reason_that_cannot_be_read_or_kept_changes_nothing(reason, words, app, desk):
    ada = make.participant(complaint="fatigue")
    page = desk.post(
        f"/staff/people/{ada.id}/facts", data=facts(complaint="distress", reason=reason)
    )
    assert page.status_code == 422
    assert words in page.text
    db.session.expire_all()
    assert ada.complaint == "fatigue"
    right = facts(complaint="distress", reason="x" * 500)
    assert desk.post(f"/staff/people/{ada.id}/facts", data=right).status_code == 303


def test_whatever_is_written_in_a_history_has_words(app):
    """Read from the source: an action noted about a participant or a booking is shown to people."""
    noted = re.compile(
        r'(?:audit\.note|_note)\(\s*"([a-z_.]+)",\s*(?:"(participant|booking)"|entry)'
    )
    found = {
        match[1]
        for path in (ROOT / "remote_training").rglob("*.py")
        for match in noted.finditer(path.read_text(encoding="utf-8"))
    }
    assert {"bookings.book", "bookings.wait", "participants.enrol"} <= found
    assert found - wording.ACTION_WORDS.keys() == set()


def test_her_history_says_that_she_waited(app, desk):
    session = make.session(places=1, starts_at=NOON + 3 * DAY)
    make.booking(session=session)
    ada = make.participant()
    entry = waiting_list.join(ada, session, is_at_once=False, now=NOON, by=ada.account_id)
    waiting_list.leave(entry, now=NOON, by=ada.account_id)
    db.session.commit()
    page = desk.get(f"/staff/people/{ada.id}/").text
    assert "Put on a waiting list" in page
    assert "Taken off a waiting list" in page
