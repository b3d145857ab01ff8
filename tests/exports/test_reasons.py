"""Wide, scores and assessments: reason by reason, and counted a second way."""

from __future__ import annotations

from collections import Counter

import pytest

from remote_training.accounts.models import Role
from remote_training.assessments.timeline import timeline
from remote_training.core.db import db
from remote_training.exports import dictionary, items
from remote_training.exports.reasons import UNANSWERED
from remote_training.instruments import load as instruments
from remote_training.instruments import scoring
from remote_training.instruments.scales import Rule
from remote_training.participants import queries as participants
from remote_training.studies.current import study
from tests import make
from tests.exports import everything
from tests.exports.reading import header, rows, take
from tests.fakes import NOON


@pytest.fixture
def people(app):
    """Somebody for each thing that can become of a sitting."""
    return everything.study()


@pytest.fixture
def files(people, browse_as):
    """The data set of somebody who may see the arm."""
    return take(browse_as(make.staff(Role.RESEARCHER, sees_arm=True)))


def one(files, name, study_number, **other):
    """The rows of one participant that have these values."""
    asked = {"study_number": study_number, **other}
    return [row for row in rows(files[f"{name}.csv"]) if asked.items() <= row.items()]


def test_answers_side_by_side_are_the_answers_one_under_the_other(files):
    long = {
        (row["study_number"], row["timepoint"], row["instrument"], row["item"]): (
            row["value"],
            row["missing"],
        )
        for row in rows(files["answers_long.csv"])
    }
    asked = items.items(study())
    seen = 0
    for row in rows(files["answers_wide.csv"]):
        for item in asked:
            key = (row["study_number"], row["timepoint"], item.instrument.code, item.item.code)
            expected = long.get(key, ("", "not_shown"))
            assert (row[item.name], row[item.why_name]) == expected, (key, item.name)
            seen += key in long
    assert seen == len(long) > 100


@pytest.mark.parametrize(
    ("who", "column", "value", "missing"),
    [
        ("sent", "phq9_phq1", "0", ""),
        ("sent", "phq9_phq4", "3", ""),
        ("sent", "qlqc30_q1", "", "not_shown"),
        ("gaps", "phq9_phq1", "", "skipped"),
        ("gaps", "phq9_phq2", "", "refused"),
        ("open", "gad7_gad7", "", "open"),
        ("not_due", "gad7_gad7", "", "not_due"),
        ("closed", "neuropathynrs_numb_hands", "", "window_closed"),
        ("withdrawn", "neuropathynrs_numb_hands", "", "withdrawn"),
        ("licensed", "qlqcipn20_cipn19", "", "not_applicable"),
        ("licensed", "qlqcipn20_cipn20", "", "not_shown"),
        ("man", "qlqcipn20_cipn20", "", "skipped"),
    ],
)
def test_every_reason_is_told_apart(files, people, who, column, value, missing):
    (row,) = one(files, "answers_wide", people[who].study_number)

    assert (row[column], row[f"{column}_m"]) == (value, missing)


def test_there_is_a_row_for_each_time_point_with_days_and_state(files, people):
    (row,) = one(files, "assessments", "007")

    assert row == {
        "study_number": "007",
        "timepoint": "w0",
        "week": "0",
        "opens_on": "2026-11-17",
        "due_on": "2026-11-24",
        "overdue_on": "2026-12-01",
        "start_by_on": "2026-12-08",
        "closes_on": "2026-12-08",
        "opened_at": "2026-11-24T12:00:00Z",
        "started_at": "2026-11-24T12:00:00Z",
        "last_answer_at": "2026-11-24T12:00:00Z",
        "completed_at": "2026-11-24T12:00:00Z",
        "state": "complete",
        "device_kind": "unknown",
        "n_shown": "24",
        "n_answered": "24",
        "n_given": "24",
    }
    (row,) = one(files, "assessments", people["gaps"].study_number)
    assert (row["n_shown"], row["n_answered"], row["n_given"]) == ("24", "22", "21")
    assert one(files, "assessments", people["nothing"].study_number) == []


def test_counts_are_those_of_the_timeline(files, people):
    told = {row["study_number"]: row for row in rows(files["assessments.csv"])}
    for name in ("sent", "gaps", "open", "not_due", "closed", "withdrawn"):
        her = people[name]
        arm = participants.allocation(her.id).arm
        (line,) = timeline(her, arm, now=NOON, shows_arm=True)
        row = told[her.study_number]
        assert (row["state"], row["n_shown"], row["n_answered"]) == (
            line.state.value,
            str(line.sitting.total),
            str(line.sitting.done),
        )
        missing = Counter(r["missing"] for r in one(files, "answers_long", her.study_number))
        left = line.sitting.total - line.sitting.done
        assert missing[UNANSWERED[line.state].value] == left


