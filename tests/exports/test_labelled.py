"""Files for SPSS and Stata, read back by another library's reader: values, labels, reasons."""

from __future__ import annotations

import io
import subprocess

import pandas
import pyreadstat
import pytest

from remote_training.accounts.models import Role
from remote_training.exports import dictionary
from remote_training.exports.formats import Format
from remote_training.exports.labelled_files import LONGEST_LABEL, variables
from remote_training.exports.reasons import TOLD
from remote_training.studies.current import study
from tests import make
from tests.exports import everything
from tests.exports.reading import TABLES, expected, plain, take

KINDS = ["sav", "dta"]
READ = {"sav": pyreadstat.read_sav, "dta": pyreadstat.read_dta}


def opened(files, table: str, kind: str, folder):
    """A file as its reader gives it: the frame, missing values kept apart, and what it knows."""
    path = folder / f"{table}.{kind}"
    path.write_bytes(files[path.name])
    return READ[kind](path, user_missing=True)


@pytest.fixture(params=KINDS)
def kind(request):
    """SPSS and Stata."""
    return request.param


@pytest.fixture
def researcher(browse_as):
    """A browser of somebody who may see the arm."""
    return browse_as(make.staff(Role.RESEARCHER, sees_arm=True))


@pytest.fixture
def sets(app, researcher, kind):
    """The same study as CSV and in the other format."""
    everything.study()
    return take(researcher, "csv"), take(researcher, kind)


def test_every_value_and_every_reason_is_that_of_the_csv_file(sets, kind, tmp_path):
    commas, labelled = sets
    seen = set()
    for table in dictionary.tables(study(), shows_arm=True):
        text = pandas.read_csv(
            io.BytesIO(commas[f"{table.name}.csv"]), dtype=str, keep_default_na=False
        )
        frame, _ = opened(labelled, table.name, kind, tmp_path)
        whys = {column.why_of: column.name for column in table.columns if column.why_of}
        assert list(frame.columns) == [column.name for column in variables(table)]
        assert len(frame) == len(text)
        for column in variables(table):
            reasons = text[whys[column.name]] if column.name in whys else [""] * len(text)
            for value, why, found in zip(
                text[column.name], reasons, frame[column.name], strict=True
            ):
                seen.add(why)
                wanted = expected(column, value, why, kind)
                assert plain(found) == wanted, (table.name, column.name)
    assert {reason.value for reason in TOLD} <= seen


def test_reasons_are_missing_to_whoever_does_not_ask_for_them(sets, kind, tmp_path):
    _, labelled = sets
    path = tmp_path / f"answers_long.{kind}"
    path.write_bytes(labelled[path.name])

    frame, _ = READ[kind](path)

    values = pandas.to_numeric(frame["value"])
    assert values.min() == 0
    assert values.isna().sum() > 50
    assert values.max() == 6


def test_variables_and_values_are_labelled_from_the_dictionary(sets, kind, tmp_path):
    _, labelled = sets
    labels = 0
    for table in dictionary.tables(study(), shows_arm=True):
        _, known = opened(labelled, table.name, kind, tmp_path)
        for column in variables(table):
            label = known.column_names_to_labels[column.name]
            is_cut = len(column.label.encode()) > LONGEST_LABEL[Format(kind)]
            assert label.removesuffix("..." if is_cut else "") in column.label
            assert len(label) > 70 or not is_cut
            told = known.variable_value_labels.get(column.name, {})
            for code, words in column.codes.items():
                if column.is_number:
                    assert told[int(code)] == words or len(words) > 100
                    labels += 1
                elif kind == "sav":
                    assert told[code].startswith(words[:80] or code)
            for reason in column.reasons:
                code = TOLD[reason].spss if kind == "sav" else TOLD[reason].stata
                assert told[code] == TOLD[reason].label
    assert labels > 80


def test_missing_values_are_declared_as_such(sets, kind, tmp_path):
    _, labelled = sets
    _, known = opened(labelled, "answers_wide", kind, tmp_path)

    if kind == "sav":
        assert known.missing_ranges["phq9_phq1"] == [{"lo": -99, "hi": -91}]
        assert "week" not in known.missing_ranges
    else:
        assert set(known.missing_user_values["phq9_phq1"]) <= set("abcdefgh")


def test_study_numbers_keep_their_zeros(sets, kind, tmp_path):
    _, labelled = sets
    frame, known = opened(labelled, "participants", kind, tmp_path)

    assert "007" in set(frame["study_number"])
    assert known.readstat_variable_types["study_number"] == "string"
    assert known.readstat_variable_types["neurotoxic_chemotherapy"] != "string"


def test_with_nobody_in_it_the_shape_is_the_same(app, researcher, kind, tmp_path):
    files = take(researcher, kind)
    for table in dictionary.tables(study(), shows_arm=True):
        frame, known = opened(files, table.name, kind, tmp_path)
        assert list(frame.columns) == [column.name for column in variables(table)]
        assert len(frame) == 0
        for column in variables(table):
            is_text = known.readstat_variable_types[column.name] == "string"
            assert is_text is (column.type in ("text", "code")), (table.name, column.name)
        for column in variables(table):
            if column.reasons:
                assert known.variable_value_labels[column.name]


def test_the_same_data_give_the_same_bytes(sets, researcher, kind):
    _, labelled = sets
    again = take(researcher, kind)

    tables = [name for name in labelled if name.endswith(kind)]
    assert len(tables) == len(TABLES)
    assert [name for name in tables if labelled[name] != again[name]] == []
    stamp = {"sav": b"24 Nov 2612:00:00", "dta": b"24 Nov 2026 12:00"}[kind]
    assert stamp in labelled[f"scores.{kind}"][:400]


def test_words_in_any_script_come_back_whole(app, kind, tmp_path):
    from remote_training.exports import labelled_files
    from remote_training.exports.dictionary import Column, Table

    words = "Müde — 疲れ … " + "é" * 300
    columns = (
        Column(name="a", label=words, type="code", codes={"x": words}, missing="-", source="-"),
        Column(name="b", label="b", type="integer", codes={"0": words}, missing="-", source="-"),
    )
    table = Table(name="t", label="t", columns=columns)
    rows = [("x\u00e9=1+1", 0), (None, None), ("", 5)]
    made_at = make.NOON
    chunks = labelled_files.written(table, [rows], Format(kind), made_at=made_at)
    path = tmp_path / f"t.{kind}"
    path.write_bytes(b"".join(chunks))

    frame, known = READ[kind](path)

    assert list(frame["a"]) == ["x\u00e9=1+1", "", ""]
    assert known.column_names_to_labels["a"].startswith("Müde — 疲れ … é")
    assert known.variable_value_labels["b"][0].startswith("Müde — 疲れ … é")


def test_haven_reads_the_same(sets, kind, tmp_path, haven):
    _, labelled = sets
    path = tmp_path / f"answers_wide.{kind}"
    path.write_bytes(labelled[path.name])
    program = (
        "suppressMessages(library(haven)); "
        f"d <- read_{kind}('{path}'{', user_na = TRUE' if kind == 'sav' else ''}); "
        "cat(nrow(d), names(d)[4], attr(d[[4]], 'label'), sep='|')"
    )

    told = subprocess.run([haven, "-e", program], capture_output=True, text=True, check=True)

    frame, known = opened(labelled, "answers_wide", kind, tmp_path)
    name = frame.columns[3]
    assert told.stdout == f"{len(frame)}|{name}|{known.column_names_to_labels[name]}"
