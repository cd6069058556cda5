"""Answer rows: the hot path. Predict, MLflow's invocations, Open Inference Protocol's infer and ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.serving.asking import asked
from dasier.serving.exchange import Request, Response, json_response
from dasier.serving.exchange import handler as lambda_handler
from dasier.serving.formats import mlflow, native, oip, oip_outputs, vetiver
from dasier.serving.options import read_options
from dasier.serving.predicting import predict as run

if TYPE_CHECKING:
    from dasier.serving.service import Service


def predict(service: Service, request: Request) -> Response:
    """Answer with the version that serves, or with the one that the path names."""
    loaded = asked(service, request)
    options = read_options(request.query)
    rows, pointer = native.read(request, loaded.manifest.schema)
    outputs = run(loaded, rows, pointer)
    answer = native.document(loaded, rows, outputs, options=options)
    if vetiver.is_asked_by(request):
        answer = vetiver.document(answer)
    return json_response(answer, headers={"x-model-version": str(loaded.manifest.version)})


def invocations(service: Service, request: Request) -> Response:
    """Answer as MLflow's scoring server does."""
    loaded = asked(service, request)
    rows, pointer = mlflow.read(request, loaded.manifest.schema)
    return mlflow.respond(loaded, run(loaded, rows, pointer))


def infer(service: Service, request: Request) -> Response:
    """Answer tensors with tensors."""
    loaded = asked(service, request)
    inference = oip.read(request, loaded.manifest)
    outputs = run(loaded, inference.rows, inference.pointer)
    return oip_outputs.respond(loaded.manifest, outputs, wanted=inference.wanted, id_=inference.id)


def ready(service: Service, request: Request) -> Response:
    """Say that a model is loaded and has answered its golden records; a problem if it is not."""
    return json_response({"name": asked(service, request).manifest.name, "ready": True})


ROUTES = {
    ("POST", "/models/{name}/predict"): predict,
    ("POST", "/models/{name}/versions/{version}/predict"): predict,
    ("POST", "/models/{name}/invocations"): invocations,
    ("POST", "/v2/models/{name}/infer"): infer,
    ("POST", "/v2/models/{name}/versions/{version}/infer"): infer,
    ("GET", "/v2/models/{name}/ready"): ready,
    ("GET", "/v2/models/{name}/versions/{version}/ready"): ready,
}
handler = lambda_handler(ROUTES)
