"""`dev.py`: what it refuses, and a first start that was broken off."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = """#!/bin/sh
echo "$1 $2" >> "$DATA_DIR/calls"
case "$1 $2" in
  "db upgrade") [ -e "$DATA_DIR/trial.db" ] || echo empty > "$DATA_DIR/trial.db" ;;
  "demo fill") echo half > "$DATA_DIR/trial.db"; [ ! -e "$DATA_DIR/power-cut" ] || exit 1
    echo full > "$DATA_DIR/trial.db" ;;
esac
"""


def _dev(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    surroundings = os.environ | environment
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [(), ("build",), ("soak", "long"), ("run", "--port")])
def test_a_command_it_does_not_know_is_answered_with_the_usage(arguments: tuple[str, ...]) -> None:
    done = _dev(*arguments)
    assert (done.returncode, done.stderr[:6]) == (2, "usage:")


@pytest.mark.parametrize("port", ["web", "0", "65536", "-1"])
def test_a_port_that_is_no_port_is_refused_in_a_sentence(port: str) -> None:
    done = _dev("run", PORT=port)
    assert (done.returncode, done.stderr) == (
        2,
        f'PORT must be a whole number from 1 to 65535, not "{port}".\n',
    )


def test_a_port_that_is_taken_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _dev("run", PORT=str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} is taken")


def test_two_first_starts_at_once_do_not_fill_one_folder(dev: ModuleType, tmp_path: Path) -> None:
    lock = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PORT": _free_port()}
    command = [sys.executable, str(tmp_path / "dev.py"), "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    os.close(lock)

    assert (done.returncode, done.stderr[:13]) == (1, "Another start")
    assert not (tmp_path / "calls").exists()


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture
def dev(tmp_path: Path) -> ModuleType:
    """`dev.py` in a folder of its own, with a platform that only notes what it is asked."""
    shutil.copy(ROOT / "dev.py", tmp_path)
    command = tmp_path / ".venv" / "bin" / "remote-training"
    command.parent.mkdir(parents=True)
    command.write_text(PLATFORM)
    command.chmod(0o755)
    (tmp_path / "mailbox").mkdir()
    spec = importlib.util.spec_from_file_location("dev_elsewhere", tmp_path / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _start(dev: ModuleType, data: Path, demo: str = "on") -> tuple[bool, list[str], str]:
    """One start: whether it went well, what was asked of the platform, what is in the database."""
    (data / "calls").unlink(missing_ok=True)
    surroundings = {"PATH": os.environ["PATH"], "DATA_DIR": str(data), "DEMO": demo}
    went_well = dev.prepare(data, surroundings) == 0
    return went_well, (data / "calls").read_text().splitlines(), (data / "trial.db").read_text()


def test_only_the_first_start_fills_the_demo_in(dev: ModuleType, tmp_path: Path) -> None:
    assert _start(dev, tmp_path) == (True, ["db upgrade", "demo fill"], "full\n")
    assert _start(dev, tmp_path) == (True, ["db upgrade"], "full\n")


def test_a_filling_that_was_broken_off_begins_again_from_nothing(
    dev: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "power-cut").touch()
    assert _start(dev, tmp_path) == (False, ["db upgrade", "demo fill"], "half\n")
    (tmp_path / "mailbox" / "of-the-first-try.eml").touch()
    (tmp_path / "power-cut").unlink()
    assert _start(dev, tmp_path) == (True, ["db upgrade", "demo fill"], "full\n")
    assert list((tmp_path / "mailbox").iterdir()) == []


def test_a_database_that_was_there_before_the_demo_is_never_touched(
    dev: ModuleType, tmp_path: Path
) -> None:
    assert _start(dev, tmp_path, demo="off") == (True, ["db upgrade"], "empty\n")
    (tmp_path / "trial.db").write_text("real\n")
    assert _start(dev, tmp_path, demo="on") == (True, ["db upgrade"], "real\n")
