"""Ends a PostgreSQL of the tests when the process that started it is gone, however that came about.

A program of its own that needs the standard library alone: it reads from a pipe that nobody writes
to, until its other end is closed. Then it stops the server of a folder and removes the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 10.0  # seconds that a server may take to close its files


def watch(folder: str) -> subprocess.Popen[bytes]:
    """Start it for the server in a folder; closing its `stdin` has it end the server now.

    In a session of its own: what is sent to all processes of the tests does not reach it.
    """
    return subprocess.Popen(
        [sys.executable, "-I", __file__, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main(folder: Path) -> None:
    """Wait for the end of who holds the pipe, and clear up."""
    sys.stdin.buffer.read()
    with contextlib.suppress(OSError, ValueError):  # it was stopped already
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGINT)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
