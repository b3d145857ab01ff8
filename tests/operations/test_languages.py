"""Dutch is whole: each text translated, compiled, and read by the people who chose it."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from remote_training.core import words
from remote_training.core.db import unit_of_work
from remote_training.messages import jobs, service
from remote_training.operations import languages
from remote_training.operations.cli import translations
from tests import make
from tests.fakes import NOON, FakeMail

TEN_IN_AMSTERDAM = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
A_TEXT = "Move or cancel"
ITS_DUTCH = "Verzetten of afzeggen"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The messages.po of a copy of the translations, which a test may spoil."""
    folder = tmp_path / "translations"
    shutil.copytree(languages.TRANSLATIONS, folder)
    monkeypatch.setattr(languages, "TRANSLATIONS", folder)
    return folder / "nl" / "LC_MESSAGES" / "messages.po"


def spoil(path: Path, old: str, new: str) -> None:
    """Put something else in the place of a text, and compile what came out."""
    whole = path.read_text(encoding="utf-8")
    assert old in whole
    path.write_text(whole.replace(old, new, 1), encoding="utf-8")
    assert list(languages.compile_all()) == ["nl"]


def test_every_text_has_a_dutch_translation_with_the_same_gaps_and_is_compiled() -> None:
    assert languages.faults() == []


def test_many_texts_are_found_in_code_pages_and_mails() -> None:
    found = {message.id for message in languages.extract() if message.id}
    assert len(found) > 500
    assert "Please sign in first." in found, "a refusal, in code"
    assert "How did this class go?" in found, "the label of a form, in code"
    assert "See your classes" in found, "a button of a mail"
    assert ("%(num)s participant.", "%(num)s participants.") in found, "one and many, in a page"


def test_a_copy_that_nobody_spoiled_has_no_fault(copy: Path) -> None:
    assert copy.is_file()
    assert languages.faults() == []


def test_a_text_that_is_not_translated_is_reported(copy: Path) -> None:
    spoil(copy, f'msgstr "{ITS_DUTCH}"', 'msgstr ""')
    assert languages.faults() == [f"nl: not translated: {A_TEXT!r}"]


def test_a_text_that_messages_po_does_not_know_is_reported(copy: Path) -> None:
    spoil(copy, f'msgid "{A_TEXT}"\nmsgstr "{ITS_DUTCH}"\n', "")
    assert languages.faults() == [f"nl: not in messages.po: {A_TEXT!r}"]


@pytest.mark.parametrize("wrong", ["tijd in %(town)s", "tijd in de stad", "tijd in %(city)d"])
def test_another_gap_than_in_the_text_is_reported(copy: Path, wrong: str) -> None:
    spoil(copy, 'msgstr "tijd in %(city)s"', f'msgstr "{wrong}"')
    assert languages.faults() == ["nl: another gap than in the text: '%(city)s time'"]


def test_a_messages_mo_that_is_not_messages_po_compiled_is_reported(copy: Path) -> None:
    whole = copy.read_text(encoding="utf-8")
    copy.write_text(whole.replace(ITS_DUTCH, "Verplaatsen of afzeggen"), encoding="utf-8")
    assert languages.faults() == ["nl: messages.mo is not messages.po compiled"]
    copy.with_suffix(".mo").unlink()
    assert languages.faults() == ["nl: messages.mo is not messages.po compiled"]


def test_the_check_ends_with_status_1_and_says_why(copy: Path) -> None:
    spoil(copy, f'msgstr "{ITS_DUTCH}"', 'msgstr ""')
    result = CliRunner().invoke(translations, ["check"])
    assert result.exit_code == 1
    assert A_TEXT in result.output


def test_update_adds_what_is_missing_and_keeps_what_is_translated(copy: Path) -> None:
    before = copy.read_text(encoding="utf-8")
    spoil(copy, f'msgid "{A_TEXT}"\nmsgstr "{ITS_DUTCH}"\n', "")
    assert list(languages.update()) == [("nl", 1)]
    after = copy.read_text(encoding="utf-8")
    assert after == before.replace(f'msgstr "{ITS_DUTCH}"', 'msgstr ""')


def test_update_of_what_is_whole_changes_nothing(copy: Path) -> None:
    before = copy.read_bytes()
    assert list(languages.update()) == [("nl", 0)]
    assert copy.read_bytes() == before


def test_a_participant_who_reads_dutch_gets_a_dutch_home_page(app: Flask, browse_as: Any) -> None:
    ada = make.participant(contact=make.contact(name="Ada Lezer"), language="nl")
    make.booking(participant=ada)
    page = browse_as(ada).get("/home/").text
    assert '<html lang="nl" dir="ltr">' in page
    assert "Hallo Ada" in page
    assert "Uw volgende les" in page
    assert "woensdag 25 november, 13:00" in page
    assert "Hello" not in page


def test_the_public_page_is_dutch_when_the_browser_asks_for_dutch(browser: FlaskClient) -> None:
    page = browser.get("/", headers={"Accept-Language": "nl-NL,nl;q=0.9,en;q=0.5"}).text
    assert '<html lang="nl" dir="ltr">' in page
    assert "Samen bewegen, vanuit huis" in page
    page = browser.get("/", headers={"Accept-Language": "en"}).text
    assert '<html lang="en" dir="ltr">' in page
    assert "Exercise together, from home" in page


def test_a_mail_to_somebody_who_reads_dutch_is_dutch_in_every_part(
    app: Flask, mailbox: FakeMail
) -> None:
    person = make.contact(name="Ada Lezer", email="ada.reader@example.org")
    ada = make.participant(contact=person, language="nl")
    booking = make.booking(participant=ada)
    with unit_of_work():
        service.queue(
            "booking_confirmed",
            to=person.id,
            facts={"booking_id": str(booking.id)},
            not_after=NOON + timedelta(days=9),
            now=NOON,
        )
    jobs.deliver("w", app.extensions["outside"])
    mail: EmailMessage = mailbox.sent[-1]
    assert mail["Content-Language"] == "nl"
    assert mail["Subject"] == "Uw les op woensdag 25 november, 13:00"
    for form in ("plain", "html"):
        text = part(mail, form)
        assert "Ada, uw plaats is geboekt." in text
        assert "woensdag 25 november, 13:00 (tijd in Amsterdam)" in text
        assert ITS_DUTCH in text
        assert re.findall(r"\b(?:your|class|the|please|book)\b", readable(text)) == []


def part(mail: EmailMessage, form: str) -> str:
    """One part's text."""
    found = next(one for one in mail.walk() if one.get_content_type() == f"text/{form}")
    return str(found.get_content())


def readable(text: str) -> str:
    """What a reader sees: no style sheet, no tags, no addresses."""
    return re.sub(r"<style.*?</style>|<[^>]*>|http\S+", " ", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("language", "zone", "moment", "name"),
    [
        ("nl", "Europe/Amsterdam", "dinsdag 24 november, 10:00", "tijd in Amsterdam"),
        ("nl", "Australia/Melbourne", "dinsdag 24 november, 20:00", "tijd in Melbourne"),
        ("en", "Europe/Amsterdam", "Tuesday 24 November, 10:00", "Amsterdam time"),
    ],
)
def test_dates_and_zones_are_told_as_the_reader_says_them(
    app: Flask, language: str, zone: str, moment: str, name: str
) -> None:
    with app.test_request_context(), words.reading_as(language, zone):
        assert words.moment(TEN_IN_AMSTERDAM) == moment
        assert words.zone_name(TEN_IN_AMSTERDAM) == name
