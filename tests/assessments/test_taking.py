"""One press, whichever way it came: at once, late, twice, from two devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from remote_training.alerts.models import Alert
from remote_training.assessments import taking, tickets
from remote_training.assessments.models import Answer, AnswerState, Assessment
from remote_training.assessments.moments import Moment
from remote_training.assessments.pages import milliseconds
from remote_training.assessments.sitting import sitting
from remote_training.core.crypto import seal_for_page
from remote_training.core.db import db
from remote_training.instruments import load as instruments
from remote_training.participants.models import Sex
from tests import make
from tests.assessments.test_again import hidden
from tests.conftest import NO_WORDING
from tests.fakes import NOON, FakeClock

MINUTE = timedelta(minutes=1)
JSON = {"Accept": "application/json"}


@pytest.fixture
def ada(app: Any) -> Any:
    return make.participant()


@pytest.fixture
def week_0(ada: Any) -> Assessment:
    return make.assessment(participant=ada, forms=("phq-9", "neuropathy-nrs"))


def press(browser: FlaskClient, week_0: Assessment, item: str, value: int, **more: Any) -> Any:
    """Send one answer as the script does."""
    data = {"question": item, "answer": str(value), **more}
    return browser.post(f"/questions/{week_0.id}/1", data=data, headers=JSON)


def kept(item: str) -> list[tuple[int | None, bool]]:
    """All that there is for an item, by when it was given: value, whether it stands."""
    found = sa.select(Answer).where(Answer.item == item).order_by(Answer.given_at)
    rows = db.session.scalars(found.execution_options(populate_existing=True)).all()
    return [(row.value, row.replaced_at is None) for row in rows]


def test_a_script_is_told_where_to_go_on(browse_as: Any, ada: Any, week_0: Assessment) -> None:
    answer = press(browse_as(ada), week_0, "phq-9/phq2", 1)

    told = {"next": f"/questions/{week_0.id}/3", "at": int(NOON.timestamp() * 1000)}
    assert answer.get_json() == told
    assert kept("phq2") == [(1, True)]


def test_what_was_given_long_ago_counts_from_when_it_was_given(
    browse_as: Any, ada: Any, week_0: Assessment, clock: FakeClock
) -> None:
    browser = browse_as(ada)
    clock.forward(minutes=10)
    press(browser, week_0, "phq-9/phq1", 2, age=60_000)
    press(browser, week_0, "phq-9/phq1", 3, age=600_000)

    assert kept("phq1") == [(3, False), (2, True)]
    found = sa.select(Answer.given_at, Answer.answered_at).order_by(Answer.given_at)
    assert [tuple(row) for row in db.session.execute(found)] == [
        (NOON, NOON + 10 * MINUTE),
        (NOON + 9 * MINUTE, NOON + 10 * MINUTE),
    ]


@pytest.mark.parametrize("age", ["-5", "x", "", "1.5", "9" * 30, "٣", "99999999999"])
def test_a_device_that_talks_nonsense_about_time_loses_no_answer(
    browse_as: Any, ada: Any, week_0: Assessment, age: str
) -> None:
    assert press(browse_as(ada), week_0, "phq-9/phq1", 2, age=age).status_code == 200
    (row,) = db.session.scalars(sa.select(Answer))
    assert week_0.opens_at <= row.given_at <= NOON


@pytest.mark.parametrize("years", [-6, 6], ids=["set back by years", "set on by years"])
def test_a_clock_that_is_years_off_never_makes_her_newest_answer_the_older_one(
    browse_as: Any, ada: Any, week_0: Assessment, clock: FakeClock, years: int
) -> None:
    browser, age = browse_as(ada), years * 365 * 86_400_000
    press(browser, week_0, "phq-9/phq1", 0)
    given = milliseconds(clock.forward(minutes=5))  # without network; then it is switched off
    clock.forward(minutes=5)

    press(browser, week_0, "phq-9/phq1", 3, age=age, awake=0, given=given)

    assert kept("phq1") == [(0, False), (3, True)]
    assert db.session.scalars(sa.select(Answer.given_at).where(Answer.value == 3)).one() == (
        NOON + 5 * MINUTE
    )
    if years > 0:  # the control: by its own clock alone it would be the older one
        press(browser, week_0, "phq-9/phq1", 2, age=age)
        assert [value for value, stands in kept("phq1") if stands] == [3]


@pytest.mark.parametrize("years", [-6, 6], ids=["set back by years", "set on by years"])
def test_what_was_surely_given_in_time_is_taken_after_the_end_whatever_the_clock_says(
    browse_as: Any, ada: Any, clock: FakeClock, years: int
) -> None:
    week_0 = make.assessment(participant=ada, forms=("phq-9",), closes_on=make.TODAY)
    given = milliseconds(clock.forward(hours=10))
    clock.forward(hours=1, minutes=10)  # ten minutes after midnight where she is
    browser = browse_as(ada)
    told = {"age": years * 365 * 86_400_000, "awake": 0, "given": given}

    late = press(browser, week_0, "phq-9/phq2", 1)  # the control
    in_time = press(browser, week_0, "phq-9/phq1", 1, **told)

    assert (late.status_code, in_time.status_code) == (410, 200)
    assert (kept("phq1"), kept("phq2")) == ([(1, True)], [])


def test_the_same_press_twice_is_one_and_comes_to_the_same_place(
    browse_as: Any, ada: Any, week_0: Assessment
) -> None:
    browser, key = browse_as(ada), str(uuid4())
    first = press(browser, week_0, "phq-9/phq1", 2, client_key=key)
    press(browser, week_0, "phq-9/phq1", 3, client_key=str(uuid4()))
    again = press(browser, week_0, "phq-9/phq1", 2, client_key=key)

    assert first.get_json() == again.get_json()
    assert kept("phq1") == [(2, False), (3, True)]
    press(browser, week_0, "phq-9/phq1", 2)  # the control: without the key it is a new press
    assert [value for value, stands in kept("phq1") if stands] == [2]


def test_an_answer_given_before_she_sent_arrives_after_it(
    browse_as: Any, ada: Any, week_0: Assessment, clock: FakeClock
) -> None:
    browser = browse_as(ada)
    clock.forward(minutes=10)
    browser.post(f"/questions/{week_0.id}/check")
    clock.forward(minutes=10)

    late = press(browser, week_0, "phq-9/phq1", 2, age=15 * 60_000)
    after = press(browser, week_0, "phq-9/phq2", 2, age=5 * 60_000)

    assert (late.status_code, after.status_code) == (200, 409)
    assert late.get_json()["next"] == f"/questions/{week_0.id}/thanks"
    assert (kept("phq1"), kept("phq2")) == ([(2, True)], [])


def test_a_question_that_is_for_others_is_not_counted_and_not_shown(
    app: Any, browse_as: Any, licensed: None
) -> None:
    for sex, count in ((Sex.FEMALE, 19), (Sex.MALE, 20), (Sex.OTHER, 19), (None, 20)):
        her = make.participant(sex=sex)
        week_0 = make.assessment(participant=her, forms=("qlq-cipn20",))
        browser = browse_as(her)

        assert sitting(week_0).total == count, sex
        assert f"Question 19 of {count}" in browser.get(f"/questions/{week_0.id}/19").text
        is_there = browser.get(f"/questions/{week_0.id}/20").status_code == 200
        assert is_there == (count == 20)
        shut = press(browser, week_0, "qlq-cipn20/cipn20", 2)
        assert (shut.status_code == 200) == (count == 20)


def test_what_does_not_apply_has_a_button_in_its_own_words(
    browse_as: Any, ada: Any, licensed: None
) -> None:
    week_0 = make.assessment(participant=ada, forms=("qlq-cipn20",))
    browser, address = browse_as(ada), f"/questions/{week_0.id}/19"
    assert "does not apply" not in browser.get(f"/questions/{week_0.id}/18").text
    assert "This does not apply to me" in browser.get(address).text

    browser.post(address, data={"not_applicable": "1", "answer": "2"})

    assert sitting(week_0).named("qlq-cipn20/cipn19").answer.state is AnswerState.NOT_APPLICABLE  # type: ignore[union-attr]
    assert "You said that this does not apply to you" in browser.get(address).text
    other = browser.post(
        f"/questions/{week_0.id}/18", data={"not_applicable": "1"}, follow_redirects=True
    )
    assert other.status_code == 422


def test_a_version_that_came_while_the_page_was_open_does_not_change_what_she_read(
    browse_as: Any, ada: Any, licensed: None, tmp_path: Path
) -> None:
    week_0 = make.assessment(participant=ada, forms=("qlq-cipn20",))
    browser, address = browse_as(ada), f"/questions/{week_0.id}/1"
    fields = hidden(browser.get(address).text)
    (tmp_path / "wording" / "qlq-cipn20__1.0__2.toml").write_text(cipn20("2", "t2"))
    assert "t2 item 1" in browser.get(address).text

    browser.post(address, data={**fields, "answer": "2"})
    browser.post(f"/questions/{week_0.id}/2", data={"answer": "2"})

    found = sa.select(Answer.item, Answer.translation).order_by(Answer.item)
    assert dict(db.session.execute(found).all()) == {"cipn1": "t1-en", "cipn2": "t2-en"}  # type: ignore[arg-type]


def test_an_answer_that_waited_is_kept_with_the_words_of_the_page_that_asked(
    browse_as: Any, ada: Any, licensed: None, tmp_path: Path
) -> None:
    """The page that sends it at last was made after a deploy, in newer words."""
    week_0 = make.assessment(participant=ada, forms=("qlq-cipn20",))
    browser, address = browse_as(ada), f"/questions/{week_0.id}/1"
    read = hidden(browser.get(address).text)["ticket"]
    (tmp_path / "wording" / "qlq-cipn20__1.0__2.toml").write_text(cipn20("2", "t2"))
    newer = hidden(browser.get(address).text)["ticket"]

    press(browser, week_0, "qlq-cipn20/cipn1", 2, ticket=newer, read=read)
    press(browser, week_0, "qlq-cipn20/cipn2", 2, ticket=newer)
    press(browser, week_0, "qlq-cipn20/cipn3", 2, ticket=newer, read="nonsense")

    found = sa.select(Answer.item, Answer.translation).order_by(Answer.item)
    assert [tuple(row) for row in db.session.execute(found)] == [
        ("cipn1", "t1-en"), ("cipn2", "t2-en"), ("cipn3", "t2-en"),
    ]  # fmt: skip


def test_what_was_carried_before_a_deploy_is_still_read(week_0: Assessment) -> None:
    """A page that asks for the year of birth may be older than the platform is by now."""
    about = f"page/{week_0.id}/press"
    fields = {"question": "phq-9/phq1", "answer": "2"}
    before = {"number": 1, "fields": fields, "given_at": NOON.isoformat(), "key": None}
    press_ = taking.carried(
        seal_for_page(json.dumps({**before, "look": False}), about=about), week_0.id
    )

    assert press_ is not None
    assert (press_.given, press_.fields) == (Moment(NOON, NOON), fields)
    assert taking.carried(press_.sealed(week_0.id), week_0.id) == press_


def test_a_ticket_names_the_version_that_begins(ada: Any, week_0: Assessment) -> None:
    """Only versions that there are: another one is asked as it is now."""
    read = {"phq-9": "0.9", "neuropathy-nrs": "1.0"}
    versions = {one.form.instrument: one.instrument.version for one in sitting(week_0, read).parts}
    assert versions == {"phq-9": "1.0", "neuropathy-nrs": "1.0"}
    assert tickets.opened("", week_0.id) is None


@pytest.mark.parametrize("value", [0, 1, 3])
def test_an_answer_at_which_somebody_must_look_shows_help_and_raises_an_alert(
    browse_as: Any, ada: Any, week_0: Assessment, value: int
) -> None:
    browser = browse_as(ada)

    answer = press(browser, week_0, "phq-9/phq9", value)

    alerts = db.session.scalars(sa.select(Alert)).all()
    place = "help/9" if value else "10"
    assert answer.get_json()["next"] == f"/questions/{week_0.id}/{place}"
    assert [(row.participant_id, row.occasion_id) for row in alerts] == (
        [(ada.id, week_0.id)] if value else []
    )


def test_help_stays_in_sight_with_numbers_for_her_country_until_the_end(
    browse_as: Any, ada: Any, week_0: Assessment
) -> None:
    browser, base = browse_as(ada), f"/questions/{week_0.id}"
    for place in ("stop", "thanks"):
        assert "0800 0113" not in browser.get(f"{base}/{place}", follow_redirects=True).text

    page = browser.post(f"{base}/9", data={"answer": "2"}, follow_redirects=True).text

    for words in ("tel:08000113", "Ring 112", "Ring 030 000 0000", "day and night", f"{base}/10"):
        assert words in page, words
    assert "!" not in page.replace("<!doctype", "")
    assert "0800 0113" in browser.get(f"{base}/stop").text  # half done, and left there
    browser.post(f"{base}/9", data={"answer": "0"})
    browser.post(f"{base}/check")
    assert "0800 0113" in browser.get(f"{base}/thanks").text


def test_help_after_looking_over_leads_back_to_all_answers(
    browse_as: Any, ada: Any, week_0: Assessment
) -> None:
    browser, base = browse_as(ada), f"/questions/{week_0.id}"
    page = browser.post(f"{base}/9?look=1", data={"answer": "2"}, follow_redirects=True).text
    assert f'data-on href="{base}/check"' in page


def test_the_sheet_has_every_question_and_says_nothing_of_what_is_asked_about(
    browse_as: Any, ada: Any, week_0: Assessment
) -> None:
    answer = browse_as(ada).get(f"/questions/{week_0.id}/sheet")

    sheet = answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert sheet.count('class="stack asking"') == sitting(week_0).total == 17
    assert sheet.count("data-care") == 3
    assert sheet.count("data-help") == 1
    for word in ("suicid", "alert", "alarm", "threshold"):
        assert word not in sheet.replace("113 Suicide Prevention", "").lower()
    assert len(sheet.encode()) < 100_000


def test_an_answer_costs_two_statements_more_only_where_it_raises_an_alert(
    browse_as: Any, ada: Any, week_0: Assessment, count_queries: list[str]
) -> None:
    browser = browse_as(ada)
    press(browser, week_0, "phq-9/phq1", 1)
    count_queries.clear()
    press(browser, week_0, "phq-9/phq2", 1)
    plain = len(count_queries)
    count_queries.clear()
    press(browser, week_0, "phq-9/phq9", 0)
    assert len(count_queries) == plain


def cipn20(version: str = "1", name: str = "t1") -> str:
    """A file with words for the CIPN20, made up as the test runs."""
    items = "\n".join(f'cipn{n} = {{ en = "{name} item {n}" }}' for n in range(1, 21))
    answers = "\n".join(f'{n} = {{ en = "answer {n}" }}' for n in range(1, 5))
    return f"""
instrument = "qlq-cipn20"
version = "1.0"
wording_version = "{version}"
title = {{ en = "title" }}
[permission]
granted_by = "The owner"
granted_to = "A university"
study = "A trial"
granted_on = 2026-01-05
reference = "R-1234"
[translations]
en = "{name}-en"
[stems]
week = {{ en = "stem" }}
[answers.four]
{answers}
[items]
{items}
[not_applicable]
cipn19 = {{ en = "This does not apply to me" }}
"""


@pytest.fixture
def licensed(tmp_path: Path) -> Iterator[None]:
    """The wording of the CIPN20 was taken in, in words of our own."""
    folder = tmp_path / "wording"
    folder.mkdir()
    (folder / "qlq-cipn20__1.0__1.toml").write_text(cipn20())
    instruments.look_for_wording_in(folder)
    yield
    instruments.look_for_wording_in(NO_WORDING)
