"""The API, as this site reaches it: with the site's own key, and in nobody's name.

A page asks it several times, and whoever carries the page (API Gateway) gives up after 29 s. So a page that has waited long asks
nothing more: it says what it has, with what was typed still in it, where the gateway would say nothing of the kind.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import current_app, g

from dasier.errors import Unavailable

if TYPE_CHECKING:
    from dasier.client import Client


class PageLate(Unavailable):
    """The page has waited for the API as long as it may."""

    def __init__(self) -> None:
        super().__init__("The API took so long that this page asks it nothing more.")


def api() -> Client:
    """Give what asks the API; `webapp.app` made it.

    Raises
    ------
    PageLate
    """
    if is_late():
        raise PageLate
    client: Client = current_app.extensions["dasier-client"]
    return client


def is_late() -> bool:
    """Say whether this page began to ask longer ago than `Settings.page_s`."""
    now = time.monotonic()
    began: float = g.setdefault("api_asked_s", now)
    return now - began > float(current_app.config["PAGE_S"])
