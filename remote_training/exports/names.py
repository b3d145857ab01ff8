"""Names that SPSS, Stata, SAS and R accept: letters, digits and underscores, 32 at the most."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

LONGEST = 32
PATTERN = r"^[a-z](?:[a-z0-9_]{0,30}[a-z0-9])?$"
WHY = "_m"  # behind the name of a column: the column that says why it has no value

Pair = tuple[str, str]


def variables(pairs: Iterable[Pair]) -> Mapping[Pair, str]:
    """The column of each item, by instrument and item: `phq9_phq1` of `phq-9`, `phq1`.

    A name that would be too long, or that is taken already, is cut and ends in six signs
    made from the whole of it. No two are the same, and none is another one with `WHY`.
    """
    found: dict[Pair, str] = {}
    taken: set[str] = set()
    for pair in pairs:
        name = _plain(*pair)
        if len(name + WHY) > LONGEST or {name, name + WHY} & taken:
            name = _marked(name, pair)
        found[pair] = name
        taken |= {name, name + WHY}
    return found


def _plain(instrument: str, item: str) -> str:
    one, other = (
        re.sub(r"[^a-z0-9]+", "_", code.lower()).strip("_") or "x" for code in (instrument, item)
    )
    name = f"{one.replace('_', '')}_{other}"
    return name if name[0].isalpha() else f"q{name}"


def _marked(name: str, pair: Pair) -> str:
    mark = hashlib.sha256(" ".join(pair).encode()).hexdigest()[:6]
    room = LONGEST - len(WHY) - len(mark) - 1
    return f"{name[:room].rstrip('_')}_{mark}"
