"""The chain: from a link in a mail to a line in the data set, on real parts."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
import structlog
from playwright.sync_api import Page

from remote_training.accounts import factors
from remote_training.accounts import service as accounts
from remote_training.accounts.models import Account, Role
from remote_training.contacts.models import Contact
from remote_training.core.db import db
from remote_training.operations import logs
from remote_training.participants import service as participants
from remote_training.participants.models import Participant, Sex
from remote_training.studies import queries as studies
from tests import make
from tests.journeys.accessibility import assert_accessible
from tests.journeys.conftest import Platform
from tests.servers.browser import ical_js
from tests.servers.calendar_gate import pass_gate

NAME, EMAIL, PHONE, YEAR = (
    "Zebulon Canarius",
    "zebulon.canarius@example.org",
    "030 777 7777",
    "1961",
)
STREET, HELPER = "Kanariestraat 77, Vogeldam", "Quirina Canarius"
PASSWORD = "four words that belong together"
SECRETS = (NAME, "Zebulon", "Canarius", EMAIL, PHONE, STREET, HELPER, "Kanariestraat", "Quirina")
LINK = re.compile(r"http://127\.0\.0\.1:\d+/l/[\w-]+")


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage, n: int = 0) -> str:
    return LINK.findall(text_of(mail))[n]


def calendar_of(mail: EmailMessage) -> bytes:
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    return bytes(parts[0].get_payload(decode=True))


def about(platform: Platform, words: str) -> EmailMessage:
    """The newest mail to her with these words in its subject."""
    return [m for m in platform.mails_to(EMAIL) if words in str(m["Subject"])][-1]


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).first.click()


@pytest.fixture
def platform_with_people(platform: Platform) -> Platform:
    """One survivor, a class tomorrow, and staff, none of whom has signed in."""
    with platform.app.app_context():
        site, now = studies.site("utrecht"), platform.clock()
        woman = participants.enrol(
            site=site, name=NAME, email=EMAIL, phone=PHONE, birth_year=YEAR, language="en",
            emergency_name=HELPER, emergency_phone="030 888 8888", zone="Europe/Amsterdam",
            now=now, by=None,
        )  # fmt: skip
        today = now.date()
        participants.record(
            woman, now=now, by=None, consented_on=today, arm="exercise", baseline_on=today,
            cleared_on=today, complaint="neuropathy", sex=Sex.FEMALE, neurotoxic_chemotherapy=True,
        )  # fmt: skip
        trainer = _staff("Ilse Oefenaar", "ilse@staff.example.org", Role.TRAINER)
        _staff("Stella Cijfers", "stella@staff.example.org", Role.RESEARCHER, sees_arm=True)
        db.session.commit()
        make.session(trainer=trainer, site=site, starts_at=now + timedelta(days=1))
    return platform


def _staff(name: str, email: str, role: Role, *, sees_arm: bool = False) -> Account:
    site = studies.site("utrecht")
    who = accounts.create_staff(
        name, email, language="en", zone="Europe/Amsterdam", now=make.NOON, by=None
    )
    db.session.flush()
    accounts.grant(who, role, site, sees_arm=sees_arm, now=make.NOON, by=None, reason="journey")
    factors.set_password(who, PASSWORD)
    factors.new_secret(who)
    who.totp_confirmed_at = make.NOON
    return who


def sign_in(page: Page, platform: Platform, email: str) -> None:
    """Sign in as staff with both factors, at the platform's own time."""
    page.goto(f"{platform.url}/staff/")
    page.get_by_label("Mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Go on")
    with platform.app.app_context():
        secrets = {
            who.contact.email: who.totp_secret for who in db.session.scalars(sa.select(Account))
        }
    page.get_by_label("Code").fill(pyotp.TOTP(secrets[email]).at(platform.clock()))
    press(page, "Sign in")


@pytest.mark.timeout(280)
def test_from_a_link_in_a_mail_to_a_line_in_the_data_set(
    platform_with_people, phone, desk, tmp_path
):
    platform = platform_with_people
    with (tmp_path / "log").open("w") as log:
        logs.configure(log)
        _the_chain(platform, phone, desk)
    structlog.reset_defaults()
    data = _download(platform, phone().new_page())
    _attendance_and_answers_under_one_number(platform, data)
    _her_name_stands_in_the_vault_and_the_mails_alone(platform, data, tmp_path)


def _the_chain(platform: Platform, phone, desk) -> None:
    platform.work()
    welcome = about(platform, "Welcome")
    hers = phone().new_page()
    hers.goto(link_in(welcome))
    assert_accessible(hers)
    press(hers, "See my classes")
    assert "/l/" not in hers.url
    assert_accessible(hers)
    press(hers, "Book this class")
    assert_accessible(hers)
    platform.work()

    confirmed = next(m for m in platform.mails_to(EMAIL) if calendar_of_or_none(m))
    assert str(confirmed["Subject"]) == "Your class on Wednesday 25 November, 13:00"
    _the_invitation_is_right(platform, confirmed)

    platform.clock.forward(hours=23, minutes=10)
    platform.work()
    reminder = about(platform, "Your class on")
    platform.clock.forward(minutes=40)
    _she_joins_and_is_seen(platform, hers, desk, link_in(reminder))
    platform.clock.forward(hours=2)
    platform.work()
    _she_answers_in_two_browsers(platform, phone)


def calendar_of_or_none(mail: EmailMessage) -> bool:
    return any(part.get_content_type() == "text/calendar" for part in mail.walk())


def _the_invitation_is_right(platform: Platform, mail: EmailMessage) -> None:
    content = calendar_of(mail)
    pass_gate(content)
    read = ical_js(content)
    event = read["events"][0]
    assert read["method"] == "REQUEST"
    assert event["starts_at"] == "2026-11-25T12:00:00.000Z"
    assert event["location"] in text_of(mail)
    assert event["attendees"] == [f"mailto:{EMAIL}"]


