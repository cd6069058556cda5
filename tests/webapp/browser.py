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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Give a browser with no window open."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
