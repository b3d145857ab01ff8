"""A command that cannot be done says so in one sentence, and ends with status 1."""

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
    ("variable", "value"),
    [
        pytest.param(
            "DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/x", id="no database there"
        ),
        pytest.param("DATA_DIR", "/proc/nowhere", id="a folder that cannot be made"),
    ],
)
def test_a_setting_that_leads_nowhere_is_named(tmp_path, variable, value):
    done = run(tmp_path, "db", "upgrade", **{variable: value})

    assert done.returncode == 1
    assert done.stderr.startswith(f"{variable}:")
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_same_command_with_good_settings_works(tmp_path):
    done = run(tmp_path, "db", "upgrade")

    assert done.returncode == 0, done.stderr
    assert "The schema is at" in done.stdout
