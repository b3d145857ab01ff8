"""The data dictionary: which tables, which columns in which order, what each one means.

Whatever writes a file asks here: the CSV files, those for SPSS and Stata, and the codebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from remote_training.core import definitions
from remote_training.core.definitions import Part, WrongDefinition
from remote_training.exports import codes, items
from remote_training.exports.items import Asked
from remote_training.exports.names import PATTERN
from remote_training.exports.reasons import OF_ANSWERS, Reason
from remote_training.studies.load import Study

TABLES = (
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
)
CODEBOOK = "codebook"
VALUE_LABELS = "value_labels"
Kind = Literal["text", "code", "flag", "integer", "number", "date", "moment"]


class Column(Part):
    """One column. `missing` says what an empty value means.

    Attributes
    ----------
    codes
        What the values stand for: of a `code` text, of any other kind numbers.
    why_of
        The column whose missing values this one gives the reason for. It is there in CSV
        files; those for SPSS and Stata have the reason in place of the value.
    reasons
        The reasons that can stand in place of a value here.
    unblinded
        True where only somebody who may see the arm gets it.
    """

    name: str = Field(pattern=PATTERN)
    label: str
    type: Kind
    unit: str = ""
    range: str = ""
    codes: dict[str, str] = {}
    missing: str
    rule: str = ""
    source: str
    unblinded: bool = False
    why_of: str = ""
    reasons: tuple[Reason, ...] = ()
    loinc: str = ""
    cdisc: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers; codes are text, also where they look like numbers."""
        return self.type in ("flag", "integer", "number")


class Table(Part):
    """One table, its columns in their frozen order."""

    name: str
    label: str
    unblinded: bool = False
    columns: tuple[Column, ...]

    @property
    def header(self) -> list[str]:
        """The names of the columns, as the first line of its CSV file has them."""
        return [column.name for column in self.columns]


def tables(study: Study, *, shows_arm: bool) -> Sequence[Table]:
    """The tables of a data set; somebody who is blinded gets fewer tables and columns.

    `study` is what of it she may see: see `blinding.visible`.
    """
    return [
        _complete(_read(name), study, shows_arm=shows_arm) for name in names(shows_arm=shows_arm)
    ]


def names(*, shows_arm: bool) -> list[str]:
    """The names of these tables."""
    return [name for name in TABLES if shows_arm or not _read(name).unblinded]


def codebook() -> Table:
    """The columns of the codebook itself."""
    return _read(CODEBOOK)


def value_labels() -> Table:
    """The columns of the table of value labels."""
    return _read(VALUE_LABELS)


def withheld() -> Mapping[str, Sequence[str]]:
    """What somebody who is blinded does not get: by table, its columns, or none for all of it."""
    whole = [_read(name) for name in TABLES]
    found = {
        table.name: [] if table.unblinded else [c.name for c in table.columns if c.unblinded]
        for table in whole
    }
    return {
        table.name: found[table.name] for table in whole if table.unblinded or found[table.name]
    }


@lru_cache
def _read(name: str) -> Table:
    path = Path(__file__).parent / "files" / f"{name}.toml"
    return definitions.read(path, Table, WrongDefinition)


def _complete(table: Table, study: Study, *, shows_arm: bool) -> Table:
    """With the codes of this study, and in `answers_wide` with a column for each of its items."""
    columns = [
        column.model_copy(update=codes.told(table.name, column.name, study) or {})
        for column in table.columns
        if shows_arm or not column.unblinded
    ]
    if table.name == "answers_wide":
        for asked in items.items(study):
            columns += [_value(asked), _why(asked)]
    return table.model_copy(update={"columns": tuple(columns)})


def _value(asked: Asked) -> Column:
    item, instrument = asked.item, asked.instrument
    return Column(
        name=asked.name,
        label=asked.text,
        type="integer",
        range=f"{item.low} to {item.high}",
        codes=dict(asked.answers),
        missing=f"see {asked.why_name}",
        source=f"{instrument.code} {instrument.version}, item {item.code}",
        reasons=tuple(OF_ANSWERS),
        loinc=item.codes.loinc or "",
        cdisc=item.codes.cdisc or "",
    )


def _why(asked: Asked) -> Column:
    return Column(
        name=asked.why_name,
        label=f"Why {asked.name} has no value",
        type="code",
        codes=codes.of_reasons(OF_ANSWERS),
        missing=f"empty: {asked.name} has a value",
        source="computed",
        why_of=asked.name,
    )
