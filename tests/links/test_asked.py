"""A link that is asked for on the first page, mailed, and pressed."""

import re

import pytest

from remote_training.core.db import db
from tests import make
from tests.fakes import NOON
from tests.links.asked import sent

HERS = "ada.lovelace@example.org"


@pytest.fixture
def her(app):
    return make.participant(contact=make.contact(name="Ada Lovelace", email=HERS))


def test_a_scanner_that_presses_every_button_does_not_lock_her_out(app, her, browser, mailbox):
    link = sent(browser, mailbox, HERS)
    for _ in range(5):
        scanner = app.test_client()
        scanner.get(link)
        scanner.post(link)
        assert scanner.get("/home/").status_code == 401
    assert browser.post(link).location == "/home/"


def test_an_attackers_own_link_signs_nobody_else_in(app, her, mailbox):
    """Somebody sends her the link he asked for himself: her browser shows him a code only."""
    make.participant(contact=make.contact(name="Mal Lory", email="mal@example.org"))
    attacker, victim = app.test_client(), app.test_client()
    link = sent(attacker, mailbox, "mal@example.org")
    victim.post(link)
    assert victim.get("/home/").status_code == 401


def test_a_newer_link_ends_the_one_before_and_not_the_visit(app, her, mailbox):
    first_browser, second_browser = app.test_client(), app.test_client()
    used = sent(first_browser, mailbox, HERS)
    first_browser.post(used)
    older = sent(second_browser, mailbox, HERS)
    newer = sent(second_browser, mailbox, HERS)
    assert second_browser.post(older).status_code == 410
    assert second_browser.post(newer).location == "/home/"
    assert first_browser.get("/home/").status_code == 200


def test_who_has_left_gets_no_letter_and_her_link_is_ended(app, her, browser, mailbox):
    link = sent(browser, mailbox, HERS)
    her.withdrawn_on = NOON.date()
    db.session.commit()
    assert browser.post(link).status_code == 410
    mailbox.sent.clear()
    with pytest.raises(IndexError):
        sent(app.test_client(), mailbox, HERS)


def test_two_who_share_a_mailbox_say_who_it_is(app, her, browser, mailbox):
    bea = make.participant(contact=make.contact(name="Bea Lovelace", email=HERS))
    link = sent(browser, mailbox, HERS)
    letter = mailbox.to(HERS)[-1].get_body(("plain",)).get_content()
    assert re.search("Ada, Bea|Bea, Ada", letter)
    page = browser.get(link).text
    assert "Who are you?" in page
    assert "Lovelace" not in page
    assert browser.post(link).status_code == 422
    stranger = make.participant()
    assert browser.post(link, data={"who": str(stranger.account_id)}).status_code == 422
    assert browser.post(link, data={"who": str(bea.account_id)}).location == "/home/"
    page = browser.get("/home/").text
    assert "Bea" in page
    assert "Ada" not in page
