"""Errors as problem documents (RFC 9457): the one table from family to HTTP status."""

from __future__ import annotations

from typing import Any

from dasier import errors

# The first family that an error belongs to decides, so leaves stand before their family.
STATUS: tuple[tuple[type[errors.DasierError], int, str], ...] = (
    (errors.MalformedBody, 400, "Malformed request"),
    (errors.UnsupportedMediaType, 415, "Unsupported content type"),
    (errors.TooLarge, 413, "Too large"),
    (errors.RowsRefused, 422, "Rows do not fit the schema"),
    (errors.FeedbackRefused, 422, "Feedback does not fit"),
    (errors.KeyReused, 422, "Idempotency key used before"),
    (errors.InvalidRequest, 400, "Invalid request"),
    (errors.NotFound, 404, "Not found"),
    (errors.MethodNotAllowed, 405, "Method not allowed"),
    (errors.NotSignedIn, 401, "Not signed in"),
    (errors.Forbidden, 403, "Not allowed"),
    (errors.ReleaseRefused, 409, "Release refused"),
    (errors.Conflict, 409, "Conflict"),
    (errors.Untrusted, 503, "Model unavailable"),
    (errors.Unavailable, 503, "Unavailable"),
)
"""Every other error is our fault: 500, and nothing told but the id."""

_MLFLOW_CODES = {
    400: "BAD_REQUEST",
    404: "RESOURCE_DOES_NOT_EXIST",
    413: "BAD_REQUEST",
    415: "BAD_REQUEST",
    422: "INVALID_PARAMETER_VALUE",
    503: "TEMPORARILY_UNAVAILABLE",
}
"""From MLflow's `databricks_pb2.ErrorCode`."""

_TYPE = "urn:dasier:problem:"


def kind_of(error: Exception) -> tuple[int, str]:
    """Give an error's status and title."""
    return next(((s, t) for family, s, t in STATUS if isinstance(error, family)), (500, "Internal error"))


def problem(
    error: Exception, *, request_id: str, resource: str
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Give status, headers and problem document of an error.

    What is told of an unavailable store or an untrusted version is only that: their messages
    name keys and digests, which belong in the log.
    """
    status, title = kind_of(error)
    detail = str(error)
    headers: dict[str, str] = {}
    if status == 500:
        detail = "Something is wrong on our side. Quote the id of this request if you report it."
    elif status == 503:
        if not isinstance(error, errors.ModelUnavailable | errors.AnswerLate):
            detail = "The model cannot be served just now. Try again in a moment."
        headers["retry-after"] = str(getattr(error, "retry_after_s", errors.Unavailable.retry_after_s))
    elif isinstance(error, errors.MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    document: dict[str, Any] = {
        "type": _TYPE + title.lower().replace(" ", "-"),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request_id,
    }
    if isinstance(error, errors.InvalidRequest) and error.violations:
        document["errors"] = [
            {"pointer": v.pointer, "code": v.code, "detail": v.detail} for v in error.violations
        ]
    if resource.startswith("/v2"):
        document["error"] = _in_a_line(detail, document.get("errors", ()))
    elif resource.endswith("/invocations"):
        document["error_code"] = _MLFLOW_CODES.get(status, "INTERNAL_ERROR")
        document["message"] = _in_a_line(detail, document.get("errors", ()))
    return status, headers, document


def _in_a_line(detail: str, violations: Any) -> str:
    """Give the detail and the first few violations as one string, for clients that show nothing else."""
    shown = "; ".join(f"{v['pointer']}: {v['detail']}" for v in list(violations)[:3])
    return f"{detail} {shown}".strip()
