"""The link that was asked for: once, ten minutes, in the browser that asked."""

import re
import threading

import pytest
import sqlalchemy as sa

from remote_training.accounts import tokens
from remote_training.accounts.models import BrowserSession, Link, LinkKind, Permit, Scope
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON
from tests.links.asked import minted, sent

THREADS = 16
HERS = "ada.lovelace@example.org"


@pytest.fixture
def her(app):
    return make.participant(contact=make.contact(name="Ada Lovelace", email=HERS))


def visits_begun():
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Permit.id)))


def press(app, link, count=THREADS):
    """Press a link in many browsers at the same moment; what each of them got."""
    start, statuses = threading.Barrier(count), []

    def run():
        client = app.test_client()
        start.wait()
        statuses.append(client.post(link).status_code)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_in_the_browser_that_asked_one_press_comes_in(app, her, browser, mailbox):
    link = sent(browser, mailbox, HERS)
    assert "Come in" in browser.get(link).text
    assert browser.post(link).location == "/home/"
    assert "Ada" in browser.get("/home/").text
    assert browser.post(link).status_code == 410
    assert visits_begun() == 1


def test_in_another_browser_it_shows_a_code_to_type_where_she_asked(app, her, browser, mailbox):
    link, other = sent(browser, mailbox, HERS), app.test_client()
    assert "Show me the code" in other.get(link).text
    shown = other.post(link)
    assert shown.status_code == 200
    code = re.search(r"(\d{3}) (\d{3})", shown.text)
    assert other.get("/home/").status_code == 401
    assert visits_begun() == 0

    assert other.post("/code", data={"code": "".join(code.groups())}).status_code == 422
    assert browser.post("/code", data={"code": "000000"}).status_code == 422
    assert browser.post("/code", data={"code": code.group()}).location == "/home/"
    assert browser.get("/home/").status_code == 200
    assert browser.post("/code", data={"code": code.group()}).status_code == 422
    assert other.post(link).status_code == 410
    assert visits_begun() == 1


def test_a_scanner_that_presses_every_button_does_not_lock_her_out(app, her, browser, mailbox):
    link = sent(browser, mailbox, HERS)
    for _ in range(5):
        scanner = app.test_client()
        scanner.get(link)
        scanner.post(link)
        assert scanner.get("/home/").status_code == 401
    assert browser.post(link).location == "/home/"


def test_five_wrong_codes_shut_it(app, her, browser, mailbox):
    link = sent(browser, mailbox, HERS)
    shown = app.test_client().post(link).text
    code = re.search(r"(\d{3}) (\d{3})", shown).group()
    wrong = "000 000" if code != "000 000" else "111 111"
    for _ in range(5):
        assert browser.post("/code", data={"code": wrong}).status_code == 422
    assert browser.post("/code", data={"code": code}).status_code == 422
    assert visits_begun() == 0


def test_the_code_is_not_kept_readable(app, her, browser, mailbox):
    link = sent(browser, mailbox, HERS)
    shown = app.test_client().post(link).text
    code = "".join(re.search(r"(\d{3}) (\d{3})", shown).groups())
    kept = db.session.scalars(sa.select(Link.code_hash).where(Link.code_hash.is_not(None))).one()
    assert code not in kept
    assert len(kept) == 64


@pytest.mark.parametrize(
    "typed", ["", "12345", "abc", "\u0661\u0662\u0663\u0664\u0665\u0666", "9" * 5000]
)
def test_a_code_nobody_asked_for_opens_nothing(app, typed):
    answer = app.test_client().post("/code", data={"code": typed})
    assert answer.status_code == 422
    assert "does not fit" in answer.text


def test_an_attackers_own_link_signs_nobody_else_in(app, her, mailbox):
    """Somebody sends her the link he asked for himself: her browser shows him a code only."""
    make.participant(contact=make.contact(name="Mal Lory", email="mal@example.org"))
    attacker, victim = app.test_client(), app.test_client()
    link = sent(attacker, mailbox, "mal@example.org")
    victim.post(link)
    assert victim.get("/home/").status_code == 401


def test_ten_minutes_and_not_a_second_more(app, her, browser, mailbox, clock):
    link = sent(browser, mailbox, HERS)
    clock.forward(minutes=9, seconds=59)
    assert browser.get(link).status_code == 200
    clock.forward(seconds=1)
    assert browser.get(link).status_code == 410
    assert browser.post(link).status_code == 410


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


def test_sharing_and_in_another_browser_the_code_is_for_who_was_chosen(app, her, browser, mailbox):
    bea = make.participant(contact=make.contact(name="Bea Lovelace", email=HERS))
    link = sent(browser, mailbox, HERS)
    shown = app.test_client().post(link, data={"who": str(bea.account_id)}).text
    code = re.search(r"\d{3} \d{3}", shown).group()
    assert browser.post("/code", data={"code": code}).location == "/home/"
    assert "Bea" in browser.get("/home/").text


def test_sixteen_presses_at_once_begin_one_visit(app, her):
    link = minted(LinkKind.SIGN_IN, her, expires_at=NOON + tokens.SIGN_IN_LASTS)
    assert press(app, link) == [303] + [410] * (THREADS - 1)
    assert visits_begun() == 1
    scope = db.session.scalars(sa.select(Permit.scope)).one()
    assert scope is Scope.EVERYTHING


def test_looked_at_first_and_marked_after_the_same_race_begins_more_than_one(app, her):
    """The negative control: the race above is a real one."""
    minted(LinkKind.SIGN_IN, her, expires_at=NOON + tokens.SIGN_IN_LASTS)
    link_id = db.session.scalars(sa.select(Link.id)).one()
    all_have_looked, came_in = threading.Barrier(4), []

    def run():
        with app.app_context():
            link = db.session.get_one(Link, link_id)
            is_open = link.is_open(NOON)
            db.session.rollback()
            all_have_looked.wait()
            came_in.append(is_open)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(came_in) > 1


def test_five_tries_at_a_year_are_five_however_many_come_at_once(app):
    her = make.participant(contact=make.contact(birth_year="1960"))
    link = minted(LinkKind.ANSWER, her, subject_id=make.assessment(participant=her).id)
    start, statuses = threading.Barrier(THREADS), []

    def run():
        client = app.test_client()
        start.wait()
        statuses.append(client.post(link, data={"birth_year": "1961"}).status_code)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert db.session.scalars(sa.select(Link.tries)).one() == 5
    assert set(statuses) <= {422, 429}
    assert statuses.count(429) >= THREADS - 5
    assert db.session.scalar(sa.select(sa.func.count(BrowserSession.id))) == 0
