"""The catalogue, from the command line."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from remote_training.instruments import load

instruments = AppGroup("instruments", help="What can be asked.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@instruments.command("list", with_appcontext=False)
def list_() -> None:
    """List the instruments: code, version, items, languages, licence."""
    for instrument in load.catalogue().values():
        click.echo(_line(instrument))


@instruments.command(with_appcontext=False)
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Refuse a definition that contradicts itself, with one sentence for each contradiction."""
    line = _line(load.read(file))
    click.echo(f"{file.name} agrees with itself: {line}")


def _line(instrument: load.Instrument) -> str:
    parts = (
        f"{instrument.code} {instrument.version}",
        f"{len(instrument.items)} items",
        " ".join(instrument.languages),
        "validated" if instrument.is_validated else "not validated",
        instrument.licence,
    )
    return " | ".join(parts)
