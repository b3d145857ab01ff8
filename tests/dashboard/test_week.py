"""The week of a trainer or coordinator: what stands in it, and which filters its address keeps."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from urllib.parse import urlencode

import pyotp
import pytest
import sqlalchemy as sa

from remote_training.accounts import factors
from remote_training.accounts.models import Role
from remote_training.audit import service as audit
from remote_training.bookings import changes
from remote_training.bookings import service as bookings
from remote_training.bookings.changes import Scope
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.dashboard import weeks
from tests import make
from tests.fakes import NOON

TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # the week of NOON


@pytest.fixture
def ilse(app):
    return make.trainer(contact=make.contact(name="Ilse Baan"))


@pytest.fixture
def bo(app):
    return make.trainer(contact=make.contact(name="Bo Smit"))


def week(browser, **asked):
    answer = browser.get(f"/staff/week/?{urlencode(asked)}")
    assert answer.status_code == 200
    return answer.text


def rows(page):
    """Each day's name with its classes, as the words in the cells of the table."""
    found = {}
    for body in re.findall(r"<tbody.*?</tbody>", page, re.DOTALL):
        head, *classes = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
        found[words(head)] = [
            [words(cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)] for row in classes
        ]
    return found


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def clocks(page):
    return [cells[0] for classes in rows(page).values() for cells in classes]


def test_the_week_has_seven_days_and_each_class_on_its_row(ilse, browse_as):
    hour = make.session(trainer=ilse, starts_at=TUESDAY, places=2)
    make.booking(session=hour)
    make.booking(session=hour)
    make.waiting(session=make.session(trainer=ilse, starts_at=TUESDAY + timedelta(days=4)),
                 offered_at=None, offer_until=None)  # fmt: skip

    page = week(browse_as(ilse))

    assert "Week from Monday 23 November 2026" in page
    assert "To Sunday 29 November 2026. Times are Amsterdam time." in words(page)
    found = rows(page)
    assert list(found) == [
        "Monday 23 November no class", "Tuesday 24 November today",
        "Wednesday 25 November no class", "Thursday 26 November no class",
        "Friday 27 November no class", "Saturday 28 November",
        "Sunday 29 November no class",
    ]  # fmt: skip
    ((at, what, who, places, state, do),) = found["Tuesday 24 November today"]
    assert (at, what, who, places, state) == (
        "16:00 - 17:00", "Strength and stamina", "Ilse Baan", "2 of 2", "full",
    )  # fmt: skip
    assert do.startswith("Who comes")
    assert f'href="/staff/classes/{hour.id}/"' in page
    ((_at, _what, _who, places, _state, _do),) = found["Saturday 28 November"]
    assert places == "0 of 12 1 waits"


def test_a_class_called_off_is_struck_and_says_why(ilse, browse_as, desk):
    hour = make.session(trainer=ilse, starts_at=TUESDAY)
    assert "Call off" in week(desk)
    bookings.call_off(hour, now=NOON, by=None, reason="The trainer is ill")
    db.session.commit()

    for page in (week(browse_as(ilse)), week(desk)):
        assert "<s><b>" in page
        (cells,) = rows(page)["Tuesday 24 November today"]
        assert "called off The trainer is ill on Tuesday 24 November, 13:00" in cells
        assert f'href="/staff/plan/{hour.id}/off"' not in page


def test_a_class_called_off_with_all_later_ones_says_so_also_where_others_changed_often(
    ilse, browse_as
):
    for day in (0, 1):
        series = classes.offer(
            make.plan(trainer=ilse, weekdays=[3 + day], first_on=date(2026, 11, 26)),
            now=NOON, by=None,
        )  # fmt: skip
        (first, *_) = db.session.scalars(
            sa.select(Session).where(Session.series_id == series.id).order_by(Session.starts_at)
        )
        for n in range(6 * day):
            audit.note("classes.change", "session", first.id, by=None, now=NOON, n=n)
        changes.call_off(first, list(Scope)[1 - day], now=NOON, by=None, reason="No hall")
        db.session.commit()

    found = rows(week(browse_as(ilse)))

    assert [found[day][0][4] for day in ("Thursday 26 November", "Friday 27 November")] == [
        "called off No hall with all later ones, on Tuesday 24 November, 13:00",
        "called off No hall on Tuesday 24 November, 13:00",
    ]


