"""R with haven, for who reads SPSS and Stata files with it: where it is installed."""

import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def haven() -> str:
    """The program that runs R; the test is skipped where it or haven is not installed."""
    program = shutil.which("Rscript")
    if (
        program is None
        or subprocess.run(
            [program, "-e", "library(haven)"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("R with haven is not installed here")
    return program
