"""Whether the site itself is up; says nothing of the API."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("status", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer those who wait for the site to start."""
    return {"status": "ok"}
