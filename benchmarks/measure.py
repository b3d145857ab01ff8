"""Starting servers, driving them, and counting: rates per second, CPU milliseconds each."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
WORKERS, THREADS, CONNECTIONS = 2, 16, 8
TURNS = 7


@dataclass(frozen=True)
class Figure:
    """One measured thing beside its floor.

    `rate` and `floor` are operations a second (or, with `unit` "s", seconds for the whole);
    `ratio` is ours to the floor, so that 1 is as good as the floor; `aim` the ratio to reach.
    """

    name: str
    database: str
    rate: float
    floor: float
    ratio: float
    aim: float
    cpu_ms: float | None = None
    floor_cpu_ms: float | None = None
    unit: str = "1/s"
    note: str = ""

    def line(self) -> str:
        """One row of the table."""
        reached = "yes" if self.ratio >= self.aim else "NO"
        cpu = (
            f"{self.cpu_ms:6.2f}/{self.floor_cpu_ms:<6.2f}" if self.cpu_ms is not None else " " * 13
        )
        return (
            f"{self.name:<28} {self.database:<10} {self.rate:>10.1f} {self.floor:>10.1f}"
            f" {self.unit:<4} {self.ratio:>6.2f} {self.aim:>5.2f} {reached:<3} {cpu} {self.note}"
        )

    def json(self) -> str:
        """One JSON line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Request:
    """One HTTP request as it goes over the wire; `more` is one further header line."""

    method: str
    path: str
    cookie: str = ""
    body: str = ""
    more: str = ""

    def wire(self) -> bytes:
        """The bytes of the request, the connection kept open."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        if self.more:
            lines.append(self.more)
        if self.body:
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


@dataclass(frozen=True)
class Run:
    """What driving a server gave: answers, those with an unwanted status, seconds, CPU.

    `slow_ms` is how long one answer in a thousand took at least.
    """

    answers: int
    wrong: int
    seconds: float
    cpu_seconds: float
    slow_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU an answer, of all server processes."""
        return 1000 * self.cpu_seconds / max(1, self.answers)


@dataclass(frozen=True)
class Turns:
    """Runs of ours and of its floor, one after the other: what else the machine does meets both."""

    ours: list[Run]
    floor: list[Run]

    @property
    def wrong(self) -> int:
        """How many answers had an unwanted status."""
        return sum(run.wrong for run in (*self.ours, *self.floor))

    @property
    def slow_ms(self) -> float:
        """How long one answer of ours in a thousand took at least, in the slowest run."""
        return max(run.slow_ms for run in self.ours)

    def figure(self, name: str, database: str, aim: float, note: str = "") -> Figure:
        """The medians of the turns, the ratio that of each turn's own; and how far it swings."""
        ratios = [ours.rate / floor.rate for ours, floor in zip(self.ours, self.floor, strict=True)]
        notes = [f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} turns", note]
        notes += [f"{self.wrong} WRONG"] if self.wrong else []
        return Figure(
            name, database,
            median(run.rate for run in self.ours), median(run.rate for run in self.floor),
            median(ratios), aim,
            median(run.cpu_ms for run in self.ours), median(run.cpu_ms for run in self.floor),
            note="; ".join(filter(None, notes)),
        )  # fmt: skip


def by_turns(
    ours: Server,
    floor: Server,
    asked: Sequence[Request],
    least: Sequence[Request],
    *,
    status: int = 200,
    floor_status: int = 200,
) -> Turns:
    """Drive both servers in turns, with a share of their requests each; the first only warms."""
    turns = Turns([], [])
    for turn in range(TURNS + 1):
        turns.ours.append(ours.drive(asked[turn :: TURNS + 1], status=status))
        turns.floor.append(floor.drive(least[turn :: TURNS + 1], status=floor_status))
    return Turns(turns.ours[1:], turns.floor[1:])


@contextmanager
def served(module: str, environment: dict[str, str]) -> Iterator[Server]:
    """A gunicorn with two workers on a free port, for as long as this lasts."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--preload", "-k", "gthread", "-w", str(WORKERS)]
    command += ["--threads", str(THREADS), "--bind", f"127.0.0.1:{port}"]
    command += ["--keep-alive", "30", "--log-level", "error", module]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        server = Server(port, process.pid)
        server.wait()
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


class Server:
    """A running server, and how much CPU it has used."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._pid = pid

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
                continue
            return
        raise RuntimeError("the server did not start")

    def cpu_seconds(self) -> float:
        """CPU seconds of the server and its workers so far."""
        return sum(_cpu(pid) for pid in (self._pid, *_children(self._pid)))

    def drive(self, requests: Sequence[Request], *, status: int) -> Run:
        """Send all requests over kept-open connections from several processes."""
        shares = [[r.wire() for r in requests[i::CONNECTIONS]] for i in range(CONNECTIONS)]
        cpu, began = self.cpu_seconds(), time.perf_counter()
        results = _spread(self.port, shares, status)
        seconds = time.perf_counter() - began
        answers, wrong = sum(r[0] for r in results), sum(r[1] for r in results)
        waits = sorted(wait for _answers, _wrong, own in results for wait in own)
        slow_ms = 1000 * waits[int(len(waits) * 0.999)] if waits else 0.0
        return Run(answers, wrong, seconds, self.cpu_seconds() - cpu, slow_ms)


def _spread(
    port: int, shares: list[list[bytes]], status: int
) -> list[tuple[int, int, list[float]]]:
    pipes, processes = [], []
    for share in shares:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=_send, args=(port, share, status, theirs))
        process.start()
        pipes.append(ours)
        processes.append(process)
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    return results


def _send(port: int, share: list[bytes], status: int, answer_to: Connection) -> None:
    answers = wrong = 0
    waits: list[float] = []
    wanted = f"HTTP/1.1 {status}".encode()
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    for request in share:
        began = time.perf_counter()
        connection.sendall(request)
        head = _read_answer(connection)
        waits.append(time.perf_counter() - began)
        answers += 1
        wrong += not head.startswith(wanted)
        if b"connection: close" in head.lower():
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.close()
    answer_to.send((answers, wrong, waits))


def _read_answer(connection: socket.socket) -> bytes:
    """Read one whole answer; gives its head."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed in the middle of an answer")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _children(pid: int) -> list[int]:
    try:
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
