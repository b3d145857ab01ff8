"""Ask for known holes in locked dependencies: `python known_holes.py requirements/run.txt`.

Exit status 1 where there are some. Where the list cannot be asked, or knows only some of
the packages, a warning says so: no answer is not a good answer.
"""

import json
import subprocess
import sys
from typing import Any

OPTIONS = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
PATIENCE_SECONDS = 90


def main(lock: str) -> int:
    """Print a line for each hole; 1 where there is one."""
    packages = ask(lock)
    asked = [package for package in packages if "vulns" in package]
    for package in asked:
        for hole in package["vulns"]:
            print(f"{package['name']} {package['version']}: {hole['id']}")
    if not asked:
        print("warning: the list of known holes could not be asked; nothing was checked")
    elif len(asked) < len(packages):
        print(f"warning: {len(packages) - len(asked)} dependencies are not on the list")
    return int(any(package["vulns"] for package in asked))


def ask(lock: str) -> list[dict[str, Any]]:
    """What pip-audit found out about each package; nothing where it could not ask."""
    audit = [sys.executable, "-m", "pip_audit", *OPTIONS, "-r", lock]
    try:
        done = subprocess.run(audit, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return []
    return packages


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
