"""A request as the event that API Gateway makes of it (REST, proxy integration), and the answer back."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.local.routing import Match

STAGE = "local"
_TEXT = ("application/json", "text/", "application/problem+json", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An HTTP request.

    Attributes
    ----------
    method, path : str
        The path as it was sent, still percent-encoded.
    query : str
        Without the question mark.
    headers : list of name and value
        Names in lower case.
    body : bytes
    source : str
        The caller's address.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source: str


def event(call: Call, match: Match, *, resource: str, request_id: str) -> dict[str, Any]:
    """Give the event for a call that led to a resource.

    API Gateway sends every body as base64 where the template says ``*/*``. Here text stays text:
    the function reads the same bytes either way, and this saves the copying.
    """
    headers = dict(call.headers)
    many: dict[str, list[str]] = {name: [value] for name, value in call.headers}
    if len(many) < len(call.headers):
        many = {name: [value for other, value in call.headers if other == name] for name in many}
    pairs = parse_qsl(call.query, keep_blank_values=True) if call.query else []
    queries: dict[str, list[str]] = {}
    for name, value in pairs:
        queries.setdefault(name, []).append(value)
    body, encoded = _body(call.body, headers.get("content-type", ""))
    return {
        "resource": resource,
        "path": call.path,
        "httpMethod": call.method,
        "headers": headers,
        "multiValueHeaders": many,
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": queries or None,
        "pathParameters": dict(match.parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": call.method,
            "path": f"/{STAGE}{call.path}",
            "stage": STAGE,
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "identity": _identity(headers, call.source),
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def object_created(bucket: str, keys: Iterable[str], *, now: datetime | None = None) -> dict[str, Any]:
    """Give the event that S3 sends when objects were made."""
    when = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": STAGE,
                "eventTime": when,
                "eventName": "ObjectCreated:Put",
                "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": {"key": key}},
            }
            for key in keys
        ]
    }


def scheduled(*, now: datetime | None = None) -> dict[str, Any]:
    """Give the event that a schedule sends."""
    return {
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "time": (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [],
        "detail": {},
    }


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def reply(answer: Mapping[str, Any]) -> Reply:
    """Give the response that a function's answer stands for.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the answer is not of the form that API Gateway takes.
    """
    status = int(answer["statusCode"])
    text = answer.get("body") or ""
    body = base64.b64decode(text, validate=True) if answer.get("isBase64Encoded") else text.encode()
    headers = [(_name(name), _latin(value)) for name, value in (answer.get("headers") or {}).items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        lower = _name(name)
        headers = [pair for pair in headers if pair[0] != lower]
        headers += [(lower, _latin(value)) for value in values]
    return Reply(status, headers, body)


def _body(content: bytes, content_type: str) -> tuple[str | None, bool]:
    if not content:
        return None, False
    if content_type.lower().startswith(_TEXT):
        try:
            return content.decode(), False
        except UnicodeDecodeError:  # for the function to refuse, as the bytes that they are
            pass
    return base64.b64encode(content).decode(), True


def _identity(headers: Mapping[str, str], source: str) -> dict[str, str | None]:
    key = headers.get("x-api-key")
    return {
        "sourceIp": source,
        "userAgent": headers.get("user-agent"),
        "apiKey": key,
        "apiKeyId": hashlib.sha256(key.encode()).hexdigest()[:10] if key else None,
    }


@lru_cache(maxsize=200)
def _name(name: str) -> bytes:
    return _latin(name.lower())


def _latin(value: object) -> bytes:
    text = str(value)
    if "\r" in text or "\n" in text:
        raise ValueError(text)
    return text.encode("latin-1")
