"""The data set, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from remote_training.core.db import db, unit_of_work
from remote_training.core.words import say
from remote_training.exports import parcel, service
from remote_training.exports.errors import CannotWrite
from remote_training.exports.formats import Format
from remote_training.outside.world import outside
from remote_training.studies import queries as studies
from remote_training.studies.models import Site


class NamedFolder(click.Path):
    """A folder that was named: an empty name, as of a variable that is not set, is none."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The folder, or usage."""
        return (
            super().convert(value, param, ctx) if value else self.fail("It is empty.", param, ctx)
        )


@click.command("export")
@click.option(
    "--out",
    "folder",
    type=NamedFolder(file_okay=False, path_type=Path),
    required=True,
    help="The folder to write to; it is made where it is not there.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(Format), case_sensitive=False),
    required=True,
    help="csv streams; sav (SPSS) and dta (Stata) are made in memory, with labels.",
)
@click.option("--zip", "is_zip", is_flag=True, help="One zip archive instead of loose files.")
@click.option("--sites", "codes", multiple=True, help="The code of a site; again for more.")
@click.option("--with-arm", "shows_arm", is_flag=True, help="For somebody who is not blinded.")
@with_appcontext
def export(
    folder: Path, kind: Format, is_zip: bool, codes: tuple[str, ...], shows_arm: bool
) -> None:
    """Write the pseudonymous data set: study numbers only, blinded unless told.

    Files of an earlier data set in the same format are replaced; others are left alone.
    """
    chosen = _sites(codes)
    with unit_of_work():
        order, download = service.collect(
            chosen, shows_arm=shows_arm, kind=kind, now=outside().now(), by=None
        )
        download_id = download.id
    write = parcel.write_zip if is_zip else parcel.write
    try:
        tally = write(db.engine, order, folder)
    except OSError as error:
        fault = error.strerror or type(error).__name__
        raise CannotWrite(
            say("The folder %(folder)s cannot be written to (%(fault)s)."),
            folder=folder,
            fault=fault,
        ) from error
    with unit_of_work():
        service.finish(download_id, tally, now=outside().now())
    place = folder / f"{order.name}.zip" if is_zip else folder
    for name, told in tally.files.items():
        rows = "" if told["rows"] is None else f"  {told['rows']} rows"
        click.echo(f"{place / name}{rows}")


def _sites(codes: tuple[str, ...]) -> list[Site]:
    known = {site.code: site for site in studies.sites()}
    asked = [code.strip() for part in codes for code in part.split(",")] or list(known)
    unknown = [code for code in asked if code not in known]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of {', '.join(sorted(known))}", param_hint="--sites"
        )
    return [known[code] for code in dict.fromkeys(asked)]
