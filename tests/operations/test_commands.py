"""A command that cannot be done says so in one sentence, and ends with status 1 or 2."""

import os
import subprocess
import sys

import pytest

MAIN = "from remote_training.cli import main; main()"


def run(folder, *arguments, **variables):
    plain = {"DEMO": "on", "DATA_DIR": str(folder), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=plain | variables, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "value", "status"),
    [
        pytest.param(
            "DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/x", 1, id="no database there"
        ),
        pytest.param("DATA_DIR", "/proc/nowhere", 2, id="a folder that cannot be made"),
    ],
)
def test_a_setting_that_leads_nowhere_is_named(tmp_path, variable, value, status):
    done = run(tmp_path, "db", "upgrade", **{variable: value})

    assert done.returncode == status
    assert done.stderr.startswith(f"{variable}:")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_study_file_that_is_none_is_named(tmp_path):
    broken = tmp_path / "study.toml"
    broken.write_text("[x")

    done = run(tmp_path, "messages", "status", STUDY_FILE=str(broken))

    assert done.returncode == 2
    assert done.stderr.startswith("STUDY_FILE: study.toml: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_empty_database_is_told_from_one_that_is_away(tmp_path):
    done = run(tmp_path, "messages", "status")

    assert done.returncode == 1
    assert done.stderr == (
        "The database is empty or older than the program: remote-training db upgrade\n"
    )


def test_the_folder_of_licensed_wording_is_not_taken_inside_the_code(tmp_path):
    done = run(tmp_path, "messages", "status", WORDING_DIR="remote_training/instruments")

    assert done.returncode == 2
    assert done.stderr.startswith("WORDING_DIR must be a folder outside the code")


def test_the_same_command_with_good_settings_works(tmp_path):
    done = run(tmp_path, "db", "upgrade")

    assert done.returncode == 0, done.stderr
    assert "The schema is at" in done.stdout
