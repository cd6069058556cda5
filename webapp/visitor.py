"""Who asks, as far as the API needs to know: a random word in a cookie, so that a canary stays with a visitor.

The API chooses a canary's callers by their key and `x-client-id`. All visitors come with the site's one key: without a word of
their own they would all meet the canary, or none of them. It says nothing of anybody, and is made when something is first asked.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from flask import g, request

from webapp.api import api

if TYPE_CHECKING:
    from flask import Flask, Response

    from dasier.client import Client

COOKIE = "dasier-visitor"
KEPT_S = 30 * 24 * 3600
"""Longer than a canary lasts."""
_WORD = re.compile(r"[A-Za-z0-9_-]{22}")


def client() -> Client:
    """Give the API, asked in the name of the visitor whose request this is."""
    return api().caller(_word())


def _word() -> str:
    if "visitor" not in g:
        known = request.cookies.get(COOKIE, "")
        g.visitor_is_new = not _WORD.fullmatch(known)
        g.visitor = secrets.token_urlsafe(16) if g.visitor_is_new else known
    return str(g.visitor)


def register(app: Flask) -> None:
    """Let browsers keep the word of visitors who are new."""

    @app.after_request
    def keep(response: Response) -> Response:
        if g.get("visitor_is_new"):
            secure = bool(app.config["SESSION_COOKIE_SECURE"])
            response.set_cookie(
                COOKIE, _word(), max_age=KEPT_S, httponly=True, secure=secure, samesite="Lax", path="/"
            )
        return response
