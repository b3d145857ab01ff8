"""CSV files: RFC 4180, UTF-8 without a mark, the header always there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from remote_training.exports.dictionary import Table


def written(table: Table, batches: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of a file, a batch of rows at a time."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.header)
    for batch in batches:
        writer.writerows(batch)
        yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    chunk = buffer.getvalue().encode("utf-8")
    buffer.seek(0)
    buffer.truncate()
    return chunk
