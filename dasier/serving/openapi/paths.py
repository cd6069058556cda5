"""The paths that every registry has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.serving.openapi.jobs import CANCEL, STANDING, SUBMIT
from dasier.serving.openapi.operations import (
    BINARY_LENGTH,
    CLIENT,
    NAME,
    OPTIONS,
    PAGE,
    PAUSED,
    PREDICTION_HEADERS,
    VERSION,
    VERSION_HEADER,
    Json,
    Operation,
    json_content,
    option,
    ref,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CSV: Json = {"schema": {"type": "string", "description": "A header row with the columns' names, then rows."}}
TEXT: Json = {"schema": {"type": "string"}}

INFER_ANSWERS: dict[str, Json] = {
    **json_content(ref("InferResponse")),
    "application/octet-stream": {},
}
INFER_HEADERS: Json = {
    **PREDICTION_HEADERS,
    "inference-header-content-length": {
        "schema": {"type": "string"},
        "description": "Length of the JSON at the start of a binary answer.",
    },
}


def predict(id_: str, summary: str, parameters: Sequence[Json]) -> Operation:
    """Give the operation of a generic predict path."""
    return Operation(
        id=id_,
        summary=summary,
        tag="predict",
        answers=json_content(ref("Answer")),
        body={**json_content(ref("Table")), "text/csv": CSV},
        parameters=[*parameters, *OPTIONS],
        headers=PREDICTION_HEADERS,
        later=json_content(ref("Job")),
    )


def infer(id_: str, summary: str, parameters: Sequence[Json], **example: Any) -> Operation:
    """Give the operation of an infer path."""
    return Operation(
        id=id_,
        summary=summary,
        tag="v2",
        answers=INFER_ANSWERS,
        body={**json_content(ref("InferRequest"), **example), "application/octet-stream": {}},
        parameters=[*parameters, BINARY_LENGTH, CLIENT],
        headers=INFER_HEADERS,
    )


def _get(id_: str, summary: str, schema: str, *parameters: Json, **more: Any) -> Operation:
    tag = more.pop("tag", "models")
    return Operation(
        id=id_, summary=summary, tag=tag, answers=json_content(ref(schema)), parameters=parameters, **more
    )


_CARD = Operation(
    id="card",
    summary="A model's card, in HTML or Markdown by Accept",
    tag="models",
    answers={"text/markdown": TEXT, "text/html": TEXT},
    parameters=[
        NAME,
        option("lang", {"enum": ["en", "fr"]}, "Its language; by default what Accept-Language prefers."),
    ],
    headers=VERSION_HEADER,
)
_INVOCATIONS = Operation(
    id="invocations",
    summary="Predict, in MLflow's wire format",
    tag="predict",
    answers=json_content(ref("Predictions")),
    body={**json_content(ref("Invocations")), "text/csv": CSV},
    parameters=[NAME, CLIENT],
    headers=PREDICTION_HEADERS,
)
_FEEDBACK = Operation(
    id="feedback",
    summary="Tell what turned out to be true of predictions; the same told twice is one",
    tag="predict",
    answers=json_content(ref("Accepted")),
    body=json_content(ref("Feedback")),
    parameters=[NAME],
    status="202",
)
_DECISION = Operation(
    id="decide",
    summary="Decide what serves: the next entry of the release log",
    tag="operations",
    answers=json_content(ref("Release")),
    body=json_content(ref("Decision")),
    parameters=[NAME],
    person=True,
    status="201",
)
_AFTER = option("after", {"type": "string"}, "Only models whose name comes after this one.")
_DOCUMENT = Operation(
    id="openapi",
    summary="This document",
    tag="service",
    answers=json_content({"type": "object"}),
    public=True,
)

_OPERATIONS: dict[str, Operation] = {
    "/": _get("root", "What this service is, and where to go on", "Root", tag="service", public=True),
    "/healthz": _get("health", "Whether it answers", "Health", tag="service", public=True),
    "/openapi.json": _DOCUMENT,
    "/models": _get("models", "The models that serve", "Models", PAUSED),
    "/models/{name}": _get("model", "What a model takes, gives, and how good it is", "Model", NAME),
    "/models/{name}/versions": _get("versions", "A model's versions, newest first", "Versions", NAME, *PAGE),
    "/models/{name}/versions/{version}": _get("version", "One version in full", "Version", NAME, VERSION),
    "/models/{name}/releases": _get("releases", "The release log, newest first", "Releases", NAME, *PAGE),
    "/models/{name}/card": _CARD,
    "/models/{name}/predict": predict("predict", "Predict with the version that serves", [NAME]),
    "/models/{name}/versions/{version}/predict": predict(
        "version_predict", "Predict with one version", [NAME, VERSION]
    ),
    "/models/{name}/invocations": _INVOCATIONS,
    "/models/{name}/feedback": _FEEDBACK,
    "/models/{name}/jobs": SUBMIT,
    "/operations": _get(
        "operations",
        "Every model in a line, for operators",
        "Overview",
        _AFTER,
        tag="operations",
        person=True,
    ),
    "/operations/{name}": _get(
        "operations_of", "One model, for operators", "Operations", NAME, tag="operations", person=True
    ),
    "/operations/{name}/releases": _DECISION,
    "/v2": _get("v2_server", "The server's metadata", "ServerMetadata", tag="v2"),
    "/v2/health/live": _get("v2_live", "Whether it lives", "ServerLive", tag="v2", public=True),
    "/v2/health/ready": _get("v2_ready", "Whether it can serve", "ServerReady", tag="v2", public=True),
    "/v2/models/{name}": _get("v2_model", "A model's tensors", "ModelMetadata", NAME, tag="v2"),
    "/v2/models/{name}/ready": _get(
        "v2_model_ready", "Whether a model has answered its golden records", "ModelReady", NAME, tag="v2"
    ),
    "/v2/models/{name}/infer": infer("v2_infer", "Infer with the version that serves", [NAME]),
    "/v2/models/{name}/versions/{version}": _get(
        "v2_version", "A version's tensors", "ModelMetadata", NAME, VERSION, tag="v2"
    ),
    "/v2/models/{name}/versions/{version}/ready": _get(
        "v2_version_ready", "Whether a version is ready", "ModelReady", NAME, VERSION, tag="v2"
    ),
    "/v2/models/{name}/versions/{version}/infer": infer(
        "v2_version_infer", "Infer with one version", [NAME, VERSION]
    ),
}

PATHS: dict[str, Json] = {path: operation.written() for path, operation in _OPERATIONS.items()}
PATHS["/jobs/{id}"] = STANDING.written() | CANCEL.written()
