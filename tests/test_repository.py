"""Rules about the tree itself: locks, lengths, which drawer may open which."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from remote_training.messages import jobs

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "remote_training"
LONGEST = 300
LOCKS = ("requirements/run.txt", "requirements/test.txt", "tools/package-lock.json")
IGNORED = (".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split()))
FLOORS = (("models", "errors"), ("queries",), ("service",), ("forms",), ("views", "cli", "jobs"))
DRAWERS = {name: floor for floor, names in enumerate(FLOORS, start=1) for name in names}
OWN_DRAWERS = {"views", "forms", "cli"}
MAKERS_OF_THE_HOUSE = {"remote_training.app", "remote_training.cli", "remote_training.start"}


def files() -> Iterator[Path]:
    """Every file of the tree that is not ignored."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not _is_ignored(name)]
        yield from (Path(folder, name) for name in names if not _is_ignored(name))


def _is_ignored(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in IGNORED)


def modules() -> dict[str, Path]:
    """Every module of the platform, by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }


def imports(path: Path) -> set[str]:
    """What a module imports, by dotted name; `from a import b` counts as `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def pins(lock: str) -> dict[str, str]:
    """The packages of a lock file, each with its version."""
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_host_and_no_folder_to_fetch_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"\w+://\S+|--\w*index\S*|--find-links|--trusted-host|\bfile:", text) == []


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.endswith(".txt")])
def test_every_python_dependency_is_pinned_with_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\w)", (ROOT / lock).read_text().strip())
    assert len(entries) > 20
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_tests_run_with_the_very_versions_that_are_shipped() -> None:
    assert pins("requirements/run.txt").items() <= pins("requirements/test.txt").items()


@pytest.mark.parametrize("name", ["run", "test"])
def test_whatever_is_asked_for_stands_in_the_lock(name: str) -> None:
    asked = (ROOT / "requirements" / f"{name}.in").read_text().split("\n")
    names = {
        re.split(r"[\[<>=~ ]", line)[0].lower() for line in asked if line[:1] not in ("", "-", "#")
    }
    assert names <= set(pins(f"requirements/{name}.txt"))


def test_every_package_of_the_tests_javascript_has_a_hash_and_asked_ones_an_exact_version() -> None:
    lock = json.loads((ROOT / "tools" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    asked = json.loads((ROOT / "tools" / "package.json").read_text())["dependencies"]
    assert asked == {name: packages[f"node_modules/{name}"]["version"] for name in asked}


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    places = [place for place in (f"{ROOT}/", f"{Path.home()}/") if place.count("/") > 1]
    places = [place.encode() for place in places if place != "//"]
    named = [path for path in files() if any(place in path.read_bytes() for place in places)]
    assert named == []


def test_no_module_is_longer_than_one_can_read_in_one_go() -> None:
    paths = [*modules().values(), ROOT / "dev.py"]
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in paths
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def _drawer(module: str) -> int | None:
    return DRAWERS.get(module.rpartition(".")[2])


def test_within_a_room_nothing_knows_a_higher_drawer() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, path in modules().items()
        for other in imports(path) & modules().keys()
        if other.rpartition(".")[0] == name.rpartition(".")[0]
        and (_drawer(other) or 0) > (_drawer(name) or max(DRAWERS.values()))
    ]
    assert wrong == []


def test_views_forms_and_commands_belong_to_their_own_room() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, path in modules().items()
        if name not in MAKERS_OF_THE_HOUSE
        for other in imports(path) & modules().keys()
        if other.rpartition(".")[2] in OWN_DRAWERS and other.split(".")[1] != name.split(".")[1]
    ]
    assert wrong == []


def test_the_file_for_the_machine_that_checks_changes_calls_the_two_commands() -> None:
    ci = ROOT / ".ci" / "run"
    lines = ci.read_text().splitlines()
    assert os.access(ci, os.X_OK)
    assert {"python3 dev.py check", "python3 dev.py test"} <= set(lines)


def test_the_way_through_the_demo_names_the_facts_without_which_nobody_books() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8").partition("A way through it")[2]
    before_booking = told.partition("book a class")[0]
    for fact in ("consent", "clearance", "first\nmeasurement", "arm"):
        assert fact in before_booking


def test_what_a_crash_leaves_uncertain_is_told_as_it_is() -> None:
    told = (ROOT / "docs/decisions/0005-the-outbox-is-a-table.md").read_text(encoding="utf-8")
    assert f"groups of {jobs.GROUP}," in told
    assert f"at most {2 * jobs.GROUP} `uncertain`" in told
