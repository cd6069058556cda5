"""Headers on every response.

Nothing is inline on this site, neither script nor style. A script runs if its address is ours *and* its element
carries this response's nonce; whatever a model's name or a category holds, it knows no nonce.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from flask import g

if TYPE_CHECKING:
    from flask import Flask, Response

POLICY = (
    "default-src 'none'; "
    "script-src 'nonce-{nonce}'; "
    "style-src 'self'; "
    "img-src 'self' data:; "  # Bootstrap's select arrow and check mark, and the plots in a card, are data: images
    "font-src 'self'; "
    "connect-src 'self'{connect}; "
    "form-action 'self'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # CSRF protection over HTTPS reads the referrer
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PRIVATE = frozenset({"text/html", "text/csv"})
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(?=/)")
ONE_YEAR_S = 365 * 24 * 3600


def nonce() -> str:
    """Give the word that this response's scripts carry: 128 random bits, another for each response."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def let_connect(address: str) -> None:
    """Let the scripts of this response, and of no other, reach where an address is; what is no plain origin adds nothing."""
    origin = _ORIGIN.match(address)
    if origin:
        g.connect = f" {origin[0]}"


def register(app: Flask) -> None:
    """Put the headers on every response, errors and files included."""
    app.context_processor(lambda: {"nonce": nonce})

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        # A view may ask for less: a model's card is shown as if it came from nowhere.
        response.headers.setdefault(
            "Content-Security-Policy", POLICY.format(nonce=nonce(), connect=g.get("connect", ""))
        )
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}"
        if response.mimetype in PRIVATE:
            # What a visitor typed, and a token of theirs.
            response.headers["Cache-Control"] = "no-store"
        return response
