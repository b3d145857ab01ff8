"""A data set on its way out: files as streams of bytes, counted and fingerprinted.

No row becomes an object, no file is held in memory: rows go from a cursor on the
database through csv.writer, some thousand at a time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED

import sqlalchemy as sa
from zipstream import ZipStream

from remote_training import __version__
from remote_training.core.db import snapshot
from remote_training.exports import blinding, dictionary, sheets
from remote_training.exports.dictionary import CODEBOOK, File
from remote_training.studies.load import Study

MANIFEST = "manifest.json"
AT_A_TIME = 5000
WHY = (
    "Who holds a place in a class shows the arm: those on the waiting list hold none in "
    "their first weeks. A time-point or a questionnaire that only some arms have shows it too."
)


@dataclass(frozen=True)
class Order:
    """What was asked for: the data of which sites, with or without the arm, made when."""

    study: Study
    sites: dict[str, UUID]
    shows_arm: bool
    made_at: datetime

    @property
    def name(self) -> str:
        """The name of the data set as a file: study, blinded or not, moment; nobody's name."""
        kind = "with-arm" if self.shows_arm else "blinded"
        return f"{self.study.code.lower()}-{kind}-{self.made_at:%Y%m%dT%H%M%SZ}"


@dataclass
class Tally:
    """What left: for each file its rows (without the header; none for the manifest) and SHA-256."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def names(*, shows_arm: bool) -> list[str]:
    """The files of a data set, in the order in which they leave."""
    return [*(file.name for file in dictionary.files(shows_arm=shows_arm)), MANIFEST]


def streams(
    connection: sa.Connection, order: Order, tally: Tally
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each file with its bytes, to be read one after the other; the manifest comes last."""
    extent = sheets.extent(
        connection,
        list(order.sites.values()),
        study=order.study,
        shows_arm=order.shows_arm,
        now=order.made_at,
    )
    study = blinding.visible(order.study, shows_arm=order.shows_arm)
    chosen = dictionary.files(shows_arm=order.shows_arm)
    for file in chosen:
        if file.name == CODEBOOK:
            batches: Iterable[Sequence[Any]] = [list(dictionary.codebook(chosen, study))]
        else:
            batches = _rows(connection, file, extent)
        yield file.name, _csv(file, batches, tally)
    yield MANIFEST, _manifest(order, tally)


def write(engine: sa.Engine, order: Order, folder: Path) -> Tally:
    """Write the files into a folder, each in place only when it is whole.

    Files of ours from an earlier data set are replaced or removed: an older file would
    not belong to the others. What else lies there is left alone.
    """
    tally = Tally()
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: folder / f".{name}.part" for name in names(shows_arm=True)}
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


def zipped(engine: sa.Engine, order: Order, tally: Tally) -> Iterator[bytes]:
    """The files as one zip archive, made while it leaves."""
    with snapshot(engine) as connection:
        archive = ZipStream(compress_type=ZIP_DEFLATED, compress_level=6)
        for name, chunks in streams(connection, order, tally):
            archive.add(chunks, f"{order.name}/{name}")
        yield from archive


def _rows(connection: sa.Connection, file: File, extent: sheets.Extent) -> Iterator[Sequence[Any]]:
    """The rows of a file in pieces, only the columns that the file has here."""
    select = sheets.SHEETS[file.name](extent)
    columns = {column.name: column for column in select.selected_columns}
    chosen = select.with_only_columns(
        *(columns[name] for name in file.header), maintain_column_froms=True
    )
    streamed = connection.execution_options(yield_per=AT_A_TIME)
    yield from streamed.execute(chosen).partitions()


def _csv(file: File, batches: Iterable[Sequence[Any]], tally: Tally) -> Iterator[bytes]:
    """RFC 4180, UTF-8 without a mark, the header always there."""
    digest, count = hashlib.sha256(), 0
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(file.header)
    for batch in batches:
        writer.writerows(batch)
        count += len(batch)
        yield _taken(buffer, digest)
    yield _taken(buffer, digest)
    tally.files[file.name] = {"rows": count, "sha256": digest.hexdigest()}


def _taken(buffer: io.StringIO, digest: Any) -> bytes:
    chunk = buffer.getvalue().encode("utf-8")
    buffer.seek(0)
    buffer.truncate()
    digest.update(chunk)
    return chunk


def _manifest(order: Order, tally: Tally) -> Iterator[bytes]:
    study = order.study
    content = {
        "study": {"code": study.code, "title": study.title, "version": study.version},
        "program": {"name": "remote-training", "version": __version__},
        "made_at": f"{order.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "sites": sorted(order.sites),
        "blinded": not order.shows_arm,
        "withheld": {} if order.shows_arm else {"why": WHY, "files": dict(dictionary.withheld())},
        "files": dict(tally.files),
    }
    chunk = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    tally.files[MANIFEST] = {"rows": None, "sha256": hashlib.sha256(chunk).hexdigest()}
    yield chunk
