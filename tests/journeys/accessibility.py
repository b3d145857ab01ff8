"""WCAG 2.2 AA as far as axe can tell, at three widths, light and dark."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.servers.browser import axe_source

WIDTHS = (320, 375, 1280)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def assert_accessible(page: Page) -> None:
    """Assert that axe finds nothing on this page, nor anything wider than the screen."""
    before = page.viewport_size
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert faults(page) == [], f"{page.url} at {width} px, {scheme}"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{page.url} is {wide} px wide on a screen of {width}"
    page.emulate_media(color_scheme="light")
    if before is not None:
        page.set_viewport_size(before)


def faults(page: Page) -> list[str]:
    """What axe finds on a page: rule and the first element."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe_source())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]]
