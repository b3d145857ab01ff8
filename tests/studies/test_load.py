"""The study file, what it must not say against itself, and the timeline from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from remote_training.instruments import load as instruments
from remote_training.instruments import wordings
from remote_training.studies import checks, load
from remote_training.studies.cli import study as command
from remote_training.studies.load import WrongStudyFile
from remote_training.studies.schedule import mails_on, schedule
from remote_training.studies.timeline import timeline
from tests.conftest import NO_WORDING
from tests.instruments.test_wordings import fa12

LION = load.SHIPPED / "lion.toml"
TEXT = LION.read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    """A study file with this text."""
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def weeks(study, arm):
    """The weeks in which an arm is asked something."""
    return [planned.point.week for planned in schedule(study, arm)]


def test_the_shipped_study_asks_the_waiting_list_once_more():
    study = load.load()

    assert weeks(study, "exercise") == [0, 6, 12, 24, 36]
    assert weeks(study, "waitlist") == [0, 6, 12, 18, 24, 36]
    assert weeks(study, None) == [0, 6, 12, 24, 36]


def test_what_has_no_wording_is_left_out_with_its_reason_and_the_others_are_asked():
    planned = schedule(load.load(), "exercise")[0]

    codes = [instrument.code for instrument in planned.instruments]
    assert codes == ["phq-9", "gad-7", "neuropathy-nrs"]
    assert [one.code for one in planned.left_out] == ["qlq-c30", "qlq-fa12", "qlq-cipn20"]
    assert {one.why for one in planned.left_out} == {
        instruments.instrument("qlq-c30").cannot_be_shown_because
    }


def test_a_window_counts_days_around_the_week_after_baseline():
    window = schedule(load.load(), "exercise")[1].window(date(2026, 11, 24))

    assert (window.opens_on, window.due_on, window.closes_on) == (
        date(2026, 12, 29),
        date(2027, 1, 5),
        date(2027, 1, 19),
    )
    assert (window.overdue_on, window.start_by_on) == (date(2027, 1, 12), date(2027, 1, 19))


def test_a_time_point_may_have_a_window_and_questionnaires_of_its_own(tmp_path):
    own = 'code = "w6"\nopens_days_before = 3\nonly_arms = { "gad-7" = ["waitlist"] }'
    study = load.load(written(tmp_path, TEXT.replace('code = "w6"', own)))

    exercise, waitlist = (schedule(study, arm)[1] for arm in study.arm_codes())
    other = schedule(study, "exercise")[2]
    assert (exercise.windows.opens_days_before, other.windows.opens_days_before) == (3, 7)
    assert exercise.windows.closes_days_after == 14
    assert "gad-7" in [instrument.code for instrument in waitlist.instruments]
    assert "gad-7" not in [instrument.code for instrument in exercise.instruments]
    assert exercise.fingerprint != waitlist.fingerprint


@pytest.mark.parametrize(("site", "number"), [("utrecht", "0800 0113"), ("melbourne", "13 11 14")])
def test_each_site_has_a_helpline_in_its_language_that_nobody_confirmed_yet(site, number):
    part = load.load().site(site)

    (line,) = part.helplines
    assert (line.number, line.confirmed_on) == (number, None)
    assert all(line.said(part.language))
    assert line.said("xx") == line.said("en")
    assert any(number in remark for remark in checks.remarks(load.load()))


def test_the_days_of_mails_stay_within_the_window():
    planned = schedule(load.load(), "exercise")[0]
    early = planned.reminders.model_copy(update={"ask_days_after": -10})

    due = date(2026, 11, 24)
    assert [day.day for day in planned.mails_on(due)] == [24, 27, 1]
    assert [day.day for day in mails_on(early, planned.window(due))] == [27, 1]


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        pytest.param(
            '"neuropathy-nrs"]', '"neuropathy"]',
            "timepoints (w0), instruments: there is no instrument 'neuropathy' in the catalogue.",
            id="an instrument that is not in the catalogue",
        ),
        pytest.param(
            '"neuropathy-nrs"]', '"neuropathy-nrs", "neuropathy-nrs"]',
            "'neuropathy-nrs' stands twice", id="an instrument twice on one day",
        ),
        pytest.param('code = "utrecht-2"', 'code = "melbourne-1"',
                     "sites, hosts: the code 'melbourne-1' stands twice.",
                     id="a meeting host at two sites"),
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
        pytest.param('arms = ["waitlist"]', 'arms = ["waiting"]',
                     "timepoints (w18), arms: there is no arm 'waiting'", id="no such arm"),
        pytest.param('arms = ["waitlist"]', 'arms = ["waitlist", "exercise"]',
                     "timepoints (w18), arms: all arms are named", id="every arm by name"),
        pytest.param('code = "w6"', 'code = "w6"\nonly_arms = { "psqi" = ["waitlist"] }',
                     "only_arms: 'psqi' is none of its instruments", id="an arm for nothing"),
        pytest.param('code = "w6"', 'code = "w6"\nstart_by_days_after = 15',
                     "(w6): the last day to begin comes after the last day of all",
                     id="a beginning after the end"),
        pytest.param('code = "w6"', 'code = "w6"\noverdue_days_after = 15',
                     "(w6): it would be overdue only after its last day", id="overdue too late"),
        pytest.param("[3, 7]", "[7, 3]", "reminders: the days must rise", id="days that fall"),
        pytest.param("[3, 7]", "[3, 15]", "on a day on which no window is open",
                     id="a reminder after the end"),
        pytest.param("inactivity_minutes = 60", "inactivity_minutes = 6000",
                     "windows, inactivity_minutes should be less", id="days in the middle"),
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

    with pytest.raises(WrongStudyFile, match="is not text in UTF-8"):
        load.load(path)


def test_windows_of_two_arms_may_overlap_and_those_of_one_may_not(tmp_path):
    early = TEXT.replace("week = 18", "week = 13")
    with pytest.raises(WrongStudyFile, match="their windows overlap"):
        load.load(written(tmp_path, early))

    other = early.replace("\nweek = 12\n", '\nweek = 12\narms = ["exercise"]\n')
    assert weeks(load.load(written(tmp_path / "..", other)), "waitlist") == [0, 6, 13, 24, 36]


def test_the_wait_list_trains_from_week_12():
    study, baseline = load.load(), date(2026, 11, 24)

    early = timeline(study, study.arm("exercise"), baseline_on=baseline)
    late = timeline(study, study.arm("waitlist"), baseline_on=baseline)

    assert [step.first_on for step in early if "classes" in step.what] == [baseline]
    assert [step.first_on for step in late if "classes" in step.what] == [date(2027, 2, 16)]
    assert [step.week for step in late if step not in early] == [12, 18]
    assert list(late) == sorted(late, key=lambda step: step.first_on)


@pytest.mark.parametrize(
    ("zone", "baseline", "begins", "ends"),
    [
        pytest.param("Europe/Amsterdam", "2027-03-21", "2027-03-13T23:00Z", "2027-04-04T22:00Z",
                     id="spring forward in Amsterdam"),
        pytest.param("Europe/Amsterdam", "2026-10-20", "2026-10-12T22:00Z", "2026-11-03T23:00Z",
                     id="back again in Amsterdam"),
        pytest.param("Australia/Melbourne", "2027-04-01", "2027-03-24T13:00Z", "2027-04-15T14:00Z",
                     id="back in Melbourne"),
        pytest.param("Australia/Melbourne", "2026-10-01", "2026-09-23T14:00Z", "2026-10-15T13:00Z",
                     id="forward in Melbourne"),
    ],
)  # fmt: skip
def test_a_window_has_whole_days_also_when_the_clocks_change(zone, baseline, begins, ends):
    asked = ["timeline", str(LION), "--participant-from", baseline, "--arm", "exercise"]

    printed = CliRunner().invoke(command, [*asked, "--zone", zone]).output

    assert f"in {zone}: from {begins} until {ends}" in printed


def test_check_and_timeline_from_the_command_line(tmp_path):
    runner = CliRunner()
    asks = ["timeline", str(LION), "--participant-from", "2026-11-24", "--arm"]

    checked = runner.invoke(command, ["check", str(LION)])
    printed = runner.invoke(command, [*asks, "waitlist"])
    other = runner.invoke(command, [*asks, "exercise"])

    assert (checked.exit_code, printed.exit_code) == (0, 0)
    assert "6 time-points" in checked.output
    assert "left out: qlq-c30 (The questions are not here yet" in checked.output
    assert "0800 0113 is not confirmed yet" in checked.output
    assert "2026-12-29 to 2027-01-19 | week  6 | w6: phq-9, gad-7, neur" in printed.output
    assert "opens 2026-12-29, due 2027-01-05, overdue from 2027-01-12" in printed.output
    assert "mails on 2027-01-05, 2027-01-08, 2027-01-12" in printed.output
    assert "left out: qlq-c30, qlq-fa12, qlq-cipn20 (" in printed.output
    assert "w18" in printed.output
    assert "w18" not in other.output


def test_wording_that_was_imported_is_asked_from_then_on(tmp_path, monkeypatch):
    told = CliRunner().invoke(command, ["check", str(LION)]).output
    assert "left out: qlq-fa12" in told
    folder = tmp_path / "wording"
    made_up = tmp_path / "wording.toml"
    made_up.write_text(fa12(), encoding="utf-8")
    wordings.take_in(made_up, folder, instruments.shipped())
    monkeypatch.setenv("WORDING_DIR", str(folder))
    try:
        told = CliRunner().invoke(command, ["check", str(LION)]).output
        codes = [one.code for one in schedule(load.load(), "exercise")[0].instruments]
    finally:
        instruments.look_for_wording_in(NO_WORDING)

    assert "left out: qlq-fa12" not in told
    assert "left out: qlq-c30" in told
    assert codes == ["qlq-fa12", "phq-9", "gad-7", "neuropathy-nrs"]


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


def test_a_site_whose_provider_may_be_down_wants_another_room(tmp_path):
    shipped = (load.SHIPPED / "lion.toml").read_text()
    zoom = 'code = "utrecht"\nmeetings = "zoom"\n'
    for more, is_remarked in (
        ("", True),
        ('fallback_room = "https://rooms.example.org/u"\n', False),
    ):
        file = tmp_path / f"study-{is_remarked}.toml"
        file.write_text(shipped.replace('code = "utrecht"\n', zoom + more, 1))
        told = checks.remarks(load.load(file))
        assert any("fallback_room" in one for one in told) is is_remarked


@pytest.mark.parametrize(
    "wrong",
    ["http://rooms.example.org", "rooms.example.org", "https://a@rooms.example.org", "https://x"],
)
def test_another_room_has_an_address_that_a_page_may_lead_to(wrong, tmp_path):
    shipped = (load.SHIPPED / "lion.toml").read_text()
    file = tmp_path / "study.toml"
    file.write_text(
        shipped.replace('code = "utrecht"\n', f'code = "utrecht"\nfallback_room = "{wrong}"\n', 1)
    )
    with pytest.raises(load.WrongStudyFile, match="fallback_room"):
        load.load(file)