def test_a_substitute_and_another_time_stand_on_the_row_of_the_class(ilse, bo, browse_as):
    series = make.series(trainer=ilse, wall_time=time(10, 0), weekdays="1")
    usual = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    hour = make.session(trainer=bo, series_id=series.id, starts_at=usual + timedelta(hours=26))
    make.session(
        trainer=ilse, series_id=series.id, starts_at=usual + timedelta(weeks=1),
        on_date=date(2026, 12, 1),
    )  # fmt: skip

    for who in (ilse, bo):
        (cells,) = rows(week(browse_as(who)))["Wednesday 25 November"]
        assert cells[2] == (
            "Bo Smit instead of Ilse Baan moved usually Tuesday 24 November, 10:00"
        ), "hers too, whose class it is"
    (cells,) = rows(week(browse_as(ilse), week="2026-12-01"))["Tuesday 1 December"]
    assert cells[2] == "Ilse Baan", "where it is as usual nothing is said"
    assert hour.trainer_id == bo.id


def test_a_trainer_sees_her_own_and_may_see_the_sites(ilse, bo, browse_as, desk):
    make.session(trainer=ilse, starts_at=TUESDAY)
    make.session(trainer=bo, starts_at=TUESDAY + timedelta(hours=2))
    there = make.site("melbourne")
    make.session(
        trainer=make.staff(Role.TRAINER, at=there), site=there,
        starts_at=TUESDAY + timedelta(hours=3),
    )  # fmt: skip
    hers = browse_as(ilse)

    assert clocks(week(hers)) == ["16:00 - 17:00"]
    assert clocks(week(hers, trainer="all")) == ["16:00 - 17:00", "18:00 - 19:00"]
    assert clocks(week(hers, trainer=str(bo.id))) == ["18:00 - 19:00"]
    assert clocks(week(desk)) == ["16:00 - 17:00", "18:00 - 19:00"]
    assert "My own classes" not in week(desk)


def test_the_filters_stand_in_the_address_and_go_along_from_week_to_week(ilse, bo, browse_as):
    hers, there = browse_as(ilse), make.site("melbourne")
    make.session(trainer=bo, starts_at=TUESDAY, module="fatigue")
    make.session(trainer=bo, starts_at=TUESDAY + timedelta(hours=2), places=1, taken=1)
    make.session(trainer=bo, starts_at=TUESDAY + timedelta(hours=4), called_off_at=NOON)
    make.session(trainer=bo, starts_at=NOON - timedelta(hours=4))

    page = week(hers, trainer="all", module="fatigue", zone="Australia/Perth")
    assert clocks(page) == ["23:00 - 00:00"]
    assert "Times are Perth time." in words(page)
    links = [unescape(link) for link in re.findall(r'href="(/staff/week/[^"]*)"', page)]
    kept = "trainer=all&module=fatigue&zone=Australia/Perth"
    assert [link for link in links if kept in link] == [
        f"/staff/week/?week=2026-11-16&{kept}", f"/staff/week/?{kept}",
        f"/staff/week/?week=2026-11-30&{kept}",
    ]  # fmt: skip
    assert clocks(hers.get(links[links.index(f"/staff/week/?{kept}")]).text) == ["23:00 - 00:00"]
    assert clocks(week(hers, trainer="all", free="1")) == ["16:00 - 17:00"]
    assert "With free places only" in words(week(hers, trainer="all", free="1")).split("Weeks")[0]
    assert there.code not in page


def test_the_days_are_those_of_the_zone_that_is_named(desk, ilse):
    make.session(trainer=ilse, starts_at=datetime(2026, 11, 29, 18, 0, tzinfo=UTC))

    here = week(desk, week="2026-11-24")
    there = week(desk, week="2026-11-30", zone="Australia/Melbourne")

    assert rows(here)["Sunday 29 November"][0][0] == "19:00 - 20:00"
    assert rows(there)["Monday 30 November"][0][0] == "05:00 - 06:00"
    assert clocks(week(desk, week="2026-11-24", zone="Australia/Melbourne")) == []


