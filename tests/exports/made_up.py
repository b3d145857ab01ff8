"""Wording of our own for every questionnaire that is shipped without: nobody's licensed words.

It is awkward on purpose: signs of other scripts, separators, quotes, and more than fits.
"""

from __future__ import annotations

import json
from pathlib import Path

from remote_training.instruments import load
from remote_training.instruments.files import InstrumentFile

AWKWARD = 'Grün; "so", or ἄλλως'
TOO_LONG = " and on" * 60
LANGUAGES = ("en", "nl")


def take_in(folder: Path) -> None:
    """Put the wording there, for `load.look_for_wording_in` or WORDING_DIR."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in load.shipped():
        if file.items and not file.is_shipped:
            path = folder / f"{file.code}__{file.version}__1.toml"
            path.write_text(_written(file), encoding="utf-8")


def _written(file: InstrumentFile) -> str:
    """A wording file that completes a structure."""
    lines = [
        f'instrument = "{file.code}"',
        f'version = "{file.version}"',
        'wording_version = "1"',
        f"title = {_words(f'made-up {file.code}')}",
        "[permission]",
        *(f'{name} = "nobody"' for name in ("granted_by", "granted_to", "study", "reference")),
        "granted_on = 2026-01-05",
        "[translations]",
        *(f'{code} = "made-up-{code}"' for code in LANGUAGES),
        "[stems]",
        *(f"{code} = {_words(f'stem {code}')}" for code in file.stems),
    ]
    for name, answers in file.answers.items():
        lines.append(f"[answers.{name}]")
        for place in answers.words():
            key = place.removeprefix("choice ")
            lines.append(f"{key} = {_words(f'answer {place}')}")
    lines.append("[items]")
    for n, item in enumerate(file.items):
        text = f"{item.code} {AWKWARD}" + (TOO_LONG if n == 0 else "")
        lines.append(f"{item.code} = {_words(text)}")
    lines.append("[not_applicable]")
    spoken = [item.code for item in file.items if item.not_applicable is not None]
    lines += [f"{code} = {_words('not for me')}" for code in spoken]
    return "\n".join(lines) + "\n"


def _words(text: str) -> str:
    told = ", ".join(
        f"{code} = {json.dumps(f'{text} {code}', ensure_ascii=False)}" for code in LANGUAGES
    )
    return f"{{ {told} }}"
