"""`python -m benchmarks [names]`: a table, then the same as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks import crowd, export, feed, hooks, join, outbox, planning, web
from benchmarks.measure import Figure

BENCHMARKS: dict[str, Callable[[], Iterator[Figure]]] = {
    "page": web.page,
    "booking": web.booking,
    "crowd": crowd.crowd,
    "answer": web.answer,
    "feed": feed.feed,
    "hooks": hooks.hooks,
    "join": join.join,
    "outbox": outbox.outbox,
    "plan": planning.plan,
    "export": export.export,
}
HEAD = (
    f"{'what':<28} {'database':<10} {'ours':>10} {'floor':>10}"
    " unit  ratio   aim ok  CPU ms ours/floor"
)


def main(names: list[str]) -> int:
    """Run the benchmarks of these names, or all."""
    unknown = sorted(set(names) - BENCHMARKS.keys())
    if unknown:
        print(
            f"There is no benchmark {', '.join(unknown)}: {', '.join(BENCHMARKS)}.", file=sys.stderr
        )
        return 2
    print(HEAD, flush=True)
    figures = []
    for name in names or BENCHMARKS:
        for figure in BENCHMARKS[name]():
            print(figure.line(), flush=True)
            figures.append(figure)
    print(*(figure.json() for figure in figures), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