@pytest.mark.parametrize("on", ["2027-03-28", "2027-10-31"])
def test_a_week_in_which_the_clock_changes_has_all_its_hours(desk, ilse, on):
    sunday = date.fromisoformat(on)
    for moment in (
        datetime.combine(sunday - timedelta(days=6), time(), UTC),  # 01:00 or 02:00 on Monday
        datetime.combine(sunday, time(22, 30), UTC) - timedelta(hours=1),
        datetime.combine(sunday, time(23, 30), UTC),  # Monday
    ):
        make.session(trainer=ilse, starts_at=moment)

    found = rows(week(desk, week=on))

    assert [len(classes) for classes in found.values()] == [1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"week": "soon"}, "Please write a day, such as 2026-11-24."),
        ({"week": "9999-12-31"}, "Please write a day, such as 2026-11-24."),
        ({"week": "0001-01-01"}, "Please write a day, such as 2026-11-24."),
        ({"trainer": "nobody"}, "Please choose a trainer of your sites."),
        ({"module": "yoga"}, "Please choose a kind of class."),
        ({"site": "melbourne"}, "Please choose one of your sites."),
        ({"zone": "Mars/Base"}, "Please choose a time zone."),
        ({"zone": "../../etc/passwd"}, "Please choose a time zone."),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence_beside_the_week(desk, ilse, asked, sentence):
    make.session(trainer=ilse, starts_at=TUESDAY)

    answer = desk.get(f"/staff/week/?{urlencode(asked)}")

    assert answer.status_code == 422
    assert answer.text.count(sentence) == 2, "above, and at its field"
    assert clocks(answer.text) == ["16:00 - 17:00"], "the rest is as ever"


def test_an_empty_day_is_this_week(desk):
    assert "Week from Monday 23 November 2026" in week(desk, week="")


def test_the_address_survives_the_sign_in(ilse, browser, clock):
    factors.set_password(ilse, "purple bicycles sing")
    factors.new_secret(ilse)
    ilse.totp_confirmed_at = NOON
    db.session.commit()
    wanted = "/staff/week/?trainer=all&module=fatigue"

    assert browser.get(wanted).location == "/staff/sign-in"
    browser.post(
        "/staff/sign-in",
        data={"email": ilse.contact.email, "password": "purple bicycles sing"},
    )
    code = pyotp.TOTP(ilse.totp_secret).at(clock())
    page = browser.post("/staff/second-factor", data={"code": code}, follow_redirects=True)

    assert page.request.full_path == wanted
    assert browser.get("/staff/first").location == "/staff/classes/", "once"


def test_a_page_of_another_role_is_not_where_the_sign_in_leads(browse_as, browser):
    for path, leads_to in (("/staff/people/", "/staff/classes/"), ("/staff/week/", "/staff/week/")):
        theirs = browse_as(make.trainer())
        browser.get(path)
        with browser.session_transaction() as before, theirs.session_transaction() as cookie:
            cookie["wanted"] = before["wanted"]
        assert theirs.get("/staff/first").location == leads_to


def test_nobody_else_opens_it(browse_as):
    assert browse_as(make.staff(Role.RESEARCHER)).get("/staff/week/").status_code == 403


def test_it_costs_the_same_however_many_classes_there_are(desk, count_queries):
    def cost():
        db.session.rollback()
        count_queries.clear()
        week(desk)
        return sum(not statement.startswith("BEGIN") for statement in count_queries)

    few = cost()
    for n in range(12):
        series = make.series()
        off = NOON if n % 3 == 0 else None
        at = TUESDAY + timedelta(hours=n)
        make.waiting(session=make.session(series_id=series.id, starts_at=at, called_off_at=off))
    page = week(desk)
    assert len(clocks(page)) == 12
    assert cost() == few <= 9


def test_the_nearest_regular_moment_is_the_one_of_which_an_hour_was_moved(app):
    series = make.series(weekdays="6", wall_time=time(10, 0))
    for days in range(-3, 4):
        at = datetime(2026, 11, 29, 11, 0, tzinfo=UTC) + timedelta(days=days)
        hour = make.session(series_id=series.id, starts_at=at, on_date=at.date())
        usual = weeks._usual_at(hour, series)
        assert usual == datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
