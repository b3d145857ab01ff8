"""The codebook, made from the dictionary that the files are made from: rows, and a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from remote_training.exports.dictionary import Column, Table
from remote_training.exports.reasons import TOLD
from remote_training.studies.load import Study

PAGE = "codebook.html"


def rows(tables: Sequence[Table]) -> Iterator[Sequence[str]]:
    """A row for each column of the tables, in their order."""
    for table in tables:
        for column in table.columns:
            yield (
                table.name,
                column.name,
                column.label,
                column.type,
                column.unit,
                column.range,
                "; ".join(said(code, words) for code, words in column.codes.items()),
                column.missing,
                column.rule,
                column.source,
                "; ".join(missing_codes(column)),
                column.loinc,
                column.cdisc,
            )


def value_labels(tables: Sequence[Table]) -> Iterator[Sequence[str]]:
    """A row for each code of each column, then for each reason why a value of it is missing.

    A column that only CSV files have, because it says why another one has no value, has
    nothing in the columns for SPSS and Stata.
    """
    for table in tables:
        for column in table.columns:
            for code, words in column.codes.items():
                elsewhere = "" if column.why_of else code
                is_missing = "1" if column.why_of else "0"
                yield table.name, column.name, code, words, is_missing, elsewhere, elsewhere
            for reason in column.reasons:
                told = TOLD[reason]
                yield (
                    table.name, column.name, str(reason), told.label, "1",
                    str(told.spss), f".{told.stata}",
                )  # fmt: skip


def page(tables: Sequence[Table], study: Study, *, made_at: str, shows_arm: bool) -> str:
    """The same as one page that stands alone: to be read, searched and printed."""
    template = _environment.get_template(f"{PAGE}.jinja")
    return template.render(tables=tables, study=study, made_at=made_at, shows_arm=shows_arm)


def missing_codes(column: Column) -> list[str]:
    """`not_due (-91, .a) = not due: ...` for each reason that can stand in place of a value."""
    return [
        f"{reason} ({TOLD[reason].spss}, .{TOLD[reason].stata}) = {TOLD[reason].label}"
        for reason in column.reasons
    ]


def said(code: str, words: str) -> str:
    """`0 = no`; a code without words alone."""
    return f"{code} = {words}" if words else code


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "files"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals |= {"said": said, "reasons": TOLD}
