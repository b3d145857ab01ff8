"""Something happens in a class: two taps on a phone, a mail at once, looked after and closed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.core.db import db
from remote_training.safety.event_models import AdverseEvent, EventVersion
from tests import make
from tests.journeys.accessibility import assert_accessible
from tests.journeys.conftest import Platform
from tests.journeys.everybody import Cast, cookie_of


@pytest.mark.timeout(120)
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_trainer_records_it_in_two_taps_and_the_coordinator_looks_after_it(
    platform: Platform, chrome, script: bool
) -> None:
    with platform.app.app_context():
        tess = make.trainer()
        mail = "carla@staff.example.org"
        carla = make.staff(Role.COORDINATOR, contact=make.contact(email=mail))
        woman = make.participant(contact=make.contact(name="Ada Vermeer"))
        hour = make.session(trainer=tess, starts_at=platform.clock() - timedelta(minutes=20))
        make.booking(participant=woman, session=hour)
        cookies = {
            who: cookie_of(platform, account, who)
            for who, account in ((Role.TRAINER, tess), (Role.COORDINATOR, carla))
        }
        console = f"{platform.url}/staff/classes/{hour.id}/"
        db.session.commit()
    cast = Cast(platform, cookies, {}, {})
    context = chrome.new_context(
        viewport={"width": 375, "height": 740}, locale="en-GB", java_script_enabled=script
    )
    cookie = {"name": "visit", "value": cookies[Role.TRAINER], "url": platform.url}
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(console)

    page.get_by_role("link", name=re.compile("Something happened ?: Ada V")).click()  # one
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("3 severe ?: Fall")).click()  # two

    assert "the coordinators are told now" in page.inner_text("main")
    with platform.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(AdverseEvent)) == 1
        (version,) = db.session.scalars(sa.select(EventVersion))
        assert (version.term, version.grade) == ("fall", 3)
    platform.work()
    (letter,) = platform.mails_to(mail)
    assert "Fall" not in letter.as_string()
    context.close()

    desk = cast.browser(chrome, Role.COORDINATOR)
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    desk.goto(re.findall(r"http://\S+/staff/safety/events/\S+", text)[0])
    assert "new: nobody has looked" in desk.inner_text("main")
    desk.get_by_label("I have seen it").check(force=True)
    with desk.expect_navigation():
        desk.get_by_role("button", name="Write it down").click()
    assert_accessible(desk)
    platform.clock.forward(hours=2)
    platform.work()
    assert len(platform.mails_to(mail)) == 1, "it was looked at: no second mail"

    for words in ("In the class", "Possible", "It is over", "Exercise stopped"):
        desk.get_by_label(words, exact=True).check(force=True)
    desk.get_by_role("group", name="Is it serious?").get_by_label("No").check(force=True)
    desk.locator("#outcome_on").fill(platform.clock().date().isoformat())
    with desk.expect_navigation():
        desk.get_by_role("button", name="Save the details").click()
    assert "Still to be told" not in desk.inner_text("main")
    desk.get_by_label("Nothing more is to be done: close it").check(force=True)
    with desk.expect_navigation():
        desk.get_by_role("button", name="Write it down").click()
    desk.get_by_role("link", name="All events").click()
    assert "closed" in desk.inner_text("main")
    desk.context.close()
