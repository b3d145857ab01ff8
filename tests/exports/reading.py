"""Taking a data set as a researcher does, and reading it as a program does."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from datetime import datetime

import numpy
import pandas
from flask.testing import FlaskClient

from remote_training.exports.reasons import TOLD

TABLES = [
    "participants",
    "assessments",
    "answers_long",
    "answers_wide",
    "scores",
    "sessions",
    "attendance",
    "waiting",
    "dose_weeks",
    "dose",
    "training",
    "training_exercises",
    "adverse_events",
]
BOOKS = ["codebook.csv", "value_labels.csv"]
FILES = [*(f"{name}.csv" for name in TABLES), *BOOKS]
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


def expected(column, value: str, why: str, kind: str):
    """What a cell of the CSV file is in the other file."""
    if why:
        told = next(told for reason, told in TOLD.items() if reason.value == why)
        return told.spss if kind == "sav" else told.stata
    if value == "":
        return "" if column.type in ("text", "code") else None
    if column.is_number:
        return float(value)
    if column.type == "date":
        return datetime.strptime(value, "%Y-%m-%d").date()
    if column.type == "moment":
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    return value


def plain(value):
    """A cell without what its library wraps it in."""
    if isinstance(value, str):
        return value
    if value is None or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pandas.Timestamp):
        return value.to_pydatetime()
    return float(value) if isinstance(value, int | float | numpy.number) else value
