"""What a visitor prefers: language and theme, kept in the session cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, current_app, redirect, request, session, url_for
from flask_babel import refresh
from werkzeug.exceptions import HTTPException

from webapp.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

blueprint = Blueprint("preferences", __name__, url_prefix="/preferences")

THEMES = ("auto", "light", "dark")


@blueprint.record_once
def _offer(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]
    app.context_processor(lambda: {"theme": theme(), "themes": THEMES})


def theme() -> str:
    """Give the theme that the visitor chose; ``auto`` follows the browser."""
    chosen = session.get("theme")
    return chosen if chosen in THEMES else "auto"


@blueprint.post("")
def keep() -> Response:
    """Keep a choice and go back to the page it was made on."""
    choose(request.form)
    return redirect(own_page(request.form.get("back", "")), code=303)


def choose(form: Mapping[str, str]) -> None:
    """Keep the language and the theme that a form asks for, from this very answer on."""
    session.permanent = True
    if form.get("language") in LANGUAGES:
        session["language"] = form["language"]
        refresh()
    if form.get("theme") in THEMES:
        session["theme"] = form["theme"]


def own_page(path: str) -> str:
    """Give the path if it is a page of this site, else the first page: never another site's address."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isprintable():
        return url_for("models.index")
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return url_for("models.index")
    return request.script_root + path
