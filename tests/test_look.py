"""What the style sheet of her pages promises (look.md: text of 20 px and more)."""

from __future__ import annotations

import re
from pathlib import Path

LOOK = Path(__file__).resolve().parents[1] / "static" / "look.css"


def test_no_text_on_her_pages_is_smaller_than_20_px() -> None:
    screen = LOOK.read_text(encoding="utf-8").split("@media print")[0]
    rules = re.findall(r"([^{}]+)\{[^{}]*font-size:\s*([\d.]+)(\w+|%)", screen)
    small = [
        selector.strip()
        for selector, size, unit in rules
        if ".wide" not in selector and float(size) < {"%": 125, "px": 20}.get(unit, 1)
    ]
    assert rules
    assert small == []


def test_a_long_word_in_large_print_stays_inside_its_answer() -> None:
    answer = re.search(r"^\.answer \{([^}]*)\}", LOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert answer is not None
    assert "overflow-wrap: anywhere" in answer[1]
