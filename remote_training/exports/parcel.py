"""A data set on its way out: files as streams of bytes, counted and fingerprinted.

No row of a CSV file becomes an object, no file is held in memory: rows go from a cursor on
the database through csv.writer, some thousand at a time. What is worked out sitting by
sitting holds one sitting.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED

import sqlalchemy as sa
from zipstream import ZipStream

from remote_training import __version__
from remote_training.attendance import courses
from remote_training.core.db import snapshot
from remote_training.exports import (
    blinding,
    codebook,
    comma_files,
    dictionary,
    doses,
    labelled_files,
    scores,
    sheets,
    sittings,
    wide,
)
from remote_training.exports.dictionary import Table
from remote_training.exports.extent import Extent, extent
from remote_training.exports.formats import Format
from remote_training.studies.load import Study

MANIFEST = "manifest.json"
WHY = (
    "Who holds a place in a class shows the arm, and so does what happened there: those on the "
    "waiting list hold none in their first weeks. A time-point or a questionnaire that only some "
    "arms have shows it too."
)
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Order:
    """What was asked for: the data of which sites, with or without the arm, made when, as what."""

    study: Study
    sites: dict[str, UUID]
    shows_arm: bool
    made_at: datetime
    format: Format

    @property
    def name(self) -> str:
        """The name of the data set as a file: study, blinded or not, moment; nobody's name."""
        kind = "with-arm" if self.shows_arm else "blinded"
        return f"{self.study.code.lower()}-{kind}-{self.made_at:%Y%m%dT%H%M%SZ}"

    @property
    def seen(self) -> Study:
        """What of the study may be seen."""
        return blinding.visible(self.study, shows_arm=self.shows_arm)


@dataclass
class Tally:
    """What left: for each file its rows (without a header; None for a page) and SHA-256."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def counted(self, batches: Iterable[Rows], name: str) -> Iterator[Rows]:
        """The same batches; how many rows they had is noted."""
        note = self.files.setdefault(name, {"rows": 0})
        for batch in batches:
            note["rows"] += len(batch)
            yield batch

    def fingerprinted(self, chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
        """The same chunks; the fingerprint of all is noted after the last."""
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
            yield chunk
        self.files.setdefault(name, {"rows": None})["sha256"] = digest.hexdigest()


def names(kind: Format, *, shows_arm: bool) -> list[str]:
    """The files of a data set, in the order in which they leave."""
    tables = [f"{name}.{kind}" for name in dictionary.names(shows_arm=shows_arm)]
    told = [f"{name}.csv" for name in (dictionary.CODEBOOK, dictionary.VALUE_LABELS)]
    return [*tables, *told, codebook.PAGE, MANIFEST]


def streams(
    connection: sa.Connection, order: Order, tally: Tally
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each file with its bytes, to be read one after the other; the manifest comes last."""
    study, made_at = order.seen, order.made_at
    reach = extent(
        connection,
        list(order.sites.values()),
        study=order.study,
        shows_arm=order.shows_arm,
        now=made_at,
    )
    tables = dictionary.tables(study, shows_arm=order.shows_arm)
    for table in tables:
        name = f"{table.name}.{order.format}"
        batches = tally.counted(_rows(connection, table, reach, study), name)
        if order.format is Format.CSV:
            chunks = comma_files.written(table, batches)
        else:
            chunks = labelled_files.written(table, batches, order.format, made_at=made_at)
        yield name, tally.fingerprinted(chunks, name)
    for about, rows in (
        (dictionary.codebook(), codebook.rows(tables)),
        (dictionary.value_labels(), codebook.value_labels(tables)),
    ):
        name = f"{about.name}.csv"
        chunks = comma_files.written(about, tally.counted([list(rows)], name))
        yield name, tally.fingerprinted(chunks, name)
    page = codebook.page(tables, study, made_at=_moment(made_at), shows_arm=order.shows_arm)
    yield codebook.PAGE, tally.fingerprinted([page.encode()], codebook.PAGE)
    yield MANIFEST, tally.fingerprinted(_manifest(order, tally), MANIFEST)


def write(engine: sa.Engine, order: Order, folder: Path) -> Tally:
    """Write the files into a folder, each in place only when it is whole.

    Files of ours from an earlier data set in this format are replaced or removed: an older
    file would not belong to the others. What else lies there is left alone.
    """
    tally = Tally()
    folder.mkdir(parents=True, exist_ok=True)
    known = names(order.format, shows_arm=True)
    parts = {name: folder / f".{name}.part" for name in known}
    try:
        with snapshot(engine) as connection:
            for name, chunks in streams(connection, order, tally):
                with parts[name].open("wb") as file:
                    file.writelines(chunks)
        for name, part in parts.items():
            if name in tally.files:
                part.replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return tally


def write_zip(engine: sa.Engine, order: Order, folder: Path) -> Tally:
    """Write one zip archive into a folder, in place only when it is whole."""
    tally = Tally()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{order.name}.zip.part"
    try:
        with part.open("wb") as file:
            file.writelines(zipped(engine, order, tally))
        part.replace(folder / f"{order.name}.zip")
    finally:
        part.unlink(missing_ok=True)
    return tally


def zipped(engine: sa.Engine, order: Order, tally: Tally) -> Iterator[bytes]:
    """The files as one zip archive, made while it leaves."""
    with snapshot(engine) as connection:
        archive = ZipStream(compress_type=ZIP_DEFLATED, compress_level=6)
        for name, chunks in streams(connection, order, tally):
            archive.add(chunks, f"{order.name}/{name}")
        yield from archive


def _rows(connection: sa.Connection, table: Table, reach: Extent, study: Study) -> Iterator[Rows]:
    """The rows of a table in pieces, only the columns that the table has here."""
    if table.name == "answers_wide":
        return _batches(wide.rows(sittings.sittings(connection, reach), study))
    if table.name == "scores":
        return _batches(scores.rows(sittings.sittings(connection, reach)))
    if table.name in doses.ROWS:
        found = courses.courses(connection, reach.people, study=study, now=reach.now)
        return _batches(doses.ROWS[table.name](found))
    select = sheets.SHEETS[table.name](reach)
    columns = {column.name: column for column in select.selected_columns}
    chosen = select.with_only_columns(
        *(columns[name] for name in table.header), maintain_column_froms=True
    )
    return _selected(connection, chosen)


def _selected(connection: sa.Connection, chosen: sa.Select[Any]) -> Iterator[Rows]:
    with connection.execute(chosen, execution_options={"yield_per": sheets.AT_A_TIME}) as found:
        yield from found.partitions()


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[Rows]:
    rows = iter(rows)
    while batch := list(islice(rows, sheets.AT_A_TIME)):
        yield batch


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _manifest(order: Order, tally: Tally) -> Iterator[bytes]:
    """What left; asked for when all else has."""
    study = order.study
    content = {
        "study": {"code": study.code, "title": study.title, "version": study.version},
        "program": {"name": "remote-training", "version": __version__},
        "made_at": _moment(order.made_at),
        "format": order.format.value,
        "sites": sorted(order.sites),
        "blinded": not order.shows_arm,
        "withheld": {} if order.shows_arm else {"why": WHY, "files": dict(dictionary.withheld())},
        "files": dict(tally.files),
    }
    yield (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
