"""Text that has broken mails, calendar files and pages: a corpus with names, and a strategy."""

from __future__ import annotations

from hypothesis import strategies as st

CORPUS = {
    "an ordinary name": "Ada Lovelace",
    "a name of one sign": "X",
    "accents in two pieces": "Zoe\u0308 A\u030angstro\u0308m",
    "a name from right to left": "\u0639\u0627\u0626\u0634\u0629 \u05e9\u05e8\u05d4",
    "a right-to-left override": "Ada\u202etxt.exe",
    "isolates and marks": "\u2067Ada\u2069 \u200fLovelace\u200e",
    "a NUL": "Ada\x00Lovelace",
    "bell, escape and delete": "A\x07d\x1ba\x7f",
    "a header in a name": "Ada\r\nBcc: eve@example.net",
    "a bare carriage return": "Ada\rSubject: hello",
    "vertical tab and form feed": "Ada\x0bLovelace\x0cByron",
    "next line and line separator": "Ada\x85Lovelace\u2028Byron\u2029King",
    "a lone high surrogate": "Ada \ud83d Lovelace",
    "a lone low surrogate": "\udc00Ada",
    "the end of an event": "Ada\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:other",
    "the end of an event in words": "END:VEVENT",
    "a property with a parameter": 'ATTENDEE;CN="Eve":mailto:eve@example.net',
    "semicolons, commas, backslashes": "a;b,c\\n;\\,\\;\\\\",
    "quotes and angles": "\"Ada\" <eve@example.net>, 'x'",
    "carets and percents": "^n^' %41 %(name)s {0} {{7*7}}",
    "a line of 998 octets": "x" * 998,
    "long words in two octets": "\u00e9" * 1200,
    "signs in four octets": "\U0001f3cb\U0001f3fd\u200d\u2640\ufe0f" * 60,
    "a pile of accents": "a" + "\u0301" * 300,
    "zero width signs": "A\u200bd\u2060a\ufeff",
    "a boundary": "--=_mixed\r\n--=_alternative--",
    "a lone dot": "\r\n.\r\nQUIT\r\n",
    "from at the start of a line": "\nFrom eve\n..\n.",
    "an encoded word": "=?utf-8?q?Ada?= =?utf-8?b?QWRh?=",
    "a formula": "=HYPERLINK(1)+@\t-1",
    "markup": "<script>alert(1)</script>&amp;<!--",
    "nothing but spaces": " \t\u00a0\u3000 ",
    "noncharacters": "A\ufffe\uffffd\ufdd0a",
}
SEEDS = [*CORPUS.values(), "\r\n", "\n", "\r", ":", ";", ",", "\\", '"', "=", ".\r\n"]


def nasty_text() -> st.SearchStrategy[str]:
    """Anything that a string of Python can hold, the corpus and pieces of it among it."""
    anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=120)
    pieces = st.lists(st.one_of(st.sampled_from(SEEDS), anything), max_size=6)
    return st.one_of(pieces.map("".join), anything, st.sampled_from(SEEDS))
