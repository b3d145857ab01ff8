"""The data set from the command line."""

from __future__ import annotations

import hashlib
import json

import pytest
import sqlalchemy as sa

from remote_training.audit.models import Entry
from remote_training.core.db import db
from remote_training.exports.cli import export
from remote_training.exports.errors import CannotWrite
from remote_training.exports.models import Download
from tests import make
from tests.exports.reading import FILES, OTHERS, rows


@pytest.fixture
def run(app):
    """Run the command with some arguments."""
    return lambda *arguments: app.test_cli_runner().invoke(export, [str(a) for a in arguments])


def test_it_writes_the_files_and_records_that_it_did(run, tmp_path):
    ada = make.participant()
    make.assessment(participant=ada)

    done = run("--out", tmp_path / "new" / "data", "--format", "csv", "--with-arm")

    assert done.exit_code == 0, done.output
    folder = tmp_path / "new" / "data"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, *OTHERS])
    assert rows((folder / "participants.csv").read_bytes())[0]["study_number"] == ada.study_number
    record = db.session.scalars(sa.select(Download)).one()
    assert (record.account_id, record.shows_arm) == (None, True)
    assert record.finished_at is not None
    for name, told in record.files.items():
        assert told["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert db.session.scalars(sa.select(Entry.action)).all() == ["exports.download"]


def test_it_is_blinded_unless_told(run, tmp_path):
    make.booking()

    run("--out", tmp_path, "--format", "csv")

    assert not (tmp_path / "attendance.csv").exists()
    assert json.loads((tmp_path / "manifest.json").read_text())["blinded"] is True


def test_its_own_older_files_go_and_others_stay(run, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    run("--out", tmp_path, "--format", "csv", "--with-arm")
    assert (tmp_path / "attendance.csv").exists()

    run("--out", tmp_path, "--format", "csv")

    assert not (tmp_path / "attendance.csv").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_sites_can_be_chosen(run, tmp_path):
    here, there = make.participant(), make.participant(site=make.site("melbourne"))

    run("--out", tmp_path, "--format", "csv", "--sites", "melbourne")
    only = [row["study_number"] for row in rows((tmp_path / "participants.csv").read_bytes())]
    run("--out", tmp_path, "--format", "csv", "--sites", "melbourne,utrecht")
    both = [row["study_number"] for row in rows((tmp_path / "participants.csv").read_bytes())]

    assert only == [there.study_number]
    assert both == sorted([here.study_number, there.study_number])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "csv"],
        ["--out", "data"],
        ["--out", "", "--format", "csv"],
        ["--out", "data", "--format", "spss"],
        ["--out", "data", "--format", "csv", "--sites", "nowhere"],
        ["--out", "data", "--format", "csv", "--sites", ""],
    ],
)
def test_a_wrong_use_ends_with_2_and_nothing_leaves(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)

    done = run(*arguments)

    assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []
    assert db.session.scalars(sa.select(Download)).all() == []


def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(run, tmp_path):
    (tmp_path / "file").write_text("")

    done = run("--out", tmp_path / "file" / "data", "--format", "csv")

    assert isinstance(done.exception, CannotWrite)
    assert "cannot be written to" in str(done.exception)
    assert db.session.scalars(sa.select(Download)).one().finished_at is None


def test_a_file_in_place_of_the_folder_is_a_wrong_use(run, tmp_path):
    (tmp_path / "file").write_text("")

    assert run("--out", tmp_path / "file", "--format", "csv").exit_code == 2
