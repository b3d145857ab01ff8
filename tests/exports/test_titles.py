"""The researcher's page names scores and tables in the language of its reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from remote_training.accounts.models import Role
from remote_training.core import definitions
from remote_training.core.definitions import WrongDefinition
from remote_training.core.words import reading_as
from remote_training.exports import dictionary, titles
from remote_training.exports.dictionary import Table
from remote_training.instruments import load as instruments
from remote_training.instruments.scales import Number, Rule
from tests import make

FILES = Path(dictionary.__file__).parent / "files"


def test_each_label_that_the_page_can_show_is_there_to_be_translated() -> None:
    scores = {
        scale.label
        for one in instruments.catalogue().values()
        for scale in one.scales
        if isinstance(scale, Number)
    }
    tables = {
        definitions.read(FILES / f"{name}.toml", Table, WrongDefinition).label
        for name in dictionary.TABLES
    }
    assert set(titles.SCORES) == scores
    assert set(titles.TABLES) == tables
    assert set(titles.RULES) == set(Rule)


def test_a_label_of_a_study_of_its_own_is_shown_as_it_is(app: Flask) -> None:
    with app.test_request_context(), reading_as("nl", "Europe/Amsterdam"):
        assert titles.title("Steps on a Tuesday") == "Steps on a Tuesday"
        assert titles.title("Depressive symptoms") == "Klachten van somberheid"


@pytest.mark.parametrize("arm", [True, False], ids=["with the arm", "blinded"])
def test_the_page_in_dutch_has_no_english_title(app: Flask, browse_as: Any, arm: bool) -> None:
    her = make.staff(Role.RESEARCHER, sees_arm=arm)
    browser = browse_as(her)
    browser.post("/language", data={"language": "nl"})

    page = browser.get("/staff/data").text

    assert "Klachten van somberheid" in page
    for label in (*titles.SCORES, *titles.TABLES, *titles.RULES.values()):
        assert f">{label}<" not in page, label
        assert f": {label}<" not in page, label
