"""Answer rows: the hot path. Predict, MLflow's invocations, Open Inference Protocol's infer and ready."""

from __future__ import annotations

from dasier.deferring import deferring
from dasier.serving.unused import UNUSED

with deferring(UNUSED):
    from dasier.jobs.respond_async import deferrable
    from dasier.serving.asking import asked
    from dasier.serving.exchange import Request, Response, json_response
    from dasier.serving.exchange import handler as lambda_handler
    from dasier.serving.formats import mlflow, native, oip, oip_outputs, vetiver
    from dasier.serving.observing import Observation, observed
    from dasier.serving.options import read_options
    from dasier.serving.service import Service  # noqa: TC001 (it is imported in any case)


def predict(service: Service, request: Request, seen: Observation) -> Response:
    """Answer with the version that serves, or with the one that the path names."""
    loaded = seen.asked(service, request)
    options = read_options(request.query)
    rows, pointer = native.read(request, loaded.manifest.schema)
    outputs = seen.answered(loaded, rows, pointer)
    form = vetiver if vetiver.is_asked_by(request) else native
    answer = form.document(loaded, rows, outputs, id_=seen.id, options=options)
    return json_response(answer, headers=seen.headers())


def invocations(service: Service, request: Request, seen: Observation) -> Response:
    """Answer as MLflow's scoring server does."""
    loaded = seen.asked(service, request)
    rows, pointer = mlflow.read(request, loaded.manifest.schema)
    return json_response(mlflow.document(seen.answered(loaded, rows, pointer)), headers=seen.headers())


def infer(service: Service, request: Request, seen: Observation) -> Response:
    """Answer tensors with tensors."""
    loaded = seen.asked(service, request)
    inference = oip.read(request, loaded.manifest)
    outputs = seen.answered(loaded, inference.rows, inference.pointer)
    return oip_outputs.respond(loaded.manifest, outputs, inference, headers=seen.headers())


def ready(service: Service, request: Request) -> Response:
    """Say that a model is loaded and has answered its golden records; a problem if it is not."""
    return json_response({"name": asked(service, request).loaded.manifest.name, "ready": True})


ROUTES = {
    ("POST", "/models/{name}/predict"): deferrable(observed(predict)),
    ("POST", "/models/{name}/versions/{version}/predict"): deferrable(observed(predict)),
    ("POST", "/models/{name}/invocations"): observed(invocations),
    ("POST", "/v2/models/{name}/infer"): observed(infer),
    ("POST", "/v2/models/{name}/versions/{version}/infer"): observed(infer),
    ("GET", "/v2/models/{name}/ready"): ready,
    ("GET", "/v2/models/{name}/versions/{version}/ready"): ready,
}
handler = lambda_handler(ROUTES)
