"""Files that answer, and files that only look like it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_training.calendars.reply import LARGEST, Reply, Unreadable, read
from tests.replies.mails import UID, file

NO = file()


def test_what_a_file_says_is_read_and_what_somebody_typed_is_not():
    assert read(NO) == Reply(
        method="reply",
        uid=UID,
        sequence=0,
        said_at=datetime(2026, 11, 23, 13, 0, tzinfo=UTC),
        attendee="p19@patient.example",
        says="declined",
        by_another=False,
    )


def test_folded_lines_and_bare_line_feeds_are_read_alike():
    folded = NO.replace(b"mailto:p19@patient", b"mailto:p19@pa\r\n tient")

    assert read(folded) == read(NO) == read(NO.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    "content",
    [b"", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", NO[:150], b"\xff\xfe", NO * 200,
     NO.replace(b"UID:", b"X-UID:"), NO.replace(b"mailto:p19@", b"http:p19@")],
    ids=["nothing", "no event", "half", "no text", "too large", "no uid", "no mail address"],
)  # fmt: skip
def test_what_is_no_answer_is_refused(content):
    assert len(NO * 200) > LARGEST
    with pytest.raises(Unreadable):
        read(content)


@given(st.integers(0, len(NO)), st.integers(0, 40), st.binary(max_size=12))
def test_no_damage_breaks_the_reader(at, length, junk):
    with contextlib.suppress(Unreadable):
        read(NO[:at] + junk + NO[at + length :])
