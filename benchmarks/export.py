"""A million answers: CSV beside COPY and a bare loop, SPSS and Stata beside pyreadstat.

`BENCH_ANSWERS` and `BENCH_LABELLED` say how many answers there are, where a machine is busy.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import sqlalchemy as sa

from benchmarks import people, web
from benchmarks.measure import Figure
from remote_training.assessments import service as assessments
from remote_training.assessments.models import Assessment, Form
from remote_training.core.db import db, snapshot
from remote_training.exports import labelled_files, parcel
from remote_training.exports.dictionary import Table, tables
from remote_training.exports.formats import Format
from remote_training.exports.parcel import Order, Tally
from remote_training.instruments import load as instruments
from remote_training.outside import clock
from remote_training.studies import queries as studies
from remote_training.studies.current import study

AIM = 0.5  # within twice the floor
ANSWERS = int(os.environ.get("BENCH_ANSWERS", "1000000"))
LABELLED = int(os.environ.get("BENCH_LABELLED", "200000"))  # rows of one table in memory
MOST_MEMORY = 200  # MB
INSTRUMENT = "phq-9"
ROWS = """
SELECT p.study_number, s.timepoint, s.week, f.instrument, f.instrument_version, a.language,
       a.translation, a.item, a.value, NULL AS missing, a.given_at, a.answered_at
FROM answer a JOIN form f ON f.id = a.form_id JOIN assessment s ON s.id = f.assessment_id
JOIN participant p ON p.id = s.participant_id
WHERE a.replaced_at IS NULL ORDER BY p.study_number, s.week, s.timepoint, f.instrument, a.item
"""
TABLES = ("answers_long", "answers_wide", "scores", "assessments")


def export() -> Iterator[Figure]:
    """Seconds for each table and for all; the memory is that of the exporting process."""
    with people.databases() as databases, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, url in databases.items():
            _fill(url)
            floors = {"csv loop": _apart(_bare, url, folder)[0]}
            if name == "postgresql":
                floors["COPY"] = _apart(_copy, url, folder)[0]
            seconds, megabytes = _apart(_ours, url, folder)
            note = f"peak {megabytes:.0f} MB" + (" TOO MUCH" if megabytes > MOST_MEMORY else "")
            for floor, bare in floors.items():
                long = seconds["answers_long"]
                yield _figure(f"answers_long, {ANSWERS:,}/{floor}", name, long, bare, note=note)
            bare = floors["csv loop"]
            for table in TABLES[1:]:
                yield _figure(f"{table}/csv loop", name, seconds[table], bare, aim=0)
            yield _figure("all tables/csv loop", name, sum(seconds.values()), bare, aim=0)
    for kind in (Format.SAV, Format.DTA):
        (ours, floor), megabytes = _apart(_labelled, kind.value)
        note = f"peak {megabytes:.0f} MB"
        yield _figure(f".{kind}, {LABELLED:,} rows/pyreadstat", "-", ours, floor, note=note)


def _figure(name: str, database: str, ours: float, floor: float, **more: Any) -> Figure:
    more.setdefault("aim", AIM)
    return Figure(name, database, ours, floor, floor / ours, unit="s", **more)


def _fill(url: str) -> None:
    """One woman whose time-points have no end, each with the answers to one questionnaire."""
    app = people.platform(url)
    with app.app_context():
        for woman in people.enrol(app, 1):
            assessments.plan(woman, now=clock.now())
        db.session.commit()
        items = [item.code for item in instruments.instrument(INSTRUMENT).items]
        ids = [uuid4() for _ in range(ANSWERS // len(items))]
        of_form = {"instrument": INSTRUMENT, "instrument_version": "1.0", "position": 1}
        sittings = [{"id": i, "timepoint": f"x{n}"} for n, i in enumerate(ids)]
        begun = {"started_at": clock.now(), "completed_at": clock.now()}
        _insert(Assessment, sittings, begun)
        _insert(Form, [{"id": i, "assessment_id": i} for i in ids], of_form)
        union = " UNION ALL ".join(
            f"SELECT '{code}' AS item, {n % 4} AS points" for n, code in enumerate(items)
        )
        made = "lower(hex(randomblob(16)))" if url.startswith("sqlite") else "gen_random_uuid()"
        now = "'2026-01-01 00:00:00.000000'" if url.startswith("sqlite") else "now()"
        db.session.execute(
            sa.text(
                "INSERT INTO answer "
                "(id, form_id, item, state, value, language, given_at, answered_at) "
                f"SELECT {made}, a.id, i.item, 'given', i.points, 'en', {now}, {now} "
                f"FROM assessment a, ({union}) AS i WHERE a.timepoint LIKE 'x%'"
            )
        )
        db.session.execute(sa.text("ANALYZE"))
        db.session.commit()
        db.engine.dispose()


def _insert(
    table: type[Assessment | Form], rows: list[dict[str, Any]], plain: dict[str, Any]
) -> None:
    fields = web.donated(table) | plain
    for start in range(0, len(rows), 5000):
        batch = [fields | row for row in rows[start : start + 5000]]
        db.session.execute(sa.insert(table.__table__), batch)


def _apart(work: Callable[..., Any], *arguments: str) -> tuple[Any, float]:
    """Do it in a process of its own: what it found and the most memory (MB)."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_told, args=(theirs, work, arguments))
    process.start()
    theirs.close()  # so that a process that dies is an error here, and no endless wait
    found, megabytes = ours.recv()
    process.join()
    return found, megabytes


