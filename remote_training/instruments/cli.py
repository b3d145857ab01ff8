"""The catalogue, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import AppGroup

from remote_training.core import settings
from remote_training.instruments import answer_files, load, wordings
from remote_training.instruments.errors import WrongInstrument
from remote_training.instruments.model import Instrument, Translation
from remote_training.instruments.scales import Rule

instruments = AppGroup("instruments", help="What can be asked, and how it is scored.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
RULE = click.Choice([rule.value for rule in Rule])
TARGET = click.Path(dir_okay=False, path_type=Path)


@instruments.command("list", with_appcontext=False)
def list_() -> None:
    """List the instruments: code, version, items, languages, licence, scores, wording."""
    for instrument in _catalogue().versions().values():
        for line in _lines(instrument):
            click.echo(line)


@instruments.command(with_appcontext=False)
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Refuse a definition that contradicts itself, with one sentence for each contradiction."""
    instrument = load.read(file)
    click.echo(f"{file.name} agrees with itself: {_summary(instrument)}")
    for sentence in _to_be_confirmed(instrument):
        click.echo(sentence)


@instruments.command("import", with_appcontext=False)
@click.argument("file", type=FILE)
def import_(file: Path) -> None:
    """Take in a study's licensed wording: FILE completes a structure of the catalogue.

    It is kept outside the repository, in WORDING_DIR, with its permission.
    """
    folder = settings.folders().wordings
    wording = wordings.take_in(file, folder, load.shipped())
    granted = wording.permission
    click.echo(
        f"{wording.instrument} {wording.version} now has wording version "
        f"{wording.wording_version} in {' '.join(wording.translations)}; granted by "
        f"{granted.granted_by} to {granted.granted_to} for {granted.study} on "
        f"{granted.granted_on}, reference {granted.reference}. It is kept in {folder}."
    )


@instruments.command(with_appcontext=False)
@click.argument("code")
@click.option("--in", "source", type=FILE, required=True, help="answers, a row per person")
@click.option("--out", "target", type=TARGET, required=True, help="where the scores go")
@click.option("--rule", type=RULE, help="for missing answers")
def score(code: str, source: Path, target: Path, rule: str | None) -> None:
    """Turn a CSV file of answers into a CSV file of scores.

    Columns of answers are the item codes of the instrument; blank is missing. Further columns
    are copied; one that is called like a score makes room for it.
    """
    instrument = _instrument(code)
    made = answer_files.score_file(instrument, source, target, rule=Rule(rule) if rule else None)
    for column in made.replaced:
        click.echo(f"The column {column} of {source.name} made room for the score.", err=True)
    if not instrument.scales:
        click.echo(f"{code} has no scores: it is reported item by item.", err=True)
    click.echo(f"{made.rows} rows", err=not target.is_file())  # a pipe may be this very output


def _catalogue() -> load.Catalogue:
    """As it is now, read afresh: what does not fit is refused here."""
    return load.Catalogue(settings.folders().wordings)


def _instrument(code: str) -> Instrument:
    known = load.Catalogue().newest()
    if code not in known:
        told = ", ".join(known)
        raise WrongInstrument("catalogue", [f"there is no instrument {code!r}; there are {told}."])
    return known[code]


def _lines(instrument: Instrument) -> Iterator[str]:
    yield _summary(instrument)
    for translation in instrument.translations:
        if translation.permission is not None:
            yield _imported(translation)


def _summary(instrument: Instrument) -> str:
    scores = " ".join(scale.code for scale in instrument.scales) or "none"
    parts = (
        f"{instrument.code} {instrument.version}",
        f"{len(instrument.items)} items",
        _languages(instrument),
        "validated" if instrument.is_validated else "not validated",
        instrument.licence,
        f"scores: {scores}",
        f"missing answers: {' '.join(instrument.rules) or 'no rule'}",
    )
    return " | ".join(parts)


def _languages(instrument: Instrument) -> str:
    if instrument.parts:
        return "calculated from " + " and ".join(part.code for part in instrument.parts)
    told = " ".join(instrument.languages)
    return told or "wording to be imported: it cannot be scheduled"


def _imported(translation: Translation) -> str:
    granted = translation.permission
    assert granted is not None
    return (
        f"    {translation.language}: {translation.name}, wording version "
        f"{translation.wording_version}; granted by {granted.granted_by} to {granted.granted_to} "
        f"for {granted.study} on {granted.granted_on}, reference {granted.reference}"
    )


def _to_be_confirmed(instrument: Instrument) -> Iterator[str]:
    for place, fact in instrument.facts_with_source():
        if not fact.is_confirmed:
            yield f"to be confirmed: {place} ({fact.source})"
