"""Answer rows: the hot path. Predict, MLflow's invocations and Open Inference Protocol's infer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.layout import checked_version
from dasier.serving.exchange import Request, Response, json_response
from dasier.serving.exchange import handler as lambda_handler
from dasier.serving.formats import native
from dasier.serving.options import read_options
from dasier.serving.predicting import predict as run

if TYPE_CHECKING:
    from dasier.serving.loading import Loaded
    from dasier.serving.service import Service


def predict(service: Service, request: Request) -> Response:
    """Answer with the version that serves, or with the one that the path names."""
    loaded = _loaded(service, request)
    options = read_options(request.query)
    rows, pointer = native.read(request, loaded.manifest.schema)
    outputs = run(loaded, rows, pointer)
    answer = native.document(loaded, rows, outputs, options=options)
    return json_response(answer, headers={"x-model-version": str(loaded.manifest.version)})


def _loaded(service: Service, request: Request) -> Loaded:
    version = request.path.get("version")
    if version is None:
        return service.serving(request.path["name"], request.client)
    return service.version(request.path["name"], checked_version(version))


handler = lambda_handler(
    {
        ("POST", "/models/{name}/predict"): predict,
        ("POST", "/models/{name}/versions/{version}/predict"): predict,
    }
)
