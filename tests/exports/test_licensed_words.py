"""Words that a study may show: from the file of its permission to the page and the codebook.

All words here are of our own, made up as the test runs; they resemble no licensed ones.
"""

from __future__ import annotations

import html
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from remote_training.accounts.models import Role
from remote_training.assessments import service
from remote_training.assessments.sitting import forms_of, sitting
from remote_training.core.db import db
from remote_training.exports.cli import export
from remote_training.instruments import load
from tests import make
from tests.conftest import NO_WORDING
from tests.exports.reading import rows
from tests.fakes import NOON
from tests.instruments.test_wordings import MARKER, PERMISSION
from tests.instruments.test_wordings import folder as folder
from tests.instruments.test_wordings import run as run
from tests.instruments.test_wordings import written as written
from tests.test_repository import ROOT, files

CODE, TITLE = "qlq-c30", "EORTC QLQ-C30"
REASON = "The questions are not here yet"
LANGUAGES = ("en", "nl")
ITEMS, LED_TO, ON_SEVEN = range(1, 31), range(6, 31), (29, 30)


@pytest.fixture(autouse=True)
def looks_in_the_folder(app: Flask, folder: Path) -> Iterator[None]:
    """The app, once it is there, looks for wording where the command keeps it."""
    load.look_for_wording_in(folder)
    yield
    load.look_for_wording_in(NO_WORDING)


def words(text: str) -> str:
    return "{ " + ", ".join(f'{one} = "{MARKER} {text} {one}"' for one in LANGUAGES) + " }"


def c30() -> str:
    """A file with words for the structure of the QLQ-C30."""
    items = "\n".join(f"q{n} = {words(f'item {n}.')}" for n in ITEMS)
    four = "\n".join(f"{n} = {words(f'answer {n}')}" for n in range(1, 5))
    names = "\n".join(f'{one} = "invented-{one}"' for one in LANGUAGES)
    return f"""
instrument = "{CODE}"
version = "3.0"
wording_version = "1"
title = {words("title")}
{PERMISSION}
[translations]
{names}
[stems]
week = {words("stem")}
[answers.four]
{four}
[answers.seven]
low_word = {words("worst")}
high_word = {words("best")}
[items]
{items}
"""


def asked_of(her: Any) -> list[str]:
    """The questionnaires of her first time-point, planned anew."""
    week_0, *_ = service.plan(her, now=NOON)
    db.session.commit()
    return [form.instrument for form in forms_of(week_0)]


def test_imported_words_show_on_every_page_of_a_question(
    app: Flask, browse_as: Any, run: Any, written: Any
) -> None:
    assert run("import", str(written(c30())))[0] == 0
    for language in LANGUAGES:
        her = make.participant(language=language)
        week_0, *_ = service.plan(her, now=NOON)
        db.session.commit()
        numbers = {one.item.code: one.number for one in sitting(week_0).questions}
        browser, base = browse_as(her), f"/questions/{week_0.id}"
        for n in ITEMS:
            page = html.unescape(browser.get(f"{base}/{numbers[f'q{n}']}").text)
            ends = ("worst", "best")
            told = ends if n in ON_SEVEN else tuple(f"answer {point}" for point in range(1, 5))
            told += (f"item {n}.", *(("stem",) if n in LED_TO else ()))
            assert [one for one in told if f"{MARKER} {one} {language}" not in page] == []
            assert (f"{MARKER} stem" in page) == (n in LED_TO)
        assert f"{MARKER} title {language}" in browser.get(f"{base}/").text


def test_imported_words_stand_in_the_codebook_and_nowhere_in_the_repository(
    app: Flask, run: Any, written: Any, tmp_path: Path
) -> None:
    def codebook() -> tuple[str, str]:
        done = app.test_cli_runner().invoke(export, ["--out", str(out), "--format", "csv"])
        assert done.exit_code == 0, done.output
        page = html.unescape((out / "codebook.html").read_text(encoding="utf-8"))
        return (out / "codebook.csv").read_text(encoding="utf-8"), page

    out = tmp_path / "data"
    assert [MARKER in text for text in codebook()] == [False, False]
    assert run("import", str(written(c30())))[0] == 0

    text, page = codebook()

    lines = {row["column"]: row for row in rows(text.encode()) if row["table"] == "answers_wide"}
    for n in ITEMS:
        label = f"{MARKER} stem en {MARKER} item {n}. en" if n in LED_TO else f"item {n}. en"
        line = next(row for row in lines.values() if row["label"].endswith(f" item {n}. en"))
        assert label in line["label"]
        assert label in page
        codes = f"4 = {MARKER} answer 4 en" if n not in ON_SEVEN else f"7 = {MARKER} best en"
        assert codes in line["codes"]
        assert codes in page
    assert _kept_files_with(MARKER) == []
    assert Path("remote_training/instruments/catalogue/qlq-c30.toml") in _kept_files_with(TITLE)


def _kept_files_with(words: str) -> list[Path]:
    """Files of the repository, and those that would come into it, with these words."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    if listed.returncode != 0:  # a copy without its history
        names = [path.relative_to(ROOT) for path in files()]
    assert len(names) > 100
    found = [name for name in names if (ROOT / name).is_file()]
    return [name for name in found if words.encode() in (ROOT / name).read_bytes()]


def test_without_words_it_is_not_planned_and_the_coordinator_is_told_why(
    app: Flask, browse_as: Any, run: Any, written: Any
) -> None:
    her, desk = make.participant(), browse_as(make.staff(Role.COORDINATOR))
    assert CODE not in asked_of(her)
    places = ("/staff/people/", f"/staff/people/{her.id}/")
    for place in places:
        page = html.unescape(desk.get(place).text)
        assert TITLE in page
        assert REASON in page

    for place, name in zip(places, ("list", "page of hers"), strict=True):
        assert MARKER not in desk.get(place).text, name
    run("import", str(written(c30())))

    assert CODE in asked_of(her)
    assert f"{TITLE}: {REASON}" not in html.unescape(desk.get(places[0]).text)
    hers = html.unescape(desk.get(places[1]).text)
    assert f"{MARKER} title en" in hers
    assert TITLE not in hers
    assert REASON in hers  # the control: of the others that are not here
