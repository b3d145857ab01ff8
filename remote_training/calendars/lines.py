"""Lines of a calendar file, where its text is put together from pieces."""

from __future__ import annotations

LINE = 75
ESCAPES = b"\\^"


def folded(line: bytes) -> bytes:
    """Lines of 75 octets at most (RFC 5545 section 3.1), none broken within a sign or escape."""
    if len(line) < LINE:
        return line
    pieces = []
    while len(line) >= LINE:
        end = LINE - 1
        while end > 1 and (line[end] & 0xC0 == 0x80 or line[end - 1] in ESCAPES):
            end -= 1
        pieces.append(line[:end])
        line = line[end:]
    return b"\r\n ".join([*pieces, line])
