"""Numbers of people as the page shows them, so that nobody can be recognised.

A number under five is not shown, and every other one is rounded to fives. Because each is
rounded by itself, none can be found by taking others away from a total.
"""

from __future__ import annotations

FEWEST_SHOWN = 5


def rounded(number: int) -> int | None:
    """To the nearest five; None where it is too small to show."""
    if number < FEWEST_SHOWN:
        return None
    return 5 * ((number + 2) // 5)
