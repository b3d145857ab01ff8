"""The library of exercises and class plans, and what it must not say against itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from remote_training.core.words import LANGUAGES
from remote_training.studies import exercise_checks, load
from remote_training.studies.cli import study as command
from remote_training.studies.load import WrongStudyFile

LION = (load.SHIPPED / "lion.toml").read_text(encoding="utf-8")
TEXT = (load.SHIPPED / "lion-training.toml").read_text(encoding="utf-8")


def written(folder: Path, text: str = TEXT, study: str = LION) -> Path:
    """A study file beside a library with this text."""
    (folder / "lion-training.toml").write_text(text, encoding="utf-8")
    path = folder / "study.toml"
    path.write_text(study, encoding="utf-8")
    return path


def test_the_shipped_library_has_a_plan_for_each_week_of_each_module() -> None:
    study = load.load()
    for code in study.module_codes():
        for week in range(1, 13):
            plan = study.library.plan_for(code, week)
            assert plan is not None
            assert plan.module == code
            assert plan.first_week <= week <= plan.last_week
    assert exercise_checks.remarks(study) == []
    assert study.library.source
    assert study.library.licence


def test_each_exercise_and_its_easier_version_has_words_in_each_language() -> None:
    for exercise in load.load().library.exercises:
        for language in LANGUAGES:
            assert exercise.name[language]
            assert exercise.easier[language]
        assert exercise.made_easier("nl") != exercise.made_easier("en")


def test_outside_its_weeks_a_module_has_the_nearest_plan() -> None:
    library = load.load().library
    nearest = [library.plan_for("base", week) for week in (-3, 0, 99)]
    assert [plan.code for plan in nearest if plan] == ["base-1", "base-1", "base-3"]
    assert library.plan_for("yoga", 1) is None


FIRST_CHAIR = '{ exercise = "chair-stand", sets = 2, repetitions = 10 }'


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        pytest.param(
            'code = "base-1"', 'code = "base-2"', "plans: the code 'base-2' stands twice.",
            id="two plans of a code",
        ),
        pytest.param(
            'code = "side-step"', 'code = "march"', "exercises: the code 'march' stands twice.",
            id="two exercises of a code",
        ),
        pytest.param(
            'module = "base"', 'module = "yoga"',
            "plans (base-1), module: there is no module 'yoga' in the study file.",
            id="a module that is none",
        ),
        pytest.param(
            FIRST_CHAIR, '{ exercise = "squat", sets = 2, repetitions = 10 }',
            "plans (base-1): there is no exercise 'squat' in the library.",
            id="an exercise that is none",
        ),
        pytest.param(
            FIRST_CHAIR, '{ exercise = "march", minutes = 2 }',
            "plans (base-1): 'march' stands twice.", id="an exercise twice in a plan",
        ),
        pytest.param(
            FIRST_CHAIR, '{ exercise = "chair-stand", minutes = 5 }',
            "plans (base-1), chair-stand: it is counted in repetitions; minutes does not belong",
            id="minutes of what is counted in repetitions",
        ),
        pytest.param(
            FIRST_CHAIR, '{ exercise = "chair-stand", sets = 2 }',
            "plans (base-1), chair-stand: it is counted in repetitions; repetitions is missing.",
            id="sets of nothing",
        ),
        pytest.param(
            FIRST_CHAIR, '{ exercise = "chair-stand", sets = 2, repetitions = 10, load_kg = 2 }',
            "plans (base-1), chair-stand: load_kg does not belong there; its load is 'none'.",
            id="a load of what has none",
        ),
        pytest.param(
            "effort = [3, 4]", "effort = [4, 3]", "plans (base-1), effort: must be two of 0, 0.5,",
            id="an effort the wrong way round",
        ),
        pytest.param(
            "effort = [3, 4]", "effort = [3, 3.5]", "plans (base-1), effort: must be two of",
            id="an effort that is no number of the scale",
        ),
        pytest.param(
            "weeks = [1, 4]", "weeks = [4, 1]", "plans (base-1), weeks: the first is 1 or later",
            id="weeks the wrong way round",
        ),
        pytest.param(
            "weeks = [1, 4]", "weeks = [1, 5]",
            "plans (base-1) and (base-2): both are for week 5.", id="two plans for a week",
        ),
        pytest.param(
            "weeks = [1, 4]", "weeks = [1, 3]", "plans (base): week 4 has none.",
            id="a week without a plan",
        ),
        pytest.param(
            "weeks = [1, 4]", "weeks = [2, 4]", "plans (base): week 1 has none.",
            id="no plan for the first week",
        ),
        pytest.param(
            'kind = "aerobic"', 'kind = "flying"', "exercises 1 (march), kind",
            id="a kind that is none",
        ),
        pytest.param(
            'nl = "Lopen op de plaats"', 'nl = ""', "exercises 1 (march), name has no words in nl.",
            id="a name in one language only",
        ),
        pytest.param(
            "sets = 2", "sets = 0", "plans 1 (base-1), exercises 3, sets", id="no set at all"
        ),
    ],
)  # fmt: skip
def test_a_library_that_contradicts_itself_is_refused_with_its_place(
    tmp_path: Path, was: str, becomes: str, sentence: str
) -> None:
    assert was in TEXT
    path = written(tmp_path, TEXT.replace(was, becomes, 1))

    with pytest.raises(WrongStudyFile) as refusal:
        load.load(path)

    assert any(sentence in fault for fault in refusal.value.faults), refusal.value.faults
    assert all(fault.startswith("lion-training.toml: ") for fault in refusal.value.faults)


def test_the_command_says_how_much_there_is_and_what_wants_to_be_known(tmp_path: Path) -> None:
    fewer = TEXT[: TEXT.index('[[plans]]\ncode = "neuropathy-1"')]
    longer = LION.replace("programme_weeks = 12", "programme_weeks = 16")

    told = CliRunner().invoke(command, ["check", str(written(tmp_path, fewer, longer))])

    assert told.exit_code == 0, told.output
    assert "20 exercises in 12 class plans" in told.output
    assert "modules (neuropathy): no plan says what a class of it is made of." in told.output
    assert "plans (base): after week 12 the last one goes on." in told.output


def test_a_plan_that_is_longer_than_a_class_is_told(tmp_path: Path) -> None:
    short = LION.replace("class_minutes = 60", "class_minutes = 20")
    study = load.load(written(tmp_path, study=short))
    assert "plans (base-3): 26 minutes; a class lasts 20." in exercise_checks.remarks(study)


def test_a_study_file_elsewhere_finds_the_shipped_library(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(LION.replace('code = "distress"', 'code = "mood"'), encoding="utf-8")
    study = load.load(path)
    assert {plan.module for plan in study.library.plans} == {
        "base", "fatigue", "function", "neuropathy",
    }  # fmt: skip


def test_a_library_that_is_nowhere_is_refused_and_a_study_may_have_none(tmp_path: Path) -> None:
    line = 'training = "lion-training.toml"'
    with pytest.raises(WrongStudyFile, match=r"nowhere\.toml: cannot be read"):
        load.load(written(tmp_path, study=LION.replace(line, 'training = "nowhere.toml"')))
    path = tmp_path / "none.toml"
    path.write_text(LION.replace(line, ""), encoding="utf-8")
    assert load.load(path).library.plans == ()
