"""Study files, from the command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import available_timezones

import click
from flask.cli import AppGroup

from remote_training.core import settings
from remote_training.instruments import load as instruments
from remote_training.studies import checks, exercise_checks, load
from remote_training.studies.load import Study
from remote_training.studies.schedule import left_out
from remote_training.studies.timeline import timeline as timeline_of

study = AppGroup("study", help="Study files: what the trial is, as data.")
FIRST_YEAR, LAST_YEAR = 1900, 2200
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@study.command(with_appcontext=False)
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Refuse a study file that contradicts itself, with one sentence for each contradiction.

    Tells what is left out, and why, and what the sites have not confirmed yet.
    """
    found = _study(file)
    parts = (
        f"{len(found.sites)} sites",
        f"{len(found.arms)} arms",
        f"{len(found.modules)} modules",
        f"{len(found.timepoints)} time-points",
        f"{len(found.library.exercises)} exercises in {len(found.library.plans)} class plans",
    )
    click.echo(f"{file.name} agrees with itself: {found.title}, {', '.join(parts)}")
    for code, why in left_out(found).items():
        click.echo(f"left out: {code} ({why})")
    for remark in checks.remarks(found) + exercise_checks.remarks(found):
        click.echo(remark)


@study.command(with_appcontext=False)
@click.argument("file", type=FILE)
@click.option(
    "--participant-from",
    "baseline",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day of the baseline, such as 2026-11-24.",
)
@click.option("--arm", "arm_code", required=True, help="The code of an arm of the file.")
@click.option("--zone", default=None, help="Where she is: adds the moments in UTC.")
def timeline(file: Path, baseline: datetime, arm_code: str, zone: str | None) -> None:
    """Print what a participant gets, and when: days, week after baseline, what."""
    found = _study(file)
    if not FIRST_YEAR <= baseline.year <= LAST_YEAR:
        raise click.BadParameter(
            f"the year must lie between {FIRST_YEAR} and {LAST_YEAR}",
            param_hint="--participant-from",
        )
    if arm_code not in found.arm_codes():
        known = ", ".join(found.arm_codes())
        raise click.BadParameter(f"{arm_code!r} is none of {known}", param_hint="--arm")
    if zone is not None and zone not in available_timezones():
        raise click.BadParameter(f"{zone!r} is no time zone", param_hint="--zone")
    steps = timeline_of(found, found.arm(arm_code), baseline_on=baseline.date(), zone=zone)
    for step in steps:
        until = f" to {step.last_on}" if step.last_on != step.first_on else ""
        click.echo(f"{step.first_on}{until:<14} | week {step.week:>2} | {step.what}")
        for line in step.more:
            click.echo(f"{'':24} |         |   {line}")


def _study(file: Path) -> Study:
    """The study of a file, beside the wording that was imported here."""
    instruments.look_for_wording_in(settings.folders().wordings)
    return load.load(file)
