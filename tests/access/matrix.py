"""The reviewed file: for every route, method and role whether it may be done."""

from __future__ import annotations

import csv
from pathlib import Path

FILE = Path(__file__).parent / "matrix.csv"
COLUMNS = ("method", "route", "role", "decision")
UNKNOWN = "?"

Cell = tuple[str, str, str]


def read() -> dict[Cell, str]:
    """The decision of each cell."""
    if not FILE.exists():
        return {}
    with FILE.open(newline="") as lines:
        return {
            (line["method"], line["route"], line["role"]): line["decision"]
            for line in csv.DictReader(lines)
        }


def write(decisions: dict[Cell, str]) -> None:
    """Write the file, its lines in the order they are given."""
    with FILE.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*cell, decision) for cell, decision in decisions.items())
