"""The answer to every GET that needs no model loaded: parse, one call, map."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import orjson

from dasier.errors import PathNotFound
from dasier.layout import checked_version
from dasier.serving import catalog, history
from dasier.serving.exchange import Request, Response, json_response
from dasier.serving.formats import oip_metadata
from dasier.serving.openapi import document
from dasier.serving.problems import problem

if TYPE_CHECKING:
    from dasier.serving.service import Service

_DOCUMENTS: WeakKeyDictionary[Service, tuple[tuple[tuple[str, int], ...], Response]] = WeakKeyDictionary()
"""The OpenAPI document that each service gave last, and the versions that it describes."""


def root(_service: Service, _request: Request) -> Response:
    """Say what this service is, and where to go on."""
    return json_response(catalog.root())


def health(_service: Service, _request: Request) -> Response:
    """Say that it answers."""
    return json_response({"status": "ok"})


def openapi(service: Service, _request: Request) -> Response:
    """Describe this very registry; the document is written anew only when what serves has changed."""
    found = catalog.all_serving(service)
    serving = tuple((one.name, one.release.serving) for one in found if one.release.serving is not None)
    known = _DOCUMENTS.get(service)
    if known is None or known[0] != serving:
        manifests = [service.manifest(name, version) for name, version in serving]
        written = json_response(document(manifests, limit_bytes=service.settings.answer_limit_bytes))
        _DOCUMENTS[service] = known = serving, written
    return known[1]


def models(service: Service, request: Request) -> Response:
    """List the models that serve; with ``?paused=true`` also those that are paused."""
    return json_response(catalog.models(service, paused=request.query.get("paused") == "true"))


def model(service: Service, request: Request) -> Response:
    """Describe one model."""
    return json_response(catalog.model(service, request.path["name"]))


def versions(service: Service, request: Request) -> Response:
    """List a model's versions."""
    return json_response(history.versions(service, request.path["name"], history.Page.read(request.query)))


def version(service: Service, request: Request) -> Response:
    """Describe one version in full."""
    number = checked_version(request.path["version"])
    return json_response(history.version(service, request.path["name"], number))


def releases(service: Service, request: Request) -> Response:
    """Give the release log."""
    return json_response(history.releases(service, request.path["name"], history.Page.read(request.query)))


def inference_server(_service: Service, _request: Request) -> Response:
    """Describe the server, as the Open Inference Protocol has it."""
    return json_response(oip_metadata.server())


def inference_live(_service: Service, _request: Request) -> Response:
    """Say that it lives."""
    return json_response({"live": True})


def inference_ready(service: Service, _request: Request) -> Response:
    """Say that the store answers; a problem if it does not."""
    service.registry.names()
    return json_response({"ready": True})


def inference_model(service: Service, request: Request) -> Response:
    """Say what tensors a model, or one version of it, takes and gives."""
    name, number = request.path["name"], request.path.get("version")
    asked = None if number is None else checked_version(number)
    numbers = service.registry.versions(name)
    manifest = catalog.serving(service, name).manifest if asked is None else service.manifest(name, asked)
    return json_response(oip_metadata.model(manifest, numbers))


def nothing(_service: Service, request: Request) -> Response:
    """Refuse a path that does not exist, in the words that its prefix promises."""
    path = "/" + request.path.get("proxy", "")
    status, _, told = problem(PathNotFound(), request_id=request.id, resource=path)
    return Response(body=orjson.dumps(told), status=status, content_type="application/problem+json")
