"""From a response that is not 2xx to one of the library's errors: the only table of statuses in the client.

The families are `dasier.errors`'; the leaves here are what only a caller over HTTP can meet::

    DasierError
    ├── KeyRefused        no API key, or one that the service does not know
    ├── ServiceFailed     the service's own fault, or an answer that is not the contract's
    └── Unavailable
        ├── Unreachable   no answer at all
        ├── Throttled     too many requests for this key, and retrying did not help
        └── Busy          no version can be loaded now, and retrying did not help
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dasier.errors import (
    Conflict,
    DasierError,
    FeedbackRefused,
    Forbidden,
    InvalidRequest,
    KeyReused,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    NotSignedIn,
    ReleaseRefused,
    RowsRefused,
    Unavailable,
    Violation,
)

_KIND = "urn:dasier:problem:"
NOT_SIGNED_IN, NOT_ALLOWED, RELEASE_REFUSED = (
    _KIND + kind for kind in ("not-signed-in", "not-allowed", "release-refused")
)
FEEDBACK_REFUSED, KEY_REUSED = (
    _KIND + kind for kind in ("feedback-does-not-fit", "idempotency-key-used-before")
)


class KeyRefused(DasierError):
    """The service wants an API key, or another one."""

    def __init__(self) -> None:
        super().__init__("The service wants a valid API key: Client(url, api_key=…).")


class ServiceFailed(DasierError):
    """The service's own fault: nothing in the request would mend it."""

    def __init__(self, what: str, *, request_id: str | None = None) -> None:
        self.request_id = request_id
        super().__init__(f"{what} (request {request_id})." if request_id else f"{what}.")


class Unreachable(Unavailable):
    """No answer came: nothing listens there, the connection broke, or it took too long."""

    def __init__(self, why: str, *, attempts: int) -> None:
        super().__init__(f"No answer from the service in {_times(attempts)}: {why}.")


class Throttled(Unavailable):
    """Too many requests for this API key."""

    def __init__(self, *, attempts: int, retry_after_s: float | None) -> None:
        super().__init__(
            f"Throttled: still too many requests after {_times(attempts)}{_later(retry_after_s)}."
        )


class Busy(Unavailable):
    """The service answered that it cannot serve this now."""

    def __init__(self, detail: str, *, attempts: int, retry_after_s: float | None) -> None:
        super().__init__(f"{detail} Given up after {_times(attempts)}{_later(retry_after_s)}.")


def problem(body: bytes) -> Mapping[str, Any]:
    """Give the problem document (RFC 9457), empty when the body is not one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}


def violations(document: Mapping[str, Any]) -> tuple[Violation, ...]:
    """Give what is wrong with the request, with pointers to row and column."""
    listed = document.get("errors")
    return tuple(
        Violation(str(one.get("pointer", "#")), str(one.get("code", "")), str(one.get("detail", "")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping)
    )


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, attempts: int, retry_after_s: float | None = None
) -> DasierError:
    """Give the error for a response that is not 2xx.

    Parameters
    ----------
    status : int
    headers : mapping
        Case-insensitive.
    body : bytes
        Usually ``application/problem+json``; API Gateway's own refusals are not.
    attempts : int
        How often it was asked.
    retry_after_s : float, optional
        What the service asked to wait, in seconds.
    """
    document = problem(body)
    found = violations(document)
    detail = str(document.get("detail") or document.get("message") or f"The service answered {status}.")
    # A key, or a person: the same statuses, and API Gateway says nothing else of a key that it does not know.
    if document.get("type") == NOT_SIGNED_IN:
        return NotSignedIn()
    if document.get("type") == NOT_ALLOWED:
        return Forbidden()
    if status in {401, 403}:
        return KeyRefused()
    by_status: dict[int, DasierError] = {
        400: MalformedBody(detail, found),
        404: NotFound(detail),
        405: MethodNotAllowed(part.strip() for part in headers.get("allow", "").split(",") if part.strip()),
        409: ReleaseRefused(detail) if document.get("type") == RELEASE_REFUSED else Conflict(detail),
        422: _unfit(document, found),
        429: Throttled(attempts=attempts, retry_after_s=retry_after_s),
        503: Busy(detail, attempts=attempts, retry_after_s=retry_after_s),
    }
    if status in by_status:
        return by_status[status]
    if 400 <= status < 500:
        return InvalidRequest(detail, found)
    request_id = str(document.get("instance") or "") or headers.get("x-request-id")
    return ServiceFailed(f"The service answered {status}", request_id=request_id)


def _unfit(document: Mapping[str, Any], found: tuple[Violation, ...]) -> DasierError:
    """Give what does not fit: rows, unless the problem says otherwise."""
    if document.get("type") == KEY_REUSED:
        return KeyReused()
    return FeedbackRefused(found) if document.get("type") == FEEDBACK_REFUSED else RowsRefused(found)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def _later(retry_after_s: float | None) -> str:
    return "" if retry_after_s is None else f"; it asks to wait {retry_after_s:g} s"
