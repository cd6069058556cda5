"""The OpenAPI 3.1 document of a registry: generic paths, and each serving model's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from dasier.serving.about import NAME, service_version
from dasier.serving.openapi.model import fragment
from dasier.serving.openapi.operations import RESPONSES
from dasier.serving.openapi.operators import OPERATORS
from dasier.serving.openapi.paths import PATHS
from dasier.serving.openapi.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.manifest import Manifest

_ABOUT = (
    "Predictions of scikit-learn models, and what there is to know of each model. Paths are below the address "
    "that this document comes from. Row *i* of an answer is row *i* of the request."
)
_LEFT_OUT = " {count} models are left out of this document, which would be too long; the generic paths are theirs too."

_TAGS = {
    "predict": "Rows in, predictions out.",
    "jobs": "Tables of any length, answered in the background.",
    "models": "What models there are, their versions, releases and cards.",
    "v2": "Open Inference Protocol v2, with the binary tensor data extension.",
    "operations": "What operators see and decide: a person is signed in beside the key.",
    "service": "The service itself.",
}


def document(manifests: Iterable[Manifest], *, limit_bytes: int) -> dict[str, Any]:
    """Give the document.

    Parameters
    ----------
    manifests
        Of the versions that serve.
    limit_bytes : int
        Models whose paths would make it longer are covered by the generic paths alone.
    """
    paths, schemas = dict(PATHS), SCHEMAS | OPERATORS
    room = limit_bytes - len(orjson.dumps([paths, schemas, RESPONSES])) - 10_000
    left_out = 0
    for manifest in manifests:
        own_paths, own_schemas = fragment(manifest)
        room -= len(orjson.dumps([own_paths, own_schemas]))
        if room < 0:
            left_out += 1
            continue
        paths |= own_paths
        schemas |= own_schemas
    return {
        "openapi": "3.1.0",
        "info": {
            "title": NAME,
            "version": service_version(),
            "description": _ABOUT + (_LEFT_OUT.format(count=left_out) if left_out else ""),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "."}],
        "security": [{"ApiKey": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": RESPONSES,
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "Asked for on AWS; not on one's own machine.",
                },
                "Person": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An ID token of the OpenID Connect provider that the service is configured with.",
                },
            },
        },
    }
