"""The first page: "send me my link", and nothing that tells who is known."""

import re
import statistics
import time

import pytest
import sqlalchemy as sa

from remote_training.accounts import asking
from remote_training.accounts.models import Link, LinkRequest, Role
from remote_training.core.db import db, unit_of_work
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON

HERS = "zebulon@example.org"


def ask(browser, email=HERS, **more):
    return browser.post("/send-link", data={"email": email}, **more)


def answered(now=NOON):
    with unit_of_work():
        return asking.answer(now=now)


def queued():
    db.session.rollback()
    return db.session.scalars(sa.select(Message).where(Message.kind == "sign_in")).all()


def seen(answer):
    """Everything of an answer that somebody outside can see, but what is random."""
    names = ("Content-Type", "Location", "Cache-Control", "Vary", "Content-Length")
    headers = tuple(answer.headers.get(name) for name in names)
    return answer.status_code, headers, answer.text, len(answer.headers.getlist("Set-Cookie"))


def test_asking_queues_one_mail_for_who_is_known(app, browser):
    her = make.participant(contact=make.contact(email=HERS))

    assert ask(browser).location.endswith("/sent")
    assert queued() == []
    assert answered() == 1

    [message] = queued()
    assert message.contact_id == her.contact_id
    assert set(message.facts) == {"account_id", "asked_by"}
    assert db.session.scalar(sa.select(sa.func.count(LinkRequest.id))) == 0
    assert answered() == 0


def test_known_unknown_staff_and_withdrawn_see_the_same(app):
    her = make.participant(contact=make.contact(email=HERS))
    make.staff(Role.TRAINER, contact=make.contact(email="staff@example.org"))
    gone = make.participant(contact=make.contact(email="gone@example.org"))
    gone.withdrawn_on = NOON.date()
    off = make.participant(contact=make.contact(email="off@example.org"))
    off.account.is_active = False
    db.session.commit()
    everybody = (
        HERS,
        "nobody@example.org",
        "staff@example.org",
        "gone@example.org",
        "off@example.org",
    )

    answers = {seen(ask(app.test_client(), email)) for email in everybody}

    assert len(answers) == 1
    answered()
    told = {message.contact_id for message in queued()}
    assert told == {her.contact_id, gone.contact_id}  # whose letter is then not written


def test_asking_takes_as_long_for_nobody_as_for_somebody(app):
    make.participant(contact=make.contact(email=HERS))
    times = {HERS: [], "nobody@example.org": []}
    for turn in range(40):
        for email, taken in times.items():
            client = app.test_client()
            begun = time.perf_counter()
            ask(client, email, environ_base={"REMOTE_ADDR": f"192.0.2.{turn}"})
            taken.append(time.perf_counter() - begun)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 0.6 < known / unknown < 1.6


def test_the_same_statements_run_for_nobody_as_for_somebody(app, count_queries):
    make.participant(contact=make.contact(email=HERS))
    runs = []
    for email in (HERS, "nobody@example.org"):
        client = app.test_client()
        count_queries.clear()
        ask(client, email)
        runs.append([re.sub(r"\s+", " ", one) for one in count_queries])
    assert runs[0] == runs[1] != []


def test_three_links_an_hour_for_an_address_and_then_silence(app, clock):
    make.participant(contact=make.contact(email=HERS))
    answers = {seen(ask(app.test_client())) for _ in range(6)}
    assert len(answers) == 1
    assert answered() == 3
    clock.forward(hours=1)
    ask(app.test_client())
    assert answered(clock()) == 1


def test_twenty_links_an_hour_for_a_network_whatever_a_header_says(app):
    for turn in range(25):
        make.participant(contact=make.contact(email=f"a{turn}@example.org"))
        headers = {"X-Forwarded-For": f"192.0.2.{turn}"}
        assert ask(app.test_client(), f"a{turn}@example.org", headers=headers).status_code == 303
    assert answered() == 20


def test_two_who_share_a_mailbox_get_one_mail(app, browser):
    for name in ("Ada Byron", "Bea Byron"):
        make.participant(contact=make.contact(name=name, email=HERS))
    ask(browser)
    assert answered() == 1
    assert len(queued()) == 1


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "@example.org", "a b@example.org", "\x00"])
def test_what_is_no_address_is_named(browser, typed):
    answer = ask(browser, typed)
    assert answer.status_code == 422
    assert "Please write a mail address" in answer.text


def test_the_address_is_kept_sealed_and_not_for_long(app, browser):
    ask(browser)
    request = db.session.scalars(sa.select(LinkRequest)).one()
    assert HERS.encode() not in request.email_sealed
    assert request.email == HERS
    answered()
    assert db.session.scalar(sa.select(sa.func.count(LinkRequest.id))) == 0


def test_a_request_that_waited_too_long_is_not_answered(app, browser, clock):
    make.participant(contact=make.contact(email=HERS))
    ask(browser)
    assert answered(clock.forward(minutes=11)) == 0
    assert db.session.scalar(sa.select(sa.func.count(LinkRequest.id))) == 0
    assert queued() == []


def test_a_link_in_a_mail_does_not_follow_a_forged_host(app, browser, mailbox, clock):
    from remote_training.messages import jobs as outbox
    from remote_training.outside.world import outside

    make.participant(contact=make.contact(email=HERS))
    ask(browser, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    answered()
    outbox.deliver("test", outside())
    [mail] = mailbox.to(HERS)
    text = mail.get_body(("plain",)).get_content()
    assert "http://localhost/l/" in text
    assert "evil" not in mail.as_string()
    assert db.session.scalar(sa.select(sa.func.count(Link.id))) == 1


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "\\\\evil",
        "/\tx",
        "http://a@b",
        "/é",
    ],
)
def test_the_language_leads_back_to_our_own_pages_only(browser, back):
    answer = browser.post("/language", data={"language": "nl", "back": back})
    assert answer.location == "/"
    own = browser.post("/language", data={"language": "nl", "back": "/sent?x=1"})
    assert own.location == "/sent?x=1"


def test_the_language_stays_chosen(browser):
    browser.post("/language", data={"language": "nl"})
    assert '<html lang="nl"' in browser.get("/").text
    browser.post("/language", data={"language": "xx"})
    assert '<html lang="nl"' in browser.get("/").text
