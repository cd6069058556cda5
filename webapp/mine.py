"""The visitor's own predictions: a page that the browser fills in from its own memory. The site has none of them."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("mine", __name__)


@blueprint.get("/predictions")
def show() -> str:
    """Show the page; `static/mine.js` reads what this browser kept."""
    return render_template("mine.html")
