"""The box above a form that names what is to be mended: what of it does not hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BOX = 'class="errors"'
OF_THE_LIBRARY = ("Not a valid", "This field is required", "Invalid", "Field must")


class _Page(HTMLParser):
    """Labels, legends and ids of a page, and the links of the box."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.hidden: set[str] = set()
        self.names: dict[str, str] = {}
        self.links: list[tuple[str, str]] = []
        self._legend = ""
        self._open: list[tuple[str, str, str]] = []
        self._in_box = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what can be led to, and where a name or a link begins."""
        had = {name: value or "" for name, value in attrs}
        self._in_box |= had.get("class") == "errors"
        if "id" in had:
            self.ids.append(had["id"])
        if had.get("type") == "hidden":
            self.hidden.add(had.get("id", ""))
        if had.get("type") in ("radio", "checkbox"):
            self.names.setdefault(had.get("id", ""), self._legend)
        if tag == "label" or tag == "legend" or (tag == "a" and self._in_box):
            self._open.append((tag, had.get("for") or had.get("href", "")[1:], ""))

    def handle_data(self, data: str) -> None:
        """Collect words."""
        self._open = [(tag, place, said + data) for tag, place, said in self._open]

    def handle_endtag(self, tag: str) -> None:
        """A name or a link is complete."""
        if tag == "ul":
            self._in_box = False
        if self._open and self._open[-1][0] == tag:
            _tag, place, said = self._open.pop()
            words = " ".join(said.split())
            if tag == "a":
                self.links.append((place, words))
            elif tag == "legend":
                self._legend = words
            else:
                self.names.setdefault(place, words)


def faults(text: str) -> list[str]:
    """What is wrong with the box of a page: a link that leads nowhere, a field without its name.

    Empty where all is well, or where there is no box. A group that is led to has its name from
    its legend.
    """
    if BOX not in text:
        return []
    page = _Page()
    page.feed(text)
    found = [f"not our words: {one}" for one in OF_THE_LIBRARY if one in text]
    for place, said in page.links:
        if page.ids.count(place) != 1 or place in page.hidden:
            found.append(f"leads to no field: {said!r} (#{place})")
        name = re.split("[(:]", page.names.get(place, ""))[0].strip()
        if name and not said.startswith(name[:20]):
            found.append(f"does not name {name!r}: {said!r}")
    return found
