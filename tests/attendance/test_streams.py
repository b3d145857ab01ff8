"""Minutes of any stream of reports, counted a second time: second by second, another way."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from remote_training.attendance import intervals
from remote_training.attendance.intervals import SAME
from remote_training.meetings.models import EventKind, Source
from remote_training.meetings.queries import Report
from tests.fakes import NOON

FIRST, CLASS_SECONDS, LAST = -200, 600, 900
END = NOON + timedelta(seconds=CLASS_SECONDS)
IN, OUT, WAIT, LET_IN = EventKind.JOINED, EventKind.LEFT, EventKind.WAITING, EventKind.ADMITTED
STARTED, ENDED = EventKind.STARTED, EventKind.ENDED
PERSONAL = (IN, IN, OUT, OUT, WAIT, LET_IN)
many = hypothesis_settings(deadline=None, max_examples=150)

SECONDS = st.integers(FIRST // 20, LAST // 20).map(lambda n: n * 20) | st.integers(FIRST, LAST)
OF_A_VISIT = st.builds(
    lambda kind, visit, second, source, run: Report(
        kind, visit, NOON + timedelta(seconds=second), False, source, run
    ),
    st.sampled_from(PERSONAL), st.sampled_from("ab"), SECONDS,
    st.sampled_from((Source.WEBHOOK, Source.REPORT)), st.sampled_from(("r1", "r2")),
)  # fmt: skip
OF_THE_ROOM = st.builds(
    lambda kind, second, run: Report(
        kind, "", NOON + timedelta(seconds=second), False, Source.WEBHOOK, run
    ),
    st.sampled_from((STARTED, ENDED)), SECONDS, st.sampled_from(("r1", "r2", "")),
)  # fmt: skip
STREAMS = st.lists(st.one_of(OF_A_VISIT, OF_A_VISIT, OF_A_VISIT, OF_THE_ROOM), max_size=14)


def counted(reports: list[Report]) -> intervals.Presence:
    return intervals.presence(reports, starts_at=NOON, ends_at=END, now=END)


@many
@given(STREAMS, st.randoms(use_true_random=False))
def test_permutation_duplication_and_delivery_in_pieces_change_no_minute(
    stream: list[Report], dice: random.Random
) -> None:
    shuffled = stream + dice.choices(stream, k=len(stream)) if stream else []
    dice.shuffle(shuffled)
    assert counted(shuffled) == counted(stream)
    cut = dice.randint(0, len(stream))
    kept = set(stream[:cut])
    kept |= set(stream[cut:])
    assert counted(list(kept)) == counted(stream)


@many
@given(STREAMS, SECONDS)
def test_a_visit_that_is_split_in_two_changes_no_minute(stream: list[Report], second: int) -> None:
    """Left and back at the same moment, within one visit: she was never away."""
    at = NOON + timedelta(seconds=second)
    split = [
        replace(report, kind=kind, at=at)
        for report in stream
        if report.kind is IN
        for kind in (OUT, IN)
    ]
    taken = {(one.connection, one.source, one.run) for one in stream if one.at == at}
    split = [one for one in split if (one.connection, one.source, one.run) not in taken]
    assert counted(stream + split).minutes == counted(stream).minutes


@many
@given(STREAMS)
def test_a_second_way_of_counting_streams_agrees(stream: list[Report]) -> None:
    assert counted(stream).minutes * 60 == pytest.approx(len(_seconds_there(stream)))


def test_the_second_way_is_no_copy_of_the_first() -> None:
    """The control: two devices that are added up are found out."""
    stream = [
        Report(IN, "a", NOON), Report(OUT, "a", END), Report(IN, "b", NOON), Report(OUT, "b", END)
    ]  # fmt: skip
    summed = sum(
        (one.ends_at - one.begins_at).total_seconds()
        for one in intervals.visits(stream, closes_at=END)
    )
    assert summed == 2 * len(_seconds_there(stream)) == 2 * CLASS_SECONDS


@many
@given(STREAMS)
def test_what_one_more_source_tells_never_makes_it_less_than_that(stream: list[Report]) -> None:
    """A whole visit that a report tells of counts in full, whatever the events say."""
    whole = [
        Report(kind, "z", NOON + timedelta(seconds=s), False, Source.REPORT, "r9")
        for kind, s in ((IN, 100), (OUT, 400))
    ]
    there = _seconds_there(stream + whole)
    assert set(range(100, 400)) <= there
    assert counted(stream + whole).minutes * 60 == pytest.approx(len(there))


Span = tuple[int, int | None]


def _seconds_there(stream: list[Report]) -> set[int]:
    """The seconds of the class in which anything holds her there."""
    visits: dict[tuple[str, str, Source], list[Report]] = {}
    for report in stream:
        if report.kind not in (STARTED, ENDED):
            visits.setdefault((report.run, report.connection, report.source), []).append(report)
    sure: dict[Source, set[int]] = {}
    left_open: list[tuple[int, int, Source]] = []
    for (run, _visit, source), own in visits.items():
        for begin, end, is_sure in _spans(own, _ends_of(stream, run)):
            if is_sure:
                sure.setdefault(source, set()).update(range(begin, end))
            else:
                left_open.append((begin, end, source))
    there = set().union(*sure.values()) if sure else set()
    for begin, end, source in left_open:
        others: set[int] = set()
        for other, held in sure.items():
            others |= held if other is not source else set()
        there |= set(range(begin, _known_end(begin, others) or end))
    return {second for second in there if 0 <= second < CLASS_SECONDS}


def _ends_of(stream: list[Report], run: str) -> list[int]:
    return sorted(
        _second(one)
        for one in stream
        if (one.kind is ENDED and one.run in ("", run))
        or (one.kind is STARTED and one.run not in ("", run))
    )


def _spans(own: list[Report], ends: list[int]) -> list[tuple[int, int, bool]]:
    """Walk one visit from the first second to the last, one second at a time."""
    at: dict[int, set[EventKind]] = {}
    for report in own:
        at.setdefault(_second(report), set()).add(report.kind)
    spans: list[tuple[int, int, bool]] = []
    inside: int | None = None
    is_out_to_wait = False
    for second in range(FIRST, LAST + 1):
        kinds = at.get(second, set())
        if WAIT in kinds and inside is not None:
            spans.append((inside, second, True))
            inside, is_out_to_wait = None, True
        if LET_IN in kinds and is_out_to_wait:
            inside, is_out_to_wait = second, False
        if {IN, OUT} & kinds in ({IN}, {OUT}):
            is_out_to_wait = False
            inside = _moved(spans, inside, second, ends, comes=IN in kinds)
    if inside is not None and inside <= CLASS_SECONDS:
        spans.append((inside, min(_closed(ends, inside, CLASS_SECONDS), CLASS_SECONDS), False))
    return spans


def _moved(
    spans: list[tuple[int, int, bool]],
    inside: int | None,
    second: int,
    ends: list[int],
    comes: bool,
) -> int | None:
    """Since when she is inside after she came or went."""
    if comes and inside is not None and _closed(ends, inside, second) < second:
        spans.append((inside, _closed(ends, inside, second), False))
        return second
    if comes:
        return second if inside is None else inside
    if inside is not None:
        spans.append((inside, second, True))
    elif spans and not spans[-1][2]:
        spans[-1] = (spans[-1][0], second, True)
    return None


def _closed(ends: list[int], inside: int, otherwise: int) -> int:
    return next((end for end in ends if end >= inside), otherwise)


def _known_end(begin: int, others: set[int]) -> int | None:
    """Until when another source holds her, who came at `begin`, give or take a minute."""
    near = int(SAME.total_seconds())
    for second in range(begin, begin + near + 1):
        if second in others:
            while second in others:
                second += 1
            return second
    return None


def _second(report: Report) -> int:
    return int((report.at - NOON).total_seconds())
