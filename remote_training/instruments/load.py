"""The catalogue: what can be asked, each instrument read from a file of its own.

A structure without wording is completed by the wording that a study has taken in. Where
that stands is told once, when the app starts (`look_for_wording_in`); what is taken in
later is seen at the next question.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from remote_training.core import definitions
from remote_training.instruments import checks, merge, wordings
from remote_training.instruments.errors import WrongInstrument, WrongWording
from remote_training.instruments.files import InstrumentFile
from remote_training.instruments.model import Instrument as Instrument
from remote_training.instruments.model import Item as Item
from remote_training.instruments.spoken import ItemWording as ItemWording
from remote_training.instruments.spoken import Wording as Wording
from remote_training.instruments.spoken import told as told
from remote_training.instruments.spoken import wording as wording
from remote_training.instruments.wordings import WordingFile, order

SHIPPED = Path(__file__).parent / "catalogue"
Versions = Mapping[tuple[str, str], Instrument]


class Catalogue:
    """Everything that is shipped, with the wording of one folder; None for no folder.

    Read when it is first asked for, and again when a file has come to the folder or gone:
    that costs one look at the folder. While what came does not fit, the last good
    catalogue stays: a file in the wrong place must not end the answering.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._read: tuple[object, Versions, Mapping[str, Instrument]] | None = None

    def versions(self) -> Versions:
        """Every version of every instrument, by code and version, newest last.

        Raises `WrongInstrument` or `WrongWording` where it has never fitted.
        """
        return self._now()[0]

    def newest(self) -> Mapping[str, Instrument]:
        """By code, the newest version that can be shown, or else the newest."""
        return self._now()[1]

    def _now(self) -> tuple[Versions, Mapping[str, Instrument]]:
        seen = self._seen()
        if self._read is None or self._read[0] != seen:
            try:
                found = _merged(wordings.kept(self.folder))
                self._read = seen, found, _newest(found)
            except WrongWording:
                if self._read is None:
                    raise
                self._read = seen, *self._read[1:]
        return self._read[1:]

    def _seen(self) -> object:
        if self.folder is None:
            return None
        try:
            changed_at = self.folder.stat().st_mtime_ns
            return changed_at, frozenset(os.listdir(self.folder))
        except OSError:  # nothing has been taken in yet
            return None


def _newest(versions: Versions) -> Mapping[str, Instrument]:
    found: dict[str, Instrument] = {}
    for one in versions.values():
        before = found.get(one.code)
        if before is None or one.has_wording or not before.has_wording:
            found[one.code] = one
    return MappingProxyType(found)


_current = Catalogue()


def look_for_wording_in(folder: Path | None) -> None:
    """Say where imported wording stands, for this process; called when the app starts.

    Raises `WrongWording` where something there does not fit.
    """
    global _current
    fresh = Catalogue(folder)
    fresh.versions()
    _current = fresh


def versions() -> Versions:
    """Every version of every instrument, by code and version, newest last."""
    return _current.versions()


def catalogue() -> Mapping[str, Instrument]:
    """The newest version of every instrument, by code; one that can be shown goes first."""
    return _current.newest()


def instrument(code: str, version: str | None = None) -> Instrument:
    """An instrument, in its newest version unless told; `KeyError` where there is none."""
    return catalogue()[code] if version is None else versions()[code, version]


def read(path: Path) -> Instrument:
    """Read and check one file; raises `WrongInstrument` with a sentence per contradiction.

    What it is calculated from is looked up in the catalogue that is shipped.
    """
    file = read_file(path)
    parts = {} if not file.parts else _merged([])
    faults = merge.missing_parts(file, parts)
    if faults:
        raise WrongInstrument(path.name, faults)
    return merge.merged(file, [], parts)


def read_file(path: Path) -> InstrumentFile:
    """The same as it stands in the file, without looking at other instruments."""
    file = definitions.read(path, InstrumentFile, WrongInstrument)
    faults = checks.contradictions(file)
    if faults:
        raise WrongInstrument(path.name, faults)
    return file


@lru_cache(maxsize=1)
def shipped() -> Sequence[InstrumentFile]:
    """The files that are shipped, by code and version, newest last."""
    found = [read_file(path) for path in sorted(SHIPPED.glob("*.toml"))]
    names = [f"{file.code} {file.version}" for file in found]
    if definitions.twice(names):
        raise WrongInstrument("catalogue", [f"{definitions.twice(names)[0]} stands in two files."])
    return sorted(found, key=lambda file: (file.code, order(file.version)))


def _merged(taken_in: Sequence[WordingFile]) -> Versions:
    known = {(file.code, file.version): file for file in shipped()}
    for one in taken_in:
        file = known.get((one.instrument, one.version))
        if file is None:
            unknown = f"there is no instrument {one.instrument} {one.version}."
            raise WrongWording(one.name, [unknown])
        wrong = wordings.faults(one, file)
        if wrong:
            raise WrongWording(one.name, wrong)
    found: dict[tuple[str, str], Instrument] = {}
    for file in sorted(shipped(), key=lambda file: bool(file.parts)):
        faults = merge.missing_parts(file, found)
        if faults:
            raise WrongInstrument(f"{file.code} {file.version}", faults)
        mine = [w for w in taken_in if (w.instrument, w.version) == (file.code, file.version)]
        found[file.code, file.version] = merge.merged(file, mine, found)
    in_order = {key: found[key] for key in known}
    return MappingProxyType(in_order)
