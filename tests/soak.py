"""`dev.py soak`: the random, race, fault and simulation tests, again and again.

Each round has a fresh seed, which it prints: hypothesis takes it as `--hypothesis-seed`,
other tests read it from SOAK_SEED. SOAK=1 asks for the long versions.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time

DEFAULT_MINUTES = 10


def main(arguments: list[str]) -> int:
    """Repeat the tests until the minutes are over or one fails; its exit status."""
    try:
        minutes = float(arguments[0]) if arguments else DEFAULT_MINUTES
    except ValueError:
        print("usage: python3 dev.py soak [minutes]", file=sys.stderr)
        return 2
    rounds, until = 0, time.monotonic() + 60 * minutes
    while time.monotonic() < until or rounds == 0:
        seed = secrets.randbits(32)
        status = run_with(seed)
        if status:
            print(f"Failed with seed {seed}.", file=sys.stderr)
            return status
        rounds += 1
    print(f"{rounds} rounds, nothing failed.")
    return 0


def run_with(seed: int) -> int:
    """Run the tests that are marked `random` once, in their long versions."""
    print(f"-- seed {seed}", flush=True)
    environment = os.environ | {"SOAK": "1", "SOAK_SEED": str(seed)}
    pytest = [sys.executable, "-m", "pytest", "-m", "random", f"--hypothesis-seed={seed}"]
    spread = ["-n", "2", "--dist", "loadgroup"]
    return subprocess.run([*pytest, *spread], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
