"""The languages: texts found in code and templates, and their translations.

English is the language of the source; each other language has a `messages.po` that
people edit and a `messages.mo` that the platform reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1]
TRANSLATIONS = PACKAGE / "translations"
TEMPLATES = PACKAGE.parent / "templates"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "_l": None,
    "say": None,
    "translated": None,
}
GAP = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def update() -> Iterator[tuple[str, int]]:
    """Bring every `messages.po` in line with the texts; yields language and texts to translate."""
    texts = extract()
    for path in _sources():
        catalog = _read(path)
        created = catalog.creation_date
        catalog.update(texts, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.creation_date = catalog.revision_date = created
        catalog.last_translator, catalog.language_team = "the team", _language(path)
        catalog.msgid_bugs_address = ""
        with path.open("wb") as file:
            write_po(
                file, catalog, sort_output=True, no_location=True, omit_header=False, width=110
            )
        yield _language(path), sum(1 for message in _texts(catalog) if not all(_strings(message)))


def compile_all() -> Iterator[str]:
    """Write every `messages.mo`; yields the languages."""
    for path in _sources():
        path.with_suffix(".mo").write_bytes(_compiled(_read(path)))
        yield _language(path)


def faults() -> list[str]:
    """Sentences about what is missing, outdated or not compiled, in order."""
    wanted = {message.id for message in _texts(extract())}
    return [fault for path in _sources() for fault in _faults_of(path, wanted)]


def extract() -> Catalog:
    """All texts of code and templates."""
    catalog = Catalog(fuzzy=False)
    code = extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS)
    pages = extract_from_dir(
        TEMPLATES,
        [("**", "jinja2")],
        {"**": {"encoding": "utf-8", "silent": "false"}},
        keywords=KEYWORDS,
    )
    for _file, _line, text, _comments, _context in [*code, *pages]:
        catalog.add(text)
    return catalog


def _faults_of(path: Path, wanted: set[Any]) -> Iterator[str]:
    language, catalog = _language(path), _read(path)
    known = {message.id: message for message in _texts(catalog)}
    for text in sorted(map(str, wanted - known.keys())):
        yield f"{language}: not in messages.po: {text!r}"
    for message in known.values():
        yield from _faults_of_text(language, message)
    compiled = path.with_suffix(".mo")
    if not compiled.is_file() or compiled.read_bytes() != _compiled(catalog):
        yield f"{language}: messages.mo is not messages.po compiled"


def _faults_of_text(language: str, message: Message) -> Iterator[str]:
    strings = _strings(message)
    ids = message.id if isinstance(message.id, (list, tuple)) else [message.id]
    if not all(strings):
        yield f"{language}: not translated: {message.id!r}"
    elif _gaps(strings) != _gaps(ids):
        yield f"{language}: another gap than in the text: {message.id!r}"


def _gaps(texts: Sequence[Any]) -> set[str]:
    return {gap for text in texts for gap in GAP.findall(str(text))}


def _sources() -> list[Path]:
    return sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


def _language(path: Path) -> str:
    return path.parts[-3]


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=_language(path))


def _texts(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _compiled(catalog: Catalog) -> bytes:
    target = BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def _strings(message: Message) -> list[str]:
    """What stands for a text: one string, or one for each number."""
    if isinstance(message.string, (list, tuple)):
        return list(message.string)
    return [message.string or ""]
