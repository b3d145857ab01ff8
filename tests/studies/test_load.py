"""The study file, what it must not say against itself, and the timeline from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from remote_training.studies import load
from remote_training.studies.cli import study as command
from remote_training.studies.load import WrongStudyFile
from remote_training.studies.timeline import timeline

LION = load.SHIPPED / "lion.toml"
TEXT = LION.read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    """A study file with this text."""
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_study_asks_in_weeks_0_6_and_12():
    study = load.load()

    assert [point.week for point in study.timepoints] == [0, 6, 12]
    assert {code for point in study.timepoints for code in point.instruments} == {"neuropathy-nrs"}


def test_a_window_counts_days_around_the_week_after_baseline():
    window = load.load().timepoints[1].window(date(2026, 11, 24))

    assert (window.opens_on, window.due_on, window.closes_on) == (
        date(2026, 12, 29),
        date(2027, 1, 5),
        date(2027, 1, 19),
    )


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        pytest.param(
            'instruments = ["neuropathy-nrs"]', 'instruments = ["neuropathy"]',
            "timepoints (w0), instruments: there is no instrument 'neuropathy' in the catalogue.",
            id="an instrument that is not in the catalogue",
        ),
        pytest.param(
            '["neuropathy-nrs"]', '["neuropathy-nrs", "neuropathy-nrs"]',
            "'neuropathy-nrs' stands twice", id="an instrument twice on one day",
        ),
        pytest.param('code = "w6"', 'code = "w0"', "timepoints: the code 'w0' stands twice.",
                     id="a code that stands twice"),
        pytest.param("week = 6", "week = 1", "their windows overlap", id="two windows at once"),
        pytest.param("week = 6", "week = -6", "timepoints 2 (w6), week should be greater",
                     id="a week before the baseline"),
        pytest.param("week = 6\n", "", "timepoints 2 (w6), week is missing.", id="no week"),
        pytest.param('"Australia/Melbourne"', '"Australia/Melborn"',
                     "sites 2 (melbourne), zone is no time zone: 'Australia/Melborn'",
                     id="a zone that nobody knows"),
        pytest.param('language = "nl"', 'language = "xx"',
                     "sites 1 (utrecht), language is no language of the platform: 'xx'",
                     id="a language that is not there"),
        pytest.param("attended_from_minutes = 1", "attended_from_minutes = 0",
                     "everybody would count as present", id="presence of no minutes"),
        pytest.param("is_specific = false", "is_specific = true", "one must be for everybody",
                     id="no class for everybody"),
        pytest.param("[rules]", "[rules]\nbreak_minutes = 3",
                     "rules, break_minutes is not known here", id="a rule that nobody knows"),
        pytest.param("[rules]", "[rules", "is not TOML as it should be", id="no TOML"),
    ],
)  # fmt: skip
def test_a_contradiction_is_a_sentence_that_names_its_place(tmp_path, was, becomes, sentence):
    assert was in TEXT

    with pytest.raises(WrongStudyFile) as refused:
        load.load(written(tmp_path, TEXT.replace(was, becomes, 1)))

    assert any(sentence in fault for fault in refused.value.faults), refused.value.faults


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(WrongStudyFile, match="is not TOML as it should be"):
        load.load(path)


def test_the_wait_list_trains_from_week_12_and_is_asked_the_same():
    study, baseline = load.load(), date(2026, 11, 24)

    early = timeline(study, study.arm("exercise"), baseline_on=baseline)
    late = timeline(study, study.arm("waitlist"), baseline_on=baseline)

    asked = [step for step in early if step.what.startswith("w")]
    assert asked == [step for step in late if step.what.startswith("w")]
    assert [step.first_on for step in early if "classes" in step.what] == [baseline]
    assert [step.first_on for step in late if "classes" in step.what] == [date(2027, 2, 16)]
    assert list(late) == sorted(late, key=lambda step: step.first_on)


def test_check_and_timeline_from_the_command_line(tmp_path):
    runner = CliRunner()
    asks = ["timeline", str(LION), "--participant-from", "2026-11-24", "--arm"]

    checked = runner.invoke(command, ["check", str(LION)])
    printed = runner.invoke(command, [*asks, "waitlist"])

    assert (checked.exit_code, printed.exit_code) == (0, 0)
    assert "3 time-points" in checked.output
    assert "2026-12-29 to 2027-01-19 | week  6 | w6: neuropathy-nrs" in printed.output


@pytest.mark.parametrize(
    ("baseline", "arm"),
    [("2026-11-24", "control"), ("24/11/2026", "exercise"), ("9999-12-31", "exercise")],
)
def test_an_odd_question_about_the_timeline_is_a_wrong_use(baseline, arm):
    asked = ["timeline", str(LION), "--participant-from", baseline, "--arm", arm]

    answer = CliRunner().invoke(command, asked)

    assert answer.exit_code == 2
    assert "Invalid value" in answer.output


def test_a_wrong_study_ends_the_command_with_1(tmp_path, monkeypatch, capsys):
    from remote_training import cli

    path = written(tmp_path, TEXT.replace("week = 6", "week = 1", 1))
    monkeypatch.setattr("sys.argv", ["remote-training", "study", "check", str(path)])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 1
    assert "their windows overlap" in capsys.readouterr().err
