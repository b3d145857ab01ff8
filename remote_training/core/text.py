"""Text as people type and paste it, made safe for headers, calendar files and pages.

Source: Unicode NFC (UAX 15); categories Cc, Cs, Cn and the bidirectional controls of UAX 9.
"""

from __future__ import annotations

import unicodedata

BIDI_CONTROLS = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
)
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and signs that show nothing
LINE_BREAKS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")


def clean_line(value: str, *, limit: int | None = None) -> str:
    """One line: composed, without control characters, bidi controls or lone surrogates.

    Breaks and tabs become one space; runs of space become one; the ends are trimmed. What
    shows nothing at all, such as zero-width spaces alone, is an empty line. With `limit` the
    result has at most that many characters.
    """
    spaced = value if value.isprintable() else _spaced(value)
    line = " ".join(_visible(spaced).split())
    if not any(_shows(sign) for sign in line):
        return ""
    return line if limit is None else line[:limit].rstrip()


def clean_lines(value: str, *, limit: int | None = None) -> str:
    """Several lines, each as `clean_line` makes it, separated by a line feed."""
    if _is_tidy(value):
        return value if limit is None else value[:limit].rstrip()
    unified = value.replace("\r\n", "\n")
    for sign in LINE_BREAKS - {"\n"}:
        unified = unified.replace(sign, "\n")
    text = "\n".join(clean_line(line) for line in unified.split("\n")).strip("\n")
    return text if limit is None else text[:limit].rstrip()


def _is_tidy(value: str) -> bool:
    """Whether nothing is to be cleaned, asked of the whole text at once; False decides nothing."""
    is_plain = value.isascii() and value.replace("\n", "").isprintable()
    is_spaced = "  " not in value and " \n" not in value and "\n " not in value
    return is_plain and is_spaced and value == value.strip()


def _spaced(value: str) -> str:
    return "".join(" " if sign in LINE_BREAKS or sign == "\t" else sign for sign in value)


def _shows(sign: str) -> bool:
    """Whether a sign can be seen where it stands alone."""
    return unicodedata.category(sign)[0] in "LNPS" and sign not in BLANK


def _visible(value: str) -> str:
    if value.isprintable():
        return unicodedata.normalize("NFC", value)
    kept = (
        sign
        for sign in value
        if unicodedata.category(sign) not in ("Cc", "Cs") and sign not in BIDI_CONTROLS
    )
    return unicodedata.normalize("NFC", "".join(kept))