def _she_joins_and_is_seen(platform: Platform, hers: Page, desk, link: str) -> None:
    trainers = desk.new_page()
    sign_in(trainers, platform, "ilse@staff.example.org")
    assert_accessible(trainers)
    trainers.locator("tbody a, [role=rowheader] a").first.click()
    console = trainers.url
    assert_accessible(trainers)
    assert "Zebulon C." in trainers.content()
    hers.goto(link)
    assert_accessible(hers)
    press(hers, "Go on to the class")
    assert_accessible(hers)
    hers.get_by_label("Where are you today?").fill(STREET)
    hers.get_by_text("The person whom I named to the study").click()
    press(hers, "Join the class")
    hers.get_by_role("heading", name="You are in the class").wait_for()
    assert_accessible(hers)
    assert STREET not in hers.content()
    trainers.goto(console)
    assert "here since" in trainers.content()
    _stay(platform, hers, minutes=55)
    press(hers, "Leave the class")
    trainers.goto(console)
    assert "left " in trainers.content()
    assert_accessible(trainers)


def _stay(platform: Platform, hers: Page, *, minutes: int) -> None:
    """Let time pass; her page gives its signs of life as it does every 15 seconds."""
    beat = "f => fetch(f.dataset.beat, {method: 'POST', body: new FormData(f)}).then(a => a.status)"
    for _ in range(minutes):
        platform.clock.forward(minutes=1)
        assert hers.locator("#leave").evaluate(beat) < 300


def _she_answers_in_two_browsers(platform: Platform, phone) -> None:
    mail = about(platform, "questions")
    first = phone()
    page = first.new_page()
    _prove_the_year(page, link_in(mail))
    page.get_by_role("link", name="Start").click()
    assert_accessible(page)
    for place in (1, 0, -1):
        _choose(page, place)
    first.close()
    page = phone().new_page()
    _prove_the_year(page, link_in(mail))
    page.get_by_role("link", name=re.compile("Go on", re.IGNORECASE)).first.click()
    assert "Question 4 of " in page.content()
    _go_on(page, "I'd rather not answer")
    between = 0
    while "/check" not in page.url:
        if "/part/" in page.url:
            between += 1
            assert_accessible(page)
            assert page.get_by_role("link", name="Stop for now").count()
            page.get_by_role("link", name="Go on", exact=True).click()
        _choose(page, between)
    assert between == 2
    assert_accessible(page)
    press(page, "Send my answers")
    assert_accessible(page)


def _choose(page: Page, place: int) -> None:
    """Choose an answer by its place among all of them, and go on."""
    page.locator("input[name=answer]").nth(place).check(force=True)
    _go_on(page, "Next")


def _go_on(page: Page, words: str) -> None:
    """Press, and wait until the answer is acknowledged and the next page is there."""
    before = page.url
    press(page, words)
    page.wait_for_url(lambda url: url != before)


def _prove_the_year(page: Page, link: str) -> None:
    page.goto(link)
    assert_accessible(page)
    page.get_by_label("In which year were you born?").fill(YEAR)
    press(page, "Go on")


def _download(platform: Platform, page: Page) -> dict[str, str]:
    page.goto(f"{platform.url}/staff/sign-in")
    sign_in(page, platform, "stella@staff.example.org")
    page.goto(f"{platform.url}/staff/data")
    assert_accessible(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name=re.compile("Download", re.IGNORECASE)).first.click()
    archive = zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes()))
    return {Path(n).name: archive.read(n).decode("utf-8-sig") for n in archive.namelist()}


def rows(data: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data[name])))


def _attendance_and_answers_under_one_number(platform: Platform, data: dict[str, str]) -> None:
    with platform.app.app_context():
        number = db.session.scalars(sa.select(Participant.study_number)).one()
    answers = [
        r
        for r in rows(data, "answers_long.csv")
        if r["study_number"] == number and r["week"] == "0"
    ]
    assert [r["value"] for r in answers if r["value"]] != []
    assert sorted(r["missing"] for r in answers) == [*[""] * (len(answers) - 1), "refused"]
    assert {r["instrument"] for r in answers} == {"phq-9", "gad-7", "neuropathy-nrs"}
    attended = [r for r in rows(data, "attendance.csv") if r["study_number"] == number]
    assert len(attended) == 1
    assert float(attended[0]["machine_minutes"]) == pytest.approx(45, abs=1)


def _her_name_stands_in_the_vault_and_the_mails_alone(
    platform: Platform, data: dict[str, str], folder: Path
) -> None:
    with platform.app.app_context():
        assert db.session.scalars(sa.select(Contact)).first() is not None
        names = {contact.name for contact in db.session.scalars(sa.select(Contact))}
        assert NAME in names  # the control: the vault does know her
        db.engine.dispose()
        metrics = platform.app.test_client().get("/metrics").text
    mails = " ".join(text_of(mail) for mail in platform.mails_to(EMAIL))
    assert "Zebulon" in mails  # the control: the mails do call her by her name
    log = (folder / "log").read_text()
    assert '"route": "/class/<uuid:booking_id>/"' in log  # the control: the log was kept
    stored = b"".join(path.read_bytes() for path in folder.glob("journey.db*"))
    tokens = {
        link.rsplit("/", 1)[1]
        for mail in platform.mails_to(EMAIL)
        for link in LINK.findall(text_of(mail))
    }
    for secret in (*SECRETS, *tokens):
        assert secret not in log
        assert secret not in metrics
        assert not any(secret in content for content in data.values())
        assert secret.encode() not in stored
