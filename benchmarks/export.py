"""The export of a million answers, beside the same rows by csv.writer from a bare cursor."""

from __future__ import annotations

import csv
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks import people, web
from benchmarks.measure import Figure
from remote_training.assessments import service as assessments
from remote_training.core.db import db
from remote_training.outside import clock

AIM = 0.5  # within twice the floor
ANSWERS = 1_000_000
MOST_MEMORY = 200  # MB
ROWS = """
SELECT p.study_number, s.timepoint, s.week, f.instrument, f.instrument_version, f.language,
       a.item, a.state, a.value, a.answered_at
FROM answer a JOIN form f ON f.id = a.form_id JOIN assessment s ON s.id = f.assessment_id
JOIN participant p ON p.id = s.participant_id
WHERE a.replaced_at IS NULL ORDER BY p.study_number, s.week, f.instrument, a.item
"""


def export() -> Iterator[Figure]:
    """Seconds for the whole data set; the memory is that of the exporting process."""
    with people.databases() as databases, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, url in databases.items():
            app = people.platform(url)
            with app.app_context():
                for woman in people.enrol(app, 20):
                    assessments.plan(woman, now=clock.now())
                db.session.commit()
                web.store_answers(ANSWERS)
                db.session.execute(sa.text("ANALYZE"))
                db.session.commit()
                db.engine.dispose()
            floor, _ = _apart(_bare, url, str(Path(folder) / f"{name}-floor.csv"))
            ours, megabytes = _apart(_ours, url, str(Path(folder) / name))
            note = f"{megabytes:.0f} MB" + (" TOO MUCH" if megabytes > MOST_MEMORY else "")
            yield Figure(
                "export of 1,000,000 answers",
                name,
                ours,
                floor,
                floor / ours,
                AIM,
                unit="s",
                note=note,
            )


def _apart(work: Any, *arguments: str) -> tuple[float, float]:
    """Do it in a process of its own: seconds and the most memory (MB)."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(theirs, *arguments))
    process.start()
    seconds, megabytes = ours.recv()
    process.join()
    return seconds, megabytes


def _ours(answer_to: Any, url: str, folder: str) -> None:
    from click.testing import CliRunner
    from flask.cli import ScriptInfo

    from remote_training.exports.cli import export as command

    app = people.platform(url)
    began = time.perf_counter()
    arguments = ["--out", folder, "--format", "csv", "--with-arm"]  # the blinded get less
    done = CliRunner().invoke(command, arguments, obj=ScriptInfo(create_app=lambda: app))
    assert done.exit_code == 0, done.output
    _tell(answer_to, began)


def _bare(answer_to: Any, url: str, path: str) -> None:
    address = (
        people.floor_database(url)
        if url.startswith("postgresql")
        else url.removeprefix("sqlite:///")
    )
    began = time.perf_counter()
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file)
        if url.startswith("sqlite"):
            writer.writerows(sqlite3.connect(address).execute(ROWS))
        else:
            with psycopg.connect(address) as connection, connection.cursor(name="bare") as cursor:
                cursor.itersize = 5000
                cursor.execute(ROWS)
                writer.writerows(cursor)
    _tell(answer_to, began)


def _tell(answer_to: Any, began: float) -> None:
    seconds = time.perf_counter() - began
    answer_to.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
