"""What served when, and why: a model's releases and versions, and the verdict on each version.

All of it is read from lists, in which a version that cannot be believed stands beside the others: its verdict is the
one that people look for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request

from dasier.errors import VersionNotFound
from webapp.api import api

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dasier.client import Client, VersionEntry

blueprint = Blueprint("history", __name__)

SHOWN = 20
"""So many releases, and so many versions, stand on a page; a link leads to those before."""


@blueprint.get("/models/<name>/history")
def show(name: str) -> str:
    """Show the releases and versions of a model, newest first, a page at a time."""
    client = api()
    before = {key: request.args.get(key, type=int) for key in ("releases", "versions")}
    before = {key: number if number and number > 0 else None for key, number in before.items()}
    versions = client.versions(name, limit=SHOWN, before=before["versions"])
    releases = client.releases(name, limit=SHOWN, before=before["releases"])
    newest = releases[:1] if before["releases"] is None else client.releases(name, limit=1)
    return render_template(
        "models/history.html",
        name=name,
        title=title(api(), name, versions),
        head=newest[0] if newest else None,
        releases=releases,
        versions=versions,
        before=before,
    )


@blueprint.get("/models/<name>/versions/<int:version>")
def verdict(name: str, version: int) -> str:
    """Show the verdict on one version in full."""
    found = api().versions(name, limit=1, before=version + 1)
    if not found or found[0].version != version:
        raise VersionNotFound(version)
    return render_template(
        "models/version.html", name=name, title=title(api(), name, found), version=found[0]
    )


def title(client: Client, name: str, versions: Sequence[VersionEntry]) -> Any:
    """Give what a model is called, in the words of the newest version that can be believed; nothing if none can."""
    believed = next((one.version for one in versions if one.trusted), None)
    return {} if believed is None else client.version(name, believed).document.get("title")
