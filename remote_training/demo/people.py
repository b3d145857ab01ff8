"""Invented people: drawn from lists by a seed, so that the same seed invents the same study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

FIRST = {
    "nl": (
        "Anneke",
        "Wil",
        "Joke",
        "Truus",
        "Marijke",
        "Hennie",
        "Ria",
        "Kees",
        "Gerda",
        "Els",
        "Toos",
        "Bep",
    ),
    "en": (
        "Shirley",
        "Noelene",
        "Beryl",
        "Gwen",
        "Mavis",
        "Desmond",
        "Colleen",
        "Thelma",
        "Rhonda",
        "Valmai",
    ),
}
LAST = {
    "nl": (
        "Voorbeeld",
        "Verzonnen",
        "Proefman",
        "van Demo",
        "Schijn",
        "Fictief",
        "Denkbeeld",
        "Voorstel",
    ),
    "en": ("Sample", "Madeup", "Example", "Pretend", "Fable", "Imagine", "Invented", "Trialman"),
}
COMPLAINTS = ("fatigue", "function", "distress", "neuropathy")


@dataclass(frozen=True)
class Invented:
    """Somebody who does not exist. `mailbox` may be shared by two of them."""

    name: str
    mailbox: str
    phone: str
    birth_year: str
    emergency_name: str
    emergency_phone: str
    complaint: str
    sex: str
    neurotoxic: bool
    arm: str


def invent(draw: Random, language: str, count: int, *, prefix: str) -> Iterator[Invented]:
    """Invent people who speak a language; the second shares the mailbox of the first."""
    names = [(first, last) for first in FIRST[language] for last in LAST[language]]
    draw.shuffle(names)
    for n in range(count):
        first, last = names[n % len(names)]
        box = n - 1 if n == 1 else n
        yield Invented(
            name=f"{first} {last}",
            mailbox=f"{prefix}{box + 1}@mail.example.org",
            phone=f"030 000 {1000 + n}",
            birth_year=str(draw.randint(1945, 1985)),
            emergency_name=f"{draw.choice(FIRST[language])} {last}",
            emergency_phone=f"030 000 {2000 + n}",
            complaint=draw.choice(COMPLAINTS),
            sex=draw.choice(("F", "F", "F", "M")),
            neurotoxic=draw.random() < 0.5,
            arm=("exercise", "waitlist")[n % 2] if n > 1 else "exercise",
        )
