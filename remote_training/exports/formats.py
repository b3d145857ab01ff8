"""The formats of a data set."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """CSV streams. SPSS and Stata files are made whole, in memory, by their library."""

    CSV = "csv"
    SAV = "sav"
    DTA = "dta"

    @property
    def program(self) -> str:
        """The program that reads it, as researchers call it."""
        return {"csv": "CSV", "sav": "SPSS", "dta": "Stata"}[self.value]
