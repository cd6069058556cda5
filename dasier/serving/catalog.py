"""What models there are, and what each is: the answers to every GET about models.

Links are paths below the address that the API is served at.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.errors import ModelUnavailable, NotFound, Untrusted, VersionNotFound
from dasier.serving.about import NAME, service_version

if TYPE_CHECKING:
    from dasier.manifest import Manifest
    from dasier.releases import Release
    from dasier.schema import Schema
    from dasier.serving.manifests import Summary
    from dasier.serving.service import Service

log = logging.getLogger("dasier")

_AT_ONCE = 32
"""Models that are looked up at a time: with a store 20 ms away, 1,000 of them take 0.7 s."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The version of a model that serves, and since which release."""

    release: Release
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list tells of a model."""

    name: str
    release: Release
    summary: Summary


def root() -> dict[str, Any]:
    """Give what the service is, and where to go on."""
    links = {"self": "/", "models": "/models", "openapi": "/openapi.json", "health": "/healthz", "v2": "/v2"}
    return {"name": NAME, "version": service_version(), "links": links}


def all_serving(service: Service) -> list[Listed]:
    """Give every model that serves, by name; one that nothing serves of is left out."""
    names = service.registry.names()
    if not names:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(names))) as pool:
        found = list(pool.map(lambda name: _found(service, name), names))
    return [one for one in found if one is not None]


def _found(service: Service, name: str) -> Listed | None:
    try:
        release = service.releases.current(name)
        if release.serving is None:
            return None
        return Listed(name, release, service.summary(name, release.serving))
    except (ModelUnavailable, NotFound):
        return None
    except Untrusted as error:
        log.error(  # noqa: TRY400 (the error is named; its traceback tells nothing more)
            "model left out of the list", extra={"model": name, "error": f"{type(error).__name__}: {error}"}
        )
        return None


def serving(service: Service, name: str) -> Serving:
    """Give what serves of a model, canary aside.

    Raises
    ------
    ModelNotFound
    ModelUnavailable
        If nothing serves: not released yet, paused, or its version is gone.
    Untrusted
        If the version that serves is not to be believed.
    """
    release = service.releases.current(name)
    if release.serving is None:
        raise ModelUnavailable(name, "it is paused")
    try:
        return Serving(release, service.manifest(name, release.serving))
    except VersionNotFound as error:
        raise ModelUnavailable(name, f"version {release.serving} is gone") from error


def models(service: Service, *, paused: bool = False) -> dict[str, Any]:
    """Give the list of models that serve and, if they are asked for, of those that are paused, without a version."""
    found = all_serving(service)
    listed = [_entry(one) for one in found]
    if paused:
        names = set(service.registry.names()) - {one.name for one in found}
        resting = (_paused(service, name) for name in names)
        listed = sorted([*listed, *(one for one in resting if one)], key=lambda one: str(one["name"]))
    return {"models": listed}


def _entry(listed: Listed) -> dict[str, Any]:
    return {
        "name": listed.name,
        "title": listed.summary.title,
        "summary": listed.summary.summary,
        "task": listed.summary.task,
        "version": listed.release.serving,
        "runtime": listed.summary.runtime,
        "updated": listed.release.when,
    }


def _paused(service: Service, name: str) -> dict[str, Any] | None:
    """Give a model that was paused, in the words of the version that served; None if it is not, or cannot be believed."""
    try:
        release = service.releases.current(name)
        if release.serving is not None or release.previous is None:
            return None
        return _entry(Listed(name, release, service.summary(name, release.previous)))
    except (ModelUnavailable, NotFound, Untrusted):
        return None


def model(service: Service, name: str) -> dict[str, Any]:
    """Give all that a caller, a form or a reader needs to know of a model.

    Raises
    ------
    ModelNotFound, ModelUnavailable, Untrusted
    """
    found = serving(service, name)
    manifest, canary = found.manifest, found.release.canary
    return {
        "name": name,
        "title": manifest.title,
        "summary": manifest.summary,
        "limits": manifest.limits,
        "task": manifest.schema.output.task,
        "version": manifest.version,
        "runtime": {"name": manifest.runtime.name, "reason": manifest.runtime.reason},
        "updated": found.release.when,
        "created": manifest.created,
        "created_by": manifest.created_by,
        "estimator": manifest.estimator,
        "notes": manifest.notes,
        "schema": whole(manifest.schema),
        "classes": manifest.schema.output.classes,
        "metrics": manifest.metrics,
        "canary": None if canary is None else {"version": canary.version, "share": canary.share},
        "card": f"/models/{name}/card",
        "links": links(name),
    }


def links(name: str) -> dict[str, str]:
    """Give the paths of a model."""
    own = f"/models/{name}"
    rest = ("predict", "invocations", "versions", "releases", "card")
    return {"self": own} | {word: f"{own}/{word}" for word in rest} | {"infer": f"/v2{own}/infer"}


def whole(schema: Schema) -> dict[str, Any]:
    """Give a schema with every key, also where it is null or empty."""
    columns = [
        {key: getattr(column, key) for key in column.__dataclass_fields__} for column in schema.columns
    ]
    output = {key: getattr(schema.output, key) for key in schema.output.__dataclass_fields__}
    return {"columns": columns, "output": output}
