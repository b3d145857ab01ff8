"""A study's licensed wording: one file completes the structure of one instrument.

The files stand in a folder of their own, outside the repository. One that is there never
changes: answers were given under it. A changed text is a new wording version, and the
translation gets another name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import Field

from remote_training.core import definitions
from remote_training.core.definitions import Part
from remote_training.instruments.checks import incomplete, unseen
from remote_training.instruments.errors import WrongWording
from remote_training.instruments.files import (
    VERSION,
    Code,
    InstrumentFile,
    TranslationId,
    Words,
    may_be_absent,
)

CODE = Path(__file__).resolve().parents[1]  # goes out to everybody
CHECKOUT = CODE.parent  # and so does this, where it is the repository; only `var` stays here


class Permission(Part):
    """Who granted what to which study: without it nothing is taken in."""

    granted_by: str = Field(pattern=r"\S")
    granted_to: str = Field(pattern=r"\S")
    study: str = Field(pattern=r"\S")
    granted_on: date
    reference: str = Field(pattern=r"\S")


class WordingFile(Part):
    """The words of an instrument in the languages of `translations`.

    Attributes
    ----------
    version
        Of the structure that it completes.
    wording_version
        Its own; the highest one is shown.
    translations
        By language, the owner's name for the translation. It is kept with every answer.
    """

    instrument: Code
    version: str = Field(pattern=VERSION)
    wording_version: str = Field(pattern=VERSION)
    permission: Permission
    translations: dict[str, TranslationId] = Field(min_length=1)
    title: Words
    about: Words = {}
    credit: Words = {}
    stems: dict[str, Words] = {}
    answers: dict[str, dict[str, Words]] = {}
    items: dict[str, Words]
    not_applicable: dict[str, Words] = {}

    @property
    def name(self) -> str:
        """The name of the file in the folder."""
        return f"{self.instrument}__{self.version}__{self.wording_version}.toml"

    def texts(self) -> dict[str, Words]:
        """All wording, by the places that the structure has for it."""
        found = {"title": self.title, "about": self.about, "credit": self.credit}
        found |= {f"stem {code}": words for code, words in self.stems.items()}
        for name, answers in self.answers.items():
            for place, words in answers.items():
                found[f"answers {name}, {_answer(place)}"] = words
        found |= {f"item {code}": words for code, words in self.items.items()}
        found |= {f"item {code}, not_applicable": w for code, w in self.not_applicable.items()}
        return {place: words for place, words in found.items() if words or place == "title"}


def _answer(place: str) -> str:
    return place if place.endswith("_word") else f"choice {place}"


def order(version: str) -> tuple[int, ...]:
    """Versions in the order of their numbers."""
    return tuple(int(part) for part in version.split("."))


def read(path: Path) -> WordingFile:
    """Read one file; raises `WrongWording`. Whether it fits a structure is asked by `faults`."""
    return definitions.read(path, WordingFile, WrongWording)


def faults(wording: WordingFile, structure: InstrumentFile) -> list[str]:
    """One sentence for everything in which the wording does not fit the structure."""
    return [
        *(
            f"translations: {code!r} is shipped with the platform, and stays as it is."
            for code in wording.translations
            if structure.is_shipped and code in structure.title
        ),
        *_incomplete(wording, structure),
        *(fault for place, words in wording.texts().items() for fault in unseen(place, words)),
    ]


def _incomplete(wording: WordingFile, structure: InstrumentFile) -> Iterator[str]:
    given, wanted = wording.texts(), structure.texts()
    languages = list(wording.translations)
    for place, words in wanted.items():
        spoken = given.get(place, {})
        if spoken or not may_be_absent(place):
            own = words if place.endswith("not_applicable") else {}
            missing = [code for code in languages if code in spoken or not own.get(code)]
            yield from incomplete(place, spoken, missing, "translations")
    for place in given:
        if place not in wanted:
            yield f"{place} is not known in {structure.code} {structure.version}."


def kept(folder: Path | None) -> list[WordingFile]:
    """Everything that has been taken in, the oldest wording version of each first."""
    if folder is None or not folder.is_dir():
        return []
    found = [read(path) for path in sorted(folder.glob("[!.]*.toml"))]
    return sorted(found, key=lambda w: (w.instrument, order(w.version), order(w.wording_version)))


def take_in(path: Path, folder: Path, structures: Sequence[InstrumentFile]) -> WordingFile:
    """Check a file, and keep a copy of it in the folder; the same file again changes nothing.

    Raises
    ------
    WrongWording
        It names no permission, does not fit the structure, or says something else than what is
        kept under the same wording version or the same name of a translation.
    """
    wording = read(path)
    known = {(structure.code, structure.version): structure for structure in structures}
    structure = known.get((wording.instrument, wording.version))
    if structure is None:
        unknown = f"there is no instrument {wording.instrument} {wording.version}."
        raise WrongWording(path.name, [unknown])
    wrong = faults(wording, structure)
    before = [
        one
        for one in kept(folder)
        if (one.instrument, one.version) == (wording.instrument, wording.version)
    ]
    wrong += _against(wording, before)
    if _goes_out(folder.resolve()):
        wrong.append("the folder for wording (WORDING_DIR) must not be inside the code.")
    if wrong:
        raise WrongWording(path.name, wrong)
    if wording not in before:
        _write(folder, wording.name, path.read_bytes())
    return wording


def _goes_out(folder: Path) -> bool:
    """Whether what is kept there could reach everybody with the code."""
    if folder.is_relative_to(CODE):
        return True
    is_ours = (CHECKOUT / ".git").exists() and folder.is_relative_to(CHECKOUT)
    return is_ours and not folder.is_relative_to(CHECKOUT / "var")


def _against(wording: WordingFile, before: Sequence[WordingFile]) -> Iterator[str]:
    mine = wording.wording_version
    for one in before:
        other = one.wording_version
        if other == mine and one != wording:
            yield f"wording version {mine} is here already, with another content: give a new one."
        if order(other) > order(mine):
            yield f"wording version {mine} is older than {other}, which is here already."
        for code, name in wording.translations.items():
            is_known = other != mine and one.translations.get(code) == name
            if is_known and not _same(one, wording, code):
                yield (
                    f"translations: {name!r} is here already in wording version {other}, "
                    "in other words; a changed text needs another name."
                )


def _same(one: WordingFile, other: WordingFile, language: str) -> bool:
    """Whether both say the same in a language."""
    spoken = [
        {place: words[language] for place, words in file.texts().items() if language in words}
        for file in (one, other)
    ]
    return spoken[0] == spoken[1]


def _write(folder: Path, name: str, content: bytes) -> None:
    """Whole or not at all, and never over a file that is there: two imports at once do not mix."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(dir=folder, prefix=".", suffix=".part") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, folder / name)
        except FileExistsError:
            sentence = "somebody took in this wording version at this very moment; look again."
            raise WrongWording(name, [sentence]) from None
