"""What operators look at: every model in a line, or one model whole."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dasier import layout
from dasier.errors import DasierError, ModelNotFound, NotFound, Untrusted
from dasier.operating import traffic

if TYPE_CHECKING:
    from datetime import datetime

    from dasier.registry import Contents, Registry
    from dasier.releases import Release
    from dasier.serving.service import Service

log = logging.getLogger("dasier")

MOST = 100
"""Models in an answer; the next ones are asked for by the name of the last."""

_AT_ONCE = 8


def every(service: Service, *, now: datetime, after: str = "") -> dict[str, Any]:
    """Give each model in a line, by name: what serves, the newest verdict, drift, and how it did lately.

    One that cannot be read says so, and the others are told all the same.

    Parameters
    ----------
    after : str
        Only models whose name comes after this one.

    Raises
    ------
    Unavailable
        If the store does not answer at all.
    """
    contents = service.registry.contents()
    names = [name for name, found in contents.items() if found.versions and name > after]
    shown = names[:MOST]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        lines = list(pool.map(lambda name: _line(service, name, contents[name], now), shown))
    return {"models": lines, "next": f"/operations?after={shown[-1]}" if len(names) > MOST else None}


def one(service: Service, name: str, *, now: datetime) -> dict[str, Any]:
    """Give all that is told of one model; its versions and its release log have paths of their own.

    Raises
    ------
    ModelNotFound, Unavailable
    """
    found = service.registry.contents(layout.checked_name(name)).get(name)
    if found is None or not found.versions:
        raise ModelNotFound
    registry, release = service.registry, _head(service.registry, name, found)
    try:
        stands = None if release is None else traffic.trial(registry, name, release, now=now)
    except (Untrusted, NotFound):  # a canary that is not to be believed is what a person came to take back
        log.warning("canary not weighed", extra={"model": name})
        stands = None
    return {
        "name": name,
        "title": _title(service, name, found, release),
        "release": None if release is None else release.to_document(),
        "unjudged": sorted(found.versions - found.verdicts),
        "trial": stands,
        "traffic": traffic.lately(registry, name, now=now, files=traffic.FILES).to_document(),
        "drift": report(registry, name),
    }


def _line(service: Service, name: str, found: Contents, now: datetime) -> dict[str, Any]:
    registry = service.registry
    try:
        release, drift = _head(registry, name, found), report(registry, name)
        judged = max(found.verdicts, default=0)
        verdict = registry.verdict(name, judged) if judged else None
        return {
            "name": name,
            "title": _title(service, name, found, release),
            "release": None if release is None else release.to_document(),
            "verdict": verdict
            and {"version": judged, "passed": verdict["passed"], "when": verdict.get("when")},
            "unjudged": len(found.versions - found.verdicts),
            "drift": drift and {key: drift.get(key) for key in ("day", "version", "alarmed")},
            "traffic": traffic.lately(registry, name, now=now, files=traffic.FILES_OF_EACH).total(),
        }
    except DasierError as error:
        log.warning("model not told of", extra={"model": name, "error": f"{type(error).__name__}: {error}"})
        return {"name": name, "unread": True}


def _head(registry: Registry, name: str, found: Contents) -> Release | None:
    newest = max(found.releases, default=0)
    return registry.release(name, newest) if newest else None


def _title(service: Service, name: str, found: Contents, release: Release | None) -> Any:
    """Give what a model is called, by the version that serves or else the newest; nothing if it is not to be believed."""
    version = (release and (release.serving or release.previous)) or max(found.versions)
    try:
        return service.manifest(name, version).title
    except (Untrusted, NotFound):
        return {}


def report(registry: Registry, name: str) -> dict[str, Any] | None:
    """Give the newest report on drift and quality, and its day; None if there is none that can be read."""
    # A report's pages are written before its document, which says that all of it is there.
    documents = (key for key in registry.store.keys(layout.reports(name)) if key.endswith(".json"))
    key = max(documents, default=None)
    content = None if key is None else registry.store.get(key)
    if key is None or content is None:
        return None
    try:
        document: dict[str, Any] = dict(json.loads(content))
        document["alarmed"] = [str(one) for one in document["alarmed"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        log.warning("report cannot be read", extra={"model": name})
        return None
    return document | {"day": key.rpartition("/")[2].removesuffix(".json")}
