"""The browser that tests open the site in: Chromium, on Debian best as `chromium-headless-shell`.

That is the same engine without what is drawn around a page: a visitor of their own takes it a quarter of the
processor's time that the whole browser takes. The whole browser does where it alone is there.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium-headless-shell)"
)

DESKTOP, PHONE = {"width": 1280, "height": 850}, {"width": 390, "height": 844}

# Each two of language, screen and theme once together: what goes wrong for all three and for no two of them is not to be expected.
every_look = pytest.mark.parametrize(
    ("language", "size", "theme"),
    [("en", DESKTOP, "light"), ("en", PHONE, "dark"), ("fr", DESKTOP, "dark"), ("fr", PHONE, "light")],
    ids=["en desktop light", "en phone dark", "fr desktop dark", "fr phone light"],
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Give a browser with no window open."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def press(page: Any, button: str) -> None:
    """Press a button that leads to another page, and wait until that page is there."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def violations(page: Any) -> list[Any]:
    """Give what axe has against a page, by rule and element; it is skipped, by name, where axe is missing."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    return [(one["id"], one["nodes"][0]["html"]) for one in axe.run(page).response["violations"]]


def wider(page: Any) -> int:
    """Give the pixels by which a page is wider than its screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
