"""Scoring a whole file: answers, a row per person, to scores. Row by row, however long it is."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from remote_training.core import definitions
from remote_training.instruments.errors import WrongAnswers
from remote_training.instruments.model import Instrument, Item
from remote_training.instruments.scales import Rule
from remote_training.instruments.scoring import Value, scores

WHOLE = re.compile(r"([0-9]+)(?:\.0+)?")  # spreadsheets and data frames write 2 as 2.0
LONGEST_CELL = 1_000_000


@dataclass(frozen=True)
class Scored:
    """What came of a file: how many rows, and the columns that scores have replaced."""

    rows: int
    replaced: Sequence[str]


@dataclass(frozen=True)
class _Row:
    """One line of the file, by the names of its columns."""

    line: int
    cells: Mapping[str, str]


def score_file(
    instrument: Instrument, source: Path, target: Path, *, rule: Rule | None = None
) -> Scored:
    """Read answers from a CSV file and write the scores to another one.

    The columns of answers are the codes of the items; blank is missing. Columns that are
    neither answers nor scores are copied. The target appears when all is well, or not at all;
    through a link it is written where the link leads, and what is no file, such as a pipe, is
    written into.

    Raises
    ------
    WrongAnswers
        Names the line and the column that cannot be read.
    NoSuchRule
        The instrument does not offer the rule.
    """
    scores(instrument, {}, rule=rule)  # the rule is refused before anything is read
    try:
        place = _place(source, target)
        with source.open(encoding="utf-8-sig", newline="") as file:
            return _written(instrument, source.name, file, place, rule)
    except UnicodeDecodeError:
        raise WrongAnswers(source.name, ["is not text in UTF-8."]) from None
    except OSError as error:
        name = target.name if error.filename != str(source) else source.name
        raise WrongAnswers(name, [f"cannot be read or written ({error.strerror})."]) from error


def _place(source: Path, target: Path) -> Path:
    """Where the scores go in the end: where a link leads, or into what is no file."""
    if target.exists() and target.samefile(source):
        raise WrongAnswers(target.name, ["is the file with the answers; write to another one."])
    if _is_stream(target):
        return target
    try:
        place = target.resolve()
    except RuntimeError:
        raise WrongAnswers(target.name, ["is a link that leads back to itself."]) from None
    if not place.parent.is_dir():
        raise WrongAnswers(target.name, [f"the folder {place.parent} is not there."])
    return place


def _written(
    instrument: Instrument, name: str, file: IO[str], target: Path, rule: Rule | None
) -> Scored:
    rows = _rows(name, file)
    header = list(next(rows).cells)
    items, facts = instrument.counted(), list(_facts(instrument))
    _require_columns(instrument, name, header)
    found = [scale.code for scale in instrument.scales]
    answered = {item.code for item in items}
    copied = [column for column in header if column not in answered and column not in found]
    count = 0
    folder = None if _is_stream(target) else target.parent
    with NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=folder, prefix=".", delete=False
    ) as part:
        try:
            writer = csv.writer(part, lineterminator="\n")
            writer.writerow([*copied, *found])
            for row in rows:
                answers = {item.code: _points(name, row, item) for item in items}
                known = {fact: _fact(name, row, fact, instrument) for fact in facts}
                made = scores(instrument, answers, rule=rule, facts=known)
                values = (_text(made[code].value) for code in found)
                writer.writerow([*(row.cells[column] for column in copied), *values])
                count += 1
            part.close()
            _put(Path(part.name), target)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    return Scored(count, [column for column in header if column in found])


def _is_stream(target: Path) -> bool:
    """Whether it is there and no file: a pipe, a device. It is written into, never replaced."""
    return target.exists() and not target.is_file()


def _put(made: Path, target: Path) -> None:
    """The file appears with the rights of any new file, not those of a temporary one."""
    if _is_stream(target):
        with made.open("rb") as content, target.open("wb") as stream:
            shutil.copyfileobj(content, stream)
        made.unlink()
        return
    mask = os.umask(0)
    os.umask(mask)
    made.chmod(0o666 & ~mask)
    made.replace(target)


def _rows(name: str, file: IO[str]) -> Iterator[_Row]:
    """The header, as a row of its own names, and then each line that is not empty."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(file, strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
        if definitions.twice(header):
            twice = definitions.twice(header)[0]
            raise WrongAnswers(name, [f"the column {twice!r} stands twice."])
        yield _Row(1, {column: column for column in header})
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                wrong = f"line {reader.line_num}: {len(cells)} columns instead of {len(header)}."
                raise WrongAnswers(name, [wrong])
            yield _Row(reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise WrongAnswers(name, [f"line {reader.line_num}: is no CSV ({error})."]) from error


def _facts(instrument: Instrument) -> Mapping[str, Sequence[str]]:
    found = dict(instrument.facts)
    for part in instrument.parts:
        found |= _facts(part)
    return found


def _require_columns(instrument: Instrument, name: str, header: Sequence[str]) -> None:
    wanted = [*(item.code for item in instrument.counted()), *_facts(instrument)]
    missing = [column for column in wanted if column not in header]
    if missing and len(header) == 1 and ";" in header[0]:
        raise WrongAnswers(name, ["line 1: the columns must be separated by commas."])
    if missing:
        raise WrongAnswers(
            name, [f"line 1: the column {column!r} is missing." for column in missing]
        )


def _points(name: str, row: _Row, item: Item) -> int | None:
    cell = row.cells[item.code].strip()
    if not cell:
        return None
    number = WHOLE.fullmatch(cell)
    points = int(number[1]) if number and len(cell) < 16 else None
    if points is None or not item.accepts(points):
        values = item.answers.values()
        raise WrongAnswers(
            name,
            [
                f"line {row.line}, column {item.code!r}: {cell[:40]!r} is no answer; it must be a "
                f"whole number from {min(values)} to {max(values)}, or blank for a missing one."
            ],
        )
    return points


def _fact(name: str, row: _Row, fact: str, instrument: Instrument) -> str | None:
    cell = row.cells[fact].strip()
    values = _facts(instrument)[fact]
    whole = WHOLE.fullmatch(cell)
    value = whole[1] if whole else cell
    if value and value not in values:
        told = ", ".join(values)
        raise WrongAnswers(
            name,
            [f"line {row.line}, column {fact!r}: {cell[:40]!r} must be one of {told}, or blank."],
        )
    return value or None


def _text(value: Value) -> str:
    """Every digit that there is; a whole number without a point."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
