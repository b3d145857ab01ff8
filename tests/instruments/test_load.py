"""The catalogue, and what a definition must not say against itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from remote_training.instruments import load, wordings
from remote_training.instruments.cli import instruments
from remote_training.instruments.errors import NoWording, WrongInstrument
from remote_training.instruments.files import Scale
from remote_training.instruments.scoring import scores

FORM = (load.SHIPPED / "neuropathy-nrs.toml").read_text(encoding="utf-8")
CHOICES = """
code = "ways"
version = "1.0"
source = "Written for a test."
owner = "This project"
licence = "Apache-2.0"
wording = "shipped"
permission = "Anybody may use it."
recall = "today"
validated = false
minutes = 1
about = { en = "Today." }
title = { en = "Ways" }

[answers.ease]
kind = "choices"
choices = [
  { value = 1, text = { en = "easily" } },
  { value = 4, text = { en = "could not" } },
]

[[items]]
code = "w1"
answers = "ease"
text = { en = "How did it go?" }
"""


def written(folder: Path, text: str) -> Path:
    """A definition file with this text."""
    path = folder / "form.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_rating_form_asks_seven_things_from_0_to_10_in_two_languages():
    form = load.instrument("neuropathy-nrs")

    assert [item.code for item in form.items] == [
        "numb_hands",
        "numb_feet",
        "tingling_hands",
        "tingling_feet",
        "pain_hands",
        "pain_feet",
        "daily_life",
    ]
    assert {(item.low, item.high) for item in form.items} == {(0, 10)}
    assert form.languages == ("en", "nl")
    assert not form.is_validated


def test_a_wording_is_complete_in_its_language():
    dutch = load.wording(load.instrument("neuropathy-nrs"), "nl")

    assert dutch.language == "nl"
    assert all(item.text and item.low_word and item.high_word for item in dutch.items)


def test_a_language_that_is_not_there_gets_english_and_says_so():
    swedish = load.wording(load.instrument("neuropathy-nrs"), "sv")
    dutch = load.wording(load.instrument("neuropathy-nrs"), "nl")

    assert (swedish.language, swedish.is_another_language) == ("en", True)
    assert (dutch.language, dutch.is_another_language) == ("nl", False)


def test_every_wording_says_which_translation_it_is():
    form = load.instrument("neuropathy-nrs")

    assert load.wording(form, "nl").translation == "neuropathy-nrs-1.0-nl"
    assert load.wording(form, "nl", "neuropathy-nrs-1.0-nl") == load.wording(form, "nl")
    with pytest.raises(KeyError):
        load.wording(form, "nl", "another-translation")


def test_phq_9_and_gad_7_are_shipped_in_english_with_their_credit_line():
    for code, count in (("phq-9", 10), ("gad-7", 7)):
        form = load.wording(load.instrument(code), "nl")
        answers = [words for _, words in form.items[0].choices]

        assert (form.language, form.is_another_language, len(form.items)) == ("en", True, count)
        assert form.credit.startswith("Developed by Drs. Robert L. Spitzer, Janet B.W. Williams,")
        assert form.credit.endswith("reproduce, translate, display or distribute.")
        assert answers == [
            "Not at all", "Several days", "More than half the days", "Nearly every day",
        ]  # fmt: skip
        assert form.items[0].stem.startswith("Over the last 2 weeks, how often have you been")


def test_the_question_on_difficulty_is_asked_last_and_counted_by_nothing():
    form = load.instrument("phq-9")

    assert [item.code for item in form.items if not item.is_scored] == ["phq10"]
    assert form.items[-1].code == "phq10"
    assert load.wording(form, "en").items[-1].stem == ""
    assert [item.code for item in form.counted()] == [f"phq{n}" for n in range(1, 10)]


def test_question_9_alarms_at_every_answer_above_not_at_all_and_no_other_question_does():
    form = load.instrument("phq-9")

    alarms = [form.item("phq9").is_alarming(value) for value in (None, 0, 1, 2, 3)]

    assert alarms == [False, False, True, True, True]
    others = [one for one in load.catalogue().values() for one in one.items if one.code != "phq9"]
    assert len(others) > 80
    assert not any(item.is_alarming(item.high) for item in others)


@pytest.mark.parametrize("code", ["qlq-c30", "qlq-cipn20", "qlq-fa12"])
def test_a_licensed_structure_is_shipped_without_any_wording(code):
    file = next(file for file in load.shipped() if file.code == code)
    words = {place: text for place, text in file.texts().items() if text}

    assert {place for place in words if not place.endswith("not_applicable")} == {"title"}
    assert [item.label for item in load.instrument(code).items][:2] == ["item 1", "item 2"]
    assert [part.text for part in file.items if part.text] == []


def test_what_has_no_wording_cannot_be_scheduled_and_the_coordinator_is_told_why():
    known = load.catalogue()

    because = {code: one.cannot_be_shown_because for code, one in known.items()}

    assert [code for code, reason in because.items() if reason is None] == [
        "gad-7", "neuropathy-nrs", "phq-9",
    ]  # fmt: skip
    assert "owner must allow each study" in str(because["qlq-c30"])
    assert "calculated from other questionnaires" in str(because["phq-ads"])
    with pytest.raises(NoWording, match="owner must allow each study"):
        load.wording(known["qlq-c30"], "en")


@pytest.mark.parametrize(
    ("facts", "is_asked"),
    [
        pytest.param({"sex": "M"}, True, id="asked of men"),
        pytest.param({"sex": "F"}, False, id="not of women"),
        pytest.param({}, True, id="a fact that nobody knows hides nothing"),
    ],
)
def test_item_20_is_asked_of_men_only(facts, is_asked):
    form = load.instrument("qlq-cipn20")

    asked = form.asked(facts)

    assert ("cipn20" in [item.code for item in asked]) is is_asked
    assert len(asked) == 19 + is_asked
    assert [item.code for item in form.items if item.may_not_apply] == ["cipn19"]


def test_the_time_that_a_question_is_about_is_a_code():
    form = load.instrument("qlq-c30")

    assert {item.recall for item in form.items[:5]} == {"none"}
    assert {item.recall for item in form.items[5:]} == {"past_week"}
    assert load.instrument("gad-7").recall == "past_2_weeks"


@pytest.mark.parametrize("value", [-1, 11, 3.0, "3", True, None])
def test_only_whole_numbers_in_the_range_are_answers(value):
    item = load.instrument("neuropathy-nrs").items[0]

    assert item.accepts(0)
    assert item.accepts(10)
    assert not item.accepts(value)


def test_answers_in_words_are_another_kind(tmp_path):
    form = load.read(written(tmp_path, CHOICES))

    item = form.item("w1")
    assert not isinstance(item.answers, Scale)
    assert item.accepts(4)
    assert not item.accepts(2)
    assert load.wording(form, "en").items[0].spoken(4) == "could not"


def test_two_answers_with_the_same_points_contradict_each_other(tmp_path):
    with pytest.raises(WrongInstrument, match="the value 1 stands twice"):
        load.read(written(tmp_path, CHOICES.replace("value = 4", "value = 1")))


def test_every_contradiction_is_told_at_once(tmp_path):
    broken = FORM.replace("low = 0", "low = 10", 1).replace(', nl = "geen pijn" }', " }", 1)

    with pytest.raises(WrongInstrument) as refused:
        load.read(written(tmp_path, broken))

    assert len(refused.value.faults) == 2


def test_list_and_check_from_the_command_line(tmp_path):
    runner = CliRunner(env={"WORDING_DIR": str(tmp_path / "none")})

    listed = runner.invoke(instruments, ["list"])
    checked = runner.invoke(instruments, ["check", str(load.SHIPPED / "neuropathy-nrs.toml")])
    absent = runner.invoke(instruments, ["check", "nowhere.toml"])

    assert "neuropathy-nrs 1.0 | 7 items | en nl | not validated" in listed.output
    assert "qlq-c30 3.0 | 30 items | wording to be imported: it cannot be sched" in listed.output
    assert "phq-ads 1.0 | 0 items | calculated from phq-9 and gad-7 | validated" in listed.output
    assert (checked.exit_code, absent.exit_code) == (0, 2)
    assert "agrees with itself" in checked.output


def test_a_wrong_file_ends_the_command_with_1_and_the_sentences_on_stderr(
    tmp_path, monkeypatch, capsys
):
    from remote_training import cli

    path = written(tmp_path, FORM.replace("low = 0", "low = 10", 1))
    monkeypatch.setattr("sys.argv", ["remote-training", "instruments", "check", str(path)])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "form.toml: answers numbness: low (10) is not below high (10).\n"
    )


def examples() -> list[str]:
    """The files that `docs/instruments.md` shows."""
    page = (Path(__file__).parents[2] / "docs" / "instruments.md").read_text(encoding="utf-8")
    return re.findall(r"```toml\n(.*?)```", page, re.DOTALL)


def test_the_examples_of_the_documentation_are_taken_as_they_stand(tmp_path):
    instrument, wording = examples()

    ease = load.read(written(tmp_path, instrument))
    taken = wordings.take_in(written(tmp_path, wording), tmp_path / "kept", load.shipped())

    assert load.wording(ease, "nl").items[2].not_applicable == "Ik rijd geen auto"
    assert scores(ease, {"ease1": 1, "ease2": 2}, facts={"sex": "F"})["EASE"].n_eligible == 3
    assert scores(ease, {"ease1": 1, "ease2": 2}, facts={"sex": "F"})["EASE"].value == 250 / 3
    assert load.Catalogue(tmp_path / "kept").newest()["qlq-fa12"].languages == ("en", "nl")
    assert taken.translations["nl"] == "owner-nl-1"
