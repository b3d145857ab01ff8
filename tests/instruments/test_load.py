"""The catalogue, and what a definition must not say against itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from remote_training.instruments import load
from remote_training.instruments.cli import instruments
from remote_training.instruments.files import Scale, WrongInstrument

FORM = (load.SHIPPED / "neuropathy-nrs.toml").read_text(encoding="utf-8")
CHOICES = """
code = "ways"
version = "1.0"
source = "Written for a test."
licence = "Apache-2.0"
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
    assert load.wording(load.instrument("neuropathy-nrs"), "sv").language == "en"


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


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        pytest.param(
            'code = "numb_feet"', 'code = "numb_hands"', "item numb_hands stands twice",
            id="a code that stands twice",
        ),
        pytest.param(
            ', nl = "geen pijn" }', " }", "answers pain, low_word has no words in 'nl'",
            id="a language with a gap",
        ),
        pytest.param(
            'en = "no pain",', 'en = "no pain", sv = "ingen", ',
            "a language that the title does not have", id="a language that nobody declared",
        ),
        pytest.param("low = 0", "low = 10", "low (10) is not below high (10)", id="no range"),
        pytest.param(
            'answers = "trouble"', 'answers = "troubles"', "item daily_life asks for the answers",
            id="answers that are not described",
        ),
        pytest.param(
            'licence = "Apache-2.0, the same as the code"', "", "licence is missing.",
            id="no licence",
        ),
        pytest.param("minutes = 2", "minutes = 2\nlength = 3", "length is not known here",
                     id="a field that nobody knows"),
        pytest.param("high = 10", 'high = "ten"', "answers, numbness, scale, high must be a whole",
                     id="a word for a number"),
        pytest.param("[title]", "[title", "is not TOML as it should be", id="no TOML"),
    ],
)  # fmt: skip
def test_a_contradiction_is_one_sentence_that_names_its_place(tmp_path, was, becomes, sentence):
    assert was in FORM
    path = written(tmp_path, FORM.replace(was, becomes, 1))

    with pytest.raises(WrongInstrument) as refused:
        load.read(path)

    assert any(sentence in fault for fault in refused.value.faults)
    assert all(fault.startswith("form.toml: ") for fault in refused.value.faults)


def test_two_answers_with_the_same_points_contradict_each_other(tmp_path):
    with pytest.raises(WrongInstrument, match="the value 1 stands twice"):
        load.read(written(tmp_path, CHOICES.replace("value = 4", "value = 1")))


def test_every_contradiction_is_told_at_once(tmp_path):
    broken = FORM.replace("low = 0", "low = 10", 1).replace(', nl = "geen pijn" }', " }", 1)

    with pytest.raises(WrongInstrument) as refused:
        load.read(written(tmp_path, broken))

    assert len(refused.value.faults) == 2


def test_list_and_check_from_the_command_line():
    runner = CliRunner()

    listed = runner.invoke(instruments, ["list"])
    checked = runner.invoke(instruments, ["check", str(load.SHIPPED / "neuropathy-nrs.toml")])
    absent = runner.invoke(instruments, ["check", "nowhere.toml"])

    assert "neuropathy-nrs 1.0 | 7 items | en nl | not validated" in listed.output
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
