"""Taking a data set as a researcher does, and reading it as a program does."""

from __future__ import annotations

import csv
import io
import re
import zipfile

from flask.testing import FlaskClient

TABLES = [
    "participants",
    "assessments",
    "answers_long",
    "answers_wide",
    "scores",
    "sessions",
    "attendance",
]
FILES = [f"{name}.csv" for name in (*TABLES, "codebook")]
OTHERS = ["codebook.html", "manifest.json"]


def take(browser: FlaskClient, kind: str = "csv") -> dict[str, bytes]:
    """Download the data set: the bytes of each file by its name."""
    answer = browser.post("/staff/data", data={"format": kind})
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name.split("/")[-1]: archive.read(name) for name in archive.namelist()}


def rows(content: bytes) -> list[dict[str, str]]:
    """The rows of a file, by the names of its columns."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def header(content: bytes) -> list[str]:
    """The names of the columns."""
    return next(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def page(browser: FlaskClient, address: str = "/staff/data", *, strict: bool = True) -> str:
    """A page without what is drawn anew for every browser."""
    answer = browser.get(address)
    assert answer.status_code == 200 or not strict, answer.text
    return re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)