def test_n_shown_leaves_out_what_is_not_for_her(files, people):
    assert one(files, "assessments", people["licensed"].study_number)[0]["n_shown"] == "19"
    assert one(files, "assessments", people["man"].study_number)[0]["n_shown"] == "20"


def test_every_rule_stands_beside_the_others(files, people):
    gaps = people["gaps"].study_number
    found = {
        row["rule"]: (row["value"], row["missing"], row["n_used"], row["n_eligible"])
        for row in one(files, "scores", gaps, score="PHQ9")
    }

    answers = {row["item"]: row for row in one(files, "answers_long", gaps, instrument="phq-9")}
    points = [int(answers[f"phq{n}"]["value"]) for n in range(3, 10)]
    prorated = repr(sum(points) * 9 / 7)
    assert found == {
        "complete": ("", "too_few", "0", "9"),
        "prorate2": (prorated, "", "7", "9"),
        "half": (prorated, "", "7", "9"),
    }


def test_scores_are_those_of_the_pure_functions_at_full_length(files):
    answers = {
        row["item"]: int(row["value"]) for row in one(files, "answers_long", "007") if row["value"]
    }
    for code in ("phq-9", "gad-7", "phq-ads"):
        instrument = instruments.instrument(code)
        for rule in instrument.rules:
            wanted = scoring.scores(instrument, answers, rule=rule)
            told = one(files, "scores", "007", instrument=code, rule=rule.value)
            assert told, code
            for row in told:
                assert float(row["value"]) == wanted[row["score"]].value
                assert row["rules_version"] == wanted[row["score"]].rules_version


def test_severity_stands_beside_the_score_under_the_complete_rule_alone(files):
    told = {row["rule"]: row["severity"] for row in one(files, "scores", "007", score="PHQ9")}

    assert told == {"complete": "moderate", "prorate2": "", "half": ""}


def test_the_flag_of_question_9_is_in_no_file_and_the_answer_is(files):
    assert {"PHQ9", "GAD7", "PHQADS", "SUM"} <= {row["score"] for row in rows(files["scores.csv"])}
    assert not any(b"ITEM9_FLAG" in content for content in files.values())
    assert "safety record" in files["codebook.html"].decode()
    assert one(files, "answers_long", "007", item="phq9")[0]["value"] == "0"
    assert one(files, "answers_wide", "007")[0]["phq9_phq9"] == "0"


@pytest.mark.parametrize(
    ("who", "missing"),
    [("open", "open"), ("not_due", "not_due"), ("closed", "window_closed"), ("withdrawn",) * 2],
)
def test_a_score_that_is_not_there_says_why(files, people, who, missing):
    told = one(files, "scores", people[who].study_number)

    assert len(told) == 3 + 3 + 2
    assert {(row["value"], row["missing"], row["n_used"]) for row in told} == {("", missing, "0")}


def test_what_does_not_apply_is_not_eligible(files, people):
    (her,) = one(files, "scores", people["licensed"].study_number, score="SUM")
    (him,) = one(files, "scores", people["man"].study_number, score="SUM")

    assert (her["n_used"], her["n_eligible"]) == ("18", "18")
    assert (him["n_used"], him["n_eligible"]) == ("18", "19")


def test_a_question_that_is_in_no_version_any_more_does_not_end_the_export(app, browse_as):
    sitting = make.assessment()
    make.answer(sitting, "numb_feet", 7)
    make.form(sitting).instrument_version = "0.1"
    db.session.commit()

    files = take(browse_as(make.staff(Role.RESEARCHER)))

    (row,) = rows(files["answers_wide.csv"])
    assert (row["neuropathynrs_numb_feet"], row["neuropathynrs_numb_hands_m"]) == ("7", "open")
    assert rows(files["scores.csv"]) == []


def test_an_older_version_that_was_not_begun_is_asked_in_the_newest(app, browse_as):
    make.assessment(instrument_version="0.1")

    told = rows(take(browse_as(make.staff(Role.RESEARCHER)))["answers_long.csv"])

    assert [row["version"] for row in told] == ["1.0"] * 7


def test_the_columns_are_those_of_the_study_whoever_is_in_it(files):
    asked = [name for item in items.items(study()) for name in (item.name, item.why_name)]

    assert header(files["answers_wide.csv"]) == ["study_number", "timepoint", "week", *asked]
    assert [c.name for t in dictionary.tables(study(), shows_arm=True) for c in t.columns] == [
        name for table in dictionary.TABLES for name in header(files[f"{table}.csv"])
    ]


def test_every_rule_of_the_catalogue_is_explained(files):
    told = {row["column"]: row for row in rows(files["codebook.csv"]) if row["table"] == "scores"}

    assert all(f"{rule} = " in told["rule"]["codes"] for rule in Rule)
