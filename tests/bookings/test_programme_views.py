"""Her whole programme in one go, through its pages."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.bookings import service
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from tests import make
from tests.bookings.test_programme import WEEK, weekly
from tests.fakes import NOON

CHOOSE, WEEKS, DONE = "/classes/programme/", "/classes/programme/weeks", "/classes/programme/done"
TICKED = re.compile(r'name="hour" value="([0-9a-f-]+)" checked')
FORM = re.compile(r'<form method="post" action="/classes/programme/">.*?</form>', re.DOTALL)
CODE = re.compile(r'name="weekly\d" value="([0-9a-f]{12})"')


@pytest.fixture
def ada(app):
    return make.participant(contact=make.contact(name="Ada Byron"))


def held(her):
    rows = db.session.scalars(
        sa.select(Booking).where(Booking.participant_id == her.id, Booking.cancelled_at.is_(None))
    )
    return [row.session_id for row in rows]


def test_from_her_classes_to_thirty_six_bookings_in_three_pages(ada, browse_as):
    for kind, day in (("base", 2), ("base", 4), ("neuropathy", 3)):
        weekly(kind, weekday=day)
    browser = browse_as(ada)
    page = browser.get("/classes/").text
    assert "Book my twelve weeks" in page
    assert f'href="{CHOOSE}"' in page

    page = browser.get(CHOOSE).text
    assert "Every Wednesday, 09:00" in page
    assert "Amsterdam time" in page
    assert "Choose up to 2." in page
    codes = CODE.findall(page)
    assert len(codes) == 3

    page = browser.get(WEEKS, query_string={"weekly1": codes}).text
    assert "Week 12" in page
    assert "Wednesday 25 November, 09:00" in page
    ticked = TICKED.findall(page)
    assert len(ticked) == 36
    assert held(ada) == []  # looking changes nothing

    answer = browser.post(CHOOSE, data={"hour": ticked, "weekly": codes})
    assert answer.status_code == 303
    page = browser.get(answer.location).text
    assert "36 classes are booked" in page
    assert len(held(ada)) == 36

    again = browser.post(CHOOSE, data={"hour": ticked, "weekly": codes})
    assert again.location == answer.location
    assert len(held(ada)) == 36
    assert "Book my twelve weeks" not in browser.get("/classes/").text


def test_what_has_become_full_is_told_with_one_button_for_another_class(ada, browse_as):
    hours = weekly(weekday=2, places=1)
    instead = weekly(weekday=4)
    browser = browse_as(ada)
    codes = CODE.findall(browser.get(CHOOSE).text)[:1]
    ticked = TICKED.findall(browser.get(WEEKS, query_string={"weekly1": codes}).text)
    make.booking(session=hours[3])

    page = browser.post(CHOOSE, data={"hour": ticked}, follow_redirects=True).text
    assert "11 classes are booked" in page
    assert "One class did not fit any more." in page
    assert "This class is full." in page
    [form] = FORM.findall(page)
    assert str(instead[3].id) in form
    shown = re.findall(r'name="shown" value="(\w+)"', form)

    page = browser.post(
        CHOOSE, data={"hour": str(instead[3].id), "shown": shown}, follow_redirects=True
    ).text
    assert "12 classes are booked" in page
    assert "did not fit" not in page


def test_a_ticked_alternative_is_booked_with_the_rest(ada, browse_as):
    hours = weekly(weekday=2, weeks=3, places=1)
    instead = weekly(weekday=4, weeks=3)
    make.booking(session=hours[1])
    browser = browse_as(ada)
    [code, *_more] = CODE.findall(browser.get(CHOOSE).text)
    page = browser.get(WEEKS, query_string={"weekly1": code}).text
    assert "This class is full." in page
    assert f'value="{instead[1].id}">' in page
    browser.post(CHOOSE, data={"hour": [*TICKED.findall(page), str(instead[1].id)]})
    assert set(held(ada)) == {hours[0].id, instead[1].id, hours[2].id}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        pytest.param([], "Please choose at least one class.", id="nothing"),
        pytest.param(["nonsense", "'; --"], "Please choose at least one class.", id="nonsense"),
        pytest.param([0, 1, 2], "Please choose no more than 2", id="three of two"),
    ],
)
def test_a_choice_that_cannot_be_says_why_and_keeps_what_was_ticked(chosen, words, ada, browse_as):
    for day in (2, 3, 4):
        weekly(weekday=day)
    browser = browse_as(ada)
    codes = CODE.findall(browser.get(CHOOSE).text)
    chosen = [codes[one] if isinstance(one, int) else one for one in chosen]

    answer = browser.get(WEEKS, query_string={"weekly1": chosen})

    assert answer.status_code == 422
    assert words in answer.text
    kept = re.findall(r'value="([0-9a-f]{12})" checked', answer.text)
    assert kept == [code for code in codes if code in chosen]


def test_without_any_tick_she_is_asked_once_more_and_nothing_is_lost(ada, browse_as):
    weekly(weekday=2)
    browser = browse_as(ada)
    codes = CODE.findall(browser.get(CHOOSE).text)
    answer = browser.post(CHOOSE, data={"weekly": codes})
    assert answer.status_code == 422
    assert "Please tick at least one class." in answer.text
    assert len(TICKED.findall(answer.text)) == 12
    assert browser.post(CHOOSE, data={"hour": "nonsense"}).status_code == 422
    assert browser.get(f"{DONE}?hour=nonsense&hour=").status_code == 200
    assert held(ada) == []


def test_the_link_is_there_only_while_a_week_is_empty_and_something_fits(ada, browse_as):
    browser = browse_as(ada)
    assert CHOOSE not in browser.get("/classes/").text
    assert browser.get(CHOOSE).status_code == 200
    hours = weekly(weekday=2)
    assert CHOOSE in browser.get("/classes/").text
    service.book_all(ada.id, [hour.id for hour in hours], now=NOON, by=None)
    make.session(starts_at=NOON + timedelta(days=3))
    assert CHOOSE not in browser.get("/classes/").text


def test_who_has_a_few_weeks_left_reads_how_many(app, browse_as):
    her = make.participant(baseline_on=make.TODAY - 9 * WEEK)
    weekly(weekday=2)
    page = browse_as(her).get("/classes/").text
    assert "Book the weeks that I have left" in page
    page = browse_as(her).get(CHOOSE).text
    assert "for the 3 weeks in which classes are offered so far" in page


def test_she_cannot_book_for_somebody_else_or_what_is_not_hers(ada, browse_as):
    hour, there = make.session(), make.session(site=make.site("melbourne"))
    answer = browse_as(ada).post(CHOOSE, data={"hour": [str(hour.id), str(there.id)]})
    assert str(there.id) not in browse_as(ada).get(answer.location).text
    assert held(ada) == [hour.id]


@pytest.mark.parametrize("path", ["/classes/", CHOOSE])
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        pytest.param({"consented_on": None}, "when you have agreed to take part", id="no consent"),
        pytest.param({"cleared_on": None}, "exercise is safe for you", id="not cleared"),
        pytest.param({"baseline_on": None}, "not yet known when your classes", id="no baseline"),
        pytest.param({"arm": None}, "not yet known when your classes", id="no allocation"),
        pytest.param(
            {"arm": "waitlist"}, "Your classes begin on Tuesday 16 February 2027", id="later"
        ),
        pytest.param(
            {"baseline_on": make.TODAY - 12 * WEEK}, "Your programme ends on", id="it is over"
        ),
        pytest.param({}, "There is no class to book at the moment.", id="nothing is offered"),
    ],
)
def test_where_nothing_can_be_booked_the_true_reason_is_said(facts, words, path, app, browse_as):
    page = browse_as(make.participant(**facts)).get(path).text
    assert words in page
    assert ("There is no class to book at the moment." in page) == (facts == {})


@pytest.mark.parametrize("path", ["/classes/", CHOOSE])
@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        pytest.param(3, "all that is offered so far. Later weeks will come.", id="more to come"),
        pytest.param(4, "You have booked all that is offered.", id="her last weeks"),
    ],
)
def test_who_has_booked_all_that_is_offered_reads_so(weeks, words, path, app, browse_as):
    her = make.participant(baseline_on=make.TODAY - 8 * WEEK)
    hours = weekly(weekday=2, weeks=weeks)
    assert words not in browse_as(her).get(path).text
    service.book_all(her.id, [hour.id for hour in hours], now=NOON, by=None)
    db.session.commit()
    assert words in browse_as(her).get(path).text


def test_back_to_the_weeks_after_booking_them_leads_to_what_came_of_it(ada, browse_as):
    weekly(weekday=2)
    weekly(weekday=4)
    browser = browse_as(ada)
    asked = {"weekly1": CODE.findall(browser.get(CHOOSE).text)}
    ticked = TICKED.findall(browser.get(WEEKS, query_string=asked).text)
    browser.post(CHOOSE, data={"hour": ticked[:-1]})
    assert browser.get(WEEKS, query_string=asked).status_code == 200  # one is left

    browser.post(CHOOSE, data={"hour": ticked})
    answer = browser.get(WEEKS, query_string=asked)

    assert answer.status_code == 303
    assert "24 classes are booked" in browser.get(answer.location).text


def test_a_second_class_of_a_week_that_does_not_fit_says_where_the_others_are(ada, browse_as):
    for hours in (weekly(weekday=2, weeks=2), weekly(weekday=3, weeks=2)):
        hours[1].taken = hours[1].places
    instead = weekly(weekday=4, weeks=2)
    db.session.commit()
    browser = browse_as(ada)
    codes = CODE.findall(browser.get(CHOOSE).text)[:2]
    page = browser.get(WEEKS, query_string={"weekly1": codes}).text
    assert page.count(f'value="{instead[1].id}"') == 1
    assert page.count("The other classes of that week are above.") == 1


def test_what_she_can_neither_book_nor_wait_for_is_folded_away_and_says_what_to_do(ada, browse_as):
    for day in (2, 3):
        make.booking(participant=ada, session=weekly(weekday=day, weeks=1)[0])
    free = weekly(weekday=4, weeks=2)
    page = browse_as(ada).get("/classes/").text
    above, folded = page.split("<details>\n<summary>Show the other classes</summary>")
    assert f"/classes/{free[1].id}/book" in above
    assert "for that week. You can move one of yours instead." in folded
    assert "Book this class" not in folded


def test_in_dutch_too(app, browse_as):
    her = make.participant(language="nl")
    weekly(weekday=2)
    browser = browse_as(her)
    assert "Elke woensdag, 09:00" in browser.get(CHOOSE).text
    assert "Mijn twaalf weken boeken" in browser.get("/classes/").text


@pytest.mark.parametrize("path", ["/classes/", CHOOSE, WEEKS, DONE])
def test_the_pages_cost_the_same_however_much_is_on_them(path, ada, browse_as, count_queries):
    first = weekly(weekday=2)
    browser = browse_as(ada)
    codes = CODE.findall(browser.get(CHOOSE).text)

    def cost(hours):
        db.session.rollback()
        asked = {"weekly1": codes, "hour": [hour.id.hex for hour in hours]}
        count_queries.clear()
        assert browser.get(path, query_string=asked).status_code == 200
        return len(count_queries)

    few = cost(first[:1])
    for day in range(6):
        weekly(weekday=day, at=15)
        weekly("neuropathy", weekday=day, at=17)
    assert cost(first) == few <= 11


def test_a_class_that_is_not_hers_to_book_is_refused_with_the_true_reason(ada, browse_as):
    other_kind = make.session(module="fatigue", starts_at=NOON + timedelta(days=3))
    begun = make.session(starts_at=NOON - timedelta(minutes=30))
    browser = browse_as(ada)
    form = {"hour": [other_kind.id.hex, begun.id.hex]}
    page = browser.post("/classes/programme/", data=form, follow_redirects=True).text
    assert "No class is booked" in page
    assert "This class is not part of your programme." in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"cleared_on": None}, "exercise is safe for you"),
        ({"consented_on": None}, "when you have agreed to take part"),
        ({"arm": "waitlist"}, "Your classes begin on"),
    ],
)
def test_who_may_not_train_reads_why_after_a_press(app, browse_as, facts, said):
    her, hour = make.participant(**facts), make.session()
    form = {"hour": hour.id.hex}
    page = browse_as(her).post("/classes/programme/", data=form, follow_redirects=True).text
    assert "No class is booked" in page
    assert said in page
