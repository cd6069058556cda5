"""A version in a line, as the API and the command list it: one that cannot be believed, or judged wrongly, hides no other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dasier.errors import Untrusted, VersionNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.manifest import Manifest
    from dasier.registry import Registry
    from dasier.releases import Release

log = logging.getLogger("dasier")


def listed(
    registry: Registry,
    name: str,
    number: int,
    head: Release | None,
    *,
    read: Callable[[str, int], Manifest] | None = None,
) -> dict[str, Any]:
    """Give a version: what was decided of it, and what its manifest says if that is to be believed.

    Parameters
    ----------
    head : Release or None
        The newest release.
    read, optional
        Gives a manifest, of whoever remembers some; by default the registry does.
    """
    standing = {"version": number, **standing_of(registry, name, number, head)}
    try:
        manifest = (read or registry.manifest)(name, number)
    except (Untrusted, VersionNotFound):  # it is there and will not be loaded; the others are well
        unknown = ("created", "created_by", "task", "runtime", "metrics", "source")
        return standing | {"trusted": False} | dict.fromkeys(unknown)
    return standing | {
        "trusted": True,
        "created": manifest.created,
        "created_by": manifest.created_by,
        "task": manifest.schema.output.task,
        "runtime": manifest.runtime.name,
        "metrics": manifest.metrics,
        "source": manifest.source,
    }


def standing_of(registry: Registry, name: str, number: int, head: Release | None) -> dict[str, Any]:
    """Give what was decided of a version; a verdict that cannot be read lets nothing serve."""
    canary = head.canary if head else None
    try:
        verdict = registry.verdict(name, number)
    except Untrusted as error:
        log.error("verdict not told", extra={"model": name, "error": str(error)})  # noqa: TRY400 (it is named)
        verdict = {"passed": False, "rules": []}
    return {
        "verdict": verdict,
        "serving": head is not None and head.serving == number,
        "canary": canary.share if canary is not None and canary.version == number else None,
    }