def _told(answer_to: Any, work: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    found = work(*arguments)
    answer_to.send((found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _ours(url: str, folder: str) -> dict[str, float]:
    """Seconds for each file."""
    app = people.platform(url)
    seconds: dict[str, float] = {}
    with app.app_context():
        sites = {site.code: site.id for site in studies.sites()}
        order = Order(study(), sites, True, clock.now(), Format.CSV)
        with snapshot(db.engine) as connection:
            began = time.perf_counter()
            for name, chunks in parcel.streams(connection, order, Tally()):
                with (Path(folder) / name).open("wb") as file:
                    file.writelines(chunks)
                seconds[name.removesuffix(".csv")] = time.perf_counter() - began
                began = time.perf_counter()
    return seconds


def _bare(url: str, folder: str) -> float:
    began = time.perf_counter()
    with (Path(folder) / "floor.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        if url.startswith("sqlite"):
            connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            writer.writerows(connection.execute(ROWS))
        else:
            with (
                psycopg.connect(people.floor_database(url)) as connection,
                connection.cursor(name="bare") as cursor,
            ):
                cursor.itersize = 5000
                cursor.execute(ROWS)
                writer.writerows(cursor)
    return time.perf_counter() - began


def _copy(url: str, folder: str) -> float:
    began = time.perf_counter()
    with (
        (Path(folder) / "copy.csv").open("wb") as file,
        psycopg.connect(people.floor_database(url)) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({ROWS}) TO STDOUT WITH CSV") as copy,
    ):
        file.writelines(copy)
    return time.perf_counter() - began


def _labelled(kind: str) -> tuple[float, float]:
    """Seconds of ours from rows to file, and of pyreadstat with a frame that is there already."""
    import polars
    import pyreadstat

    from remote_training.studies.load import load

    table = next(one for one in tables(load(), shows_arm=True) if one.name == "answers_long")
    moment = "2026-01-01T00:00:00Z"
    rows = [
        (
            "T0001",
            "w0",
            0,
            INSTRUMENT,
            "1.0",
            "en",
            "t",
            f"phq{n % 10}",
            n % 4,
            None,
            moment,
            moment,
        )
        for n in range(LABELLED)
    ]
    batches = [rows[start : start + 5000] for start in range(0, len(rows), 5000)]
    began = time.perf_counter()
    for _ in labelled_files.written(table, batches, Format(kind), made_at=clock.now()):
        pass
    ours = time.perf_counter() - began
    frame = polars.DataFrame(rows, schema=_plain(table), orient="row").drop("missing")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        began = time.perf_counter()
        if kind == Format.SAV:
            pyreadstat.write_sav(frame, Path(folder) / "floor.sav", row_compress=True)
        else:
            missing = {"value": ["a"]}
            values = polars.Series("value", frame["value"].to_list(), dtype=polars.Object)
            frame = frame.with_columns(values)
            began = time.perf_counter()
            path = Path(folder) / "floor.dta"
            pyreadstat.write_dta(frame, path, version=14, missing_user_values=missing)
        return ours, time.perf_counter() - began


def _plain(table: Table) -> dict[str, Any]:
    import polars

    return {
        column.name: polars.Int64 if column.is_number else polars.String for column in table.columns
    }
