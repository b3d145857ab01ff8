"""The address of a feed: made by a button, read by a program, taken away by a button."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from remote_training.accounts.models import Scope
from remote_training.core.db import db
from tests import make
from tests.journeys.accessibility import assert_accessible
from tests.journeys.everybody import Cast, cookie_of
from tests.servers.calendar_gate import by_ical_js


@pytest.mark.timeout(120)
@pytest.mark.parametrize("who", ["participant", "trainer"])
def test_the_address_is_made_shown_used_and_taken_away(platform, chrome, who):
    with platform.app.app_context():
        trainer, woman = make.trainer(), make.participant()
        hour = make.session(trainer=trainer, starts_at=platform.clock() + timedelta(days=1))
        make.booking(participant=woman, session=hour)
        starts_at = hour.starts_at.replace(microsecond=0)
        is_hers = who == "participant"
        account, may = (woman.account, Scope.EVERYTHING) if is_hers else (trainer, who)
        cast = Cast(platform, {who: cookie_of(platform, account, may)}, {}, {})
        db.session.commit()
    page = cast.browser(chrome, who)
    page.goto(platform.url + ("/home/" if is_hers else "/staff/me/"))

    page.get_by_role("button", name="Make a calendar address").click()

    assert_accessible(page)
    address = page.get_by_label("Copy this address").input_value()
    path = "/calendar/" + address.rpartition("/")[2]
    found = requests.get(platform.url + path, timeout=10)
    assert [begins for begins, _ends in by_ical_js(found.content)] == [starts_at]
    page.get_by_role("link", name="Your page" if is_hers else "My account").first.click()
    assert_accessible(page)
    page.get_by_role("button", name="Take the address away").click()
    assert "has ended" in page.inner_text("main")
    assert requests.get(platform.url + path, timeout=10).status_code == 410
    page.context.close()
