"""Files for SPSS and Stata: labels of variables and values, reasons as user-missing values.

`pyreadstat` writes a file from a whole frame: memory grows with the rows. Both libraries
are imported when such a file is asked for, so that nobody else carries them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from remote_training.exports.dictionary import Column, Table
from remote_training.exports.formats import Format
from remote_training.exports.reasons import HIGHEST, LOWEST, TOLD

AT_ONCE = 1 << 20
STATA_14 = 14  # the newest that every Stata since reads
LONGEST_LABEL = {Format.SAV: 250, Format.DTA: 80}  # octets for SPSS, signs for Stata
LONGEST_VALUE_LABEL = {Format.SAV: 120, Format.DTA: 250}
STAMPS = {Format.SAV: "%d %b %y%H:%M:%S", Format.DTA: "%d %b %Y %H:%M"}
STAMPED = {
    Format.SAV: re.compile(rb"(\d\d \w{3} \d\d\d\d:\d\d:\d\d)"),
    Format.DTA: re.compile(rb"<timestamp>\x11(.{17})</timestamp>"),
}
SPSS = {reason.value: told.spss for reason, told in TOLD.items()}
STATA = {reason.value: told.stata for reason, told in TOLD.items()}


def written(
    table: Table, batches: Iterable[Sequence[Any]], kind: Format, *, made_at: datetime
) -> Iterator[bytes]:
    """The bytes of a file; it is whole on the disk before the first of them."""
    with TemporaryDirectory(prefix="data-set-") as folder:
        path = Path(folder) / f"{table.name}.{kind}"
        _write(table, batches, kind, path)
        _date(path, kind, made_at)
        with path.open("rb") as file:
            while chunk := file.read(AT_ONCE):
                yield chunk


def variables(table: Table) -> list[Column]:
    """The columns that such a file has: those with reasons alone are folded into the others."""
    return [column for column in table.columns if not column.why_of]


def _write(table: Table, batches: Iterable[Sequence[Any]], kind: Format, path: Path) -> None:
    import pyreadstat

    frame, columns = _frame(table, batches, kind), variables(table)
    labels: dict[str, str | None]
    labels = {c.name: _cut(c.label, kind, LONGEST_LABEL) for c in columns}
    values = {c.name: found for c in columns if (found := _value_labels(c, kind))}
    with_reasons = [column.name for column in columns if column.reasons]
    if kind is Format.DTA:
        pyreadstat.write_dta(
            frame,
            path,
            version=STATA_14,
            file_label=table.name,
            column_labels=labels,
            variable_value_labels=values,
            missing_user_values={name: list(STATA.values()) for name in with_reasons},
        )
        return
    pyreadstat.write_sav(
        frame,
        path,
        row_compress=True,
        file_label=table.name,
        column_labels=labels,
        variable_value_labels=values,
        missing_ranges={name: [{"lo": LOWEST, "hi": HIGHEST}] for name in with_reasons},
        variable_format={c.name: _spss_format(c) for c in columns if c.is_number},
        variable_measure={c.name: _measure(c) for c in columns},
    )


def _spss_format(column: Column) -> str:
    return "F12.4" if column.type == "number" else "F8.0"


def _frame(table: Table, batches: Iterable[Sequence[Any]], kind: Format) -> Any:
    """All rows as one frame. A column with extended missing values holds numbers and letters."""
    import polars

    columns, places = variables(table), {name: n for n, name in enumerate(table.header)}
    whys = {column.why_of: places[column.name] for column in table.columns if column.why_of}
    mixed: dict[str, list[Any]] = {c.name: [] for c in columns if c.reasons and kind is Format.DTA}
    parts: dict[str, list[Any]] = {c.name: [] for c in columns if c.name not in mixed}
    for batch in ([], *batches):
        across: Sequence[Sequence[Any]] = list(zip(*batch, strict=True)) or [()] * len(places)
        for column in columns:
            values = across[places[column.name]]
            if column.name in whys:
                values = _folded(column, values, across[whys[column.name]], kind)
            if column.name in mixed:
                mixed[column.name] += values
            else:
                parts[column.name].append(_series(column, values))
    found = {name: polars.Series(name, rows, dtype=polars.Object) for name, rows in mixed.items()}
    found |= {name: polars.concat(series) for name, series in parts.items()}
    return polars.DataFrame([found[column.name] for column in columns])


def _folded(
    column: Column, values: Sequence[Any], reasons: Sequence[Any], kind: Format
) -> list[Any]:
    """The value, or what stands for the reason why there is none; numbers of one kind alone."""
    codes: Mapping[str, Any] = SPSS if kind is Format.SAV else STATA
    number = float if column.type == "number" else int
    return [
        number(value) if reason is None else codes[reason]
        for value, reason in zip(values, reasons, strict=True)
    ]


def _series(column: Column, values: Sequence[Any]) -> Any:
    import polars

    if column.type == "moment":
        text = polars.Series(column.name, values, dtype=polars.String)
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us")
    if column.type in ("text", "code"):
        spelled = [None if value is None else str(value) for value in values]
        return polars.Series(column.name, spelled, dtype=polars.String)
    if column.type == "date":
        return polars.Series(column.name, values, dtype=polars.Date)
    kind = polars.Float64 if column.type == "number" else polars.Int64
    return polars.Series(column.name, values, dtype=kind, strict=False)


def _value_labels(column: Column, kind: Format) -> dict[Any, str]:
    """Labels by value. Stata has none for text: the codebook says what its codes stand for."""
    if not column.is_number:
        labels: dict[Any, str] = dict(column.codes) if kind is Format.SAV else {}
    else:
        labels = {int(points): words for points, words in column.codes.items()}
    for reason in column.reasons:
        told = TOLD[reason]
        labels[told.spss if kind is Format.SAV else told.stata] = told.label
    return {
        code: _cut(words or str(code), kind, LONGEST_VALUE_LABEL) for code, words in labels.items()
    }


def _cut(words: str, kind: Format, longest: Mapping[Format, int]) -> str:
    """As much of a label as there is room for; all of it stands in the codebook."""
    room = longest[kind]
    if len(words) <= room and len(words.encode()) <= (room if kind is Format.SAV else 4 * room):
        return words
    if kind is Format.DTA:
        return words[: room - 3] + "..."
    return words.encode()[: room - 3].decode(errors="ignore") + "..."


def _measure(column: Column) -> str:
    if column.type in ("text", "code", "flag"):
        return "nominal"
    return "ordinal" if column.codes else "scale"


def _date(path: Path, kind: Format, made_at: datetime) -> None:
    """Put the moment of the data set in place of the file's own: the same data, the same bytes."""
    with path.open("r+b") as file:
        found = STAMPED[kind].search(file.read(400))
        assert found is not None
        file.seek(found.start(1))
        file.write(f"{made_at:{STAMPS[kind]}}".encode("ascii"))
