"""`remote-training`: what operators and scripts may ask for.

Exit status 0, 1 (refused, with one sentence on stderr) or 2 (usage, or a setting that cannot
be used).
"""

from __future__ import annotations

import sys

import click
from flask.cli import ScriptInfo
from sqlalchemy.exc import OperationalError, ProgrammingError

from remote_training.accounts.cli import accounts
from remote_training.attendance.cli import attendance
from remote_training.core.definitions import WrongDefinition
from remote_training.core.errors import Refused
from remote_training.core.settings import WrongSetting
from remote_training.demo.cli import demo
from remote_training.exports.cli import export
from remote_training.instruments.cli import instruments
from remote_training.meetings.cli import meetings
from remote_training.messages.cli import messages
from remote_training.operations.cli import database, translations
from remote_training.operations.keys import keys
from remote_training.reminders.cli import worker
from remote_training.replies.cli import mail
from remote_training.start import real_app
from remote_training.studies.cli import study

REFUSALS = (Refused, WrongDefinition)
# what SQLite and PostgreSQL say of a table or a column that is not there
OLDER = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn", "does not exist")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Run and look after the platform of a live-remote exercise trial."""


for command in (
    database, worker, messages, meetings, mail, accounts, keys, export, instruments, study, demo,
    translations, attendance,
):  # fmt: skip
    commands.add_command(command)


def main() -> None:
    """Run one command; a refusal is one sentence on stderr and exit status 1, or 2."""
    try:
        commands.main(prog_name="remote-training", obj=ScriptInfo(create_app=real_app))
    except REFUSALS as error:
        refuse(str(error))
    except WrongSetting as error:
        refuse(str(error), status=2)
    except (OperationalError, ProgrammingError) as error:
        if any(sign in str(error.orig) for sign in OLDER):
            refuse("The database is empty or older than the program: remote-training db upgrade")
        if isinstance(error, ProgrammingError):
            raise
        refuse(f"DATABASE_URL: the database does not answer ({_first_line(error.orig)}).")
    except OSError as error:
        refuse(f"{error.filename or 'A file'}: {error.strerror or error}.")


def refuse(sentence: str, *, status: int = 1) -> None:
    """Say why, and end."""
    click.echo(sentence, err=True)
    sys.exit(status)


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
