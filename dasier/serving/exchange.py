"""Turn an API Gateway REST event into a request, and an answer into what the gateway expects."""

from __future__ import annotations

import base64
import binascii
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from dasier.errors import AnswerLate, MalformedBody, MethodNotAllowed, PathNotFound, TooLarge, trace
from dasier.serving.deadline import InTime
from dasier.serving.problems import problem
from dasier.serving.service import Service
from dasier.serving.settings import Settings

log = logging.getLogger("dasier")

Event = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, whichever way it came.

    Attributes
    ----------
    method, resource : str
        ``resource`` is the route as the template declares it, e.g. ``/models/{name}``.
    path : Mapping[str, str]
        The path's parameters, percent-decoded.
    query : Mapping[str, str]
    headers : Mapping[str, str]
        Names in lower case.
    body : bytes
    id : str
        What a caller and a log line know it by.
    client : str or None
        Who calls: the API key's id, and what ``x-client-id`` says of who uses that key; either alone, if that is all.
    key_id : str or None
        The API key's id alone, which nobody can only say that they have.
    authorizer : Mapping[str, Any]
        What the authorizer of the route said of the person who is signed in; empty where it has none.
    """

    method: str
    resource: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    id: str
    client: str | None
    key_id: str | None = None
    authorizer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer. Bytes that are not text are sent as base64."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether the body may travel as a string."""
        return not self.content_type.startswith(
            ("application/octet-stream", "application/vnd.inference", "image/")
        )


Action = Callable[[Service, Request], Response]
Routes = Mapping[tuple[str, str], Action]


def json_response(document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Give a document as JSON; numpy arrays and scalars are written as they are."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body=body, status=status, headers=headers or {})


@cache
def service() -> Service:
    """Give this process's service, made of its environment on the first request."""
    return Service.open(Settings.read(os.environ))


def handler(routes: Routes, *, serve: Callable[[], Service] = service) -> Callable[[Event, object], Answer]:
    """Give a Lambda handler that dispatches on the event's resource and method.

    Parameters
    ----------
    routes
        What answers each method and resource.
    serve
        Gives the service; passed in by tests.
    """
    in_time = InTime(serve)

    def handle(event: Event, context: object) -> Answer:
        request_id = str((event.get("requestContext") or {}).get("requestId") or os.urandom(8).hex())
        resource = str(event.get("resource", ""))
        try:
            response = in_time(lambda: _dispatch(routes, serve(), event, request_id), event, context)
        except Exception as error:  # noqa: BLE001 (the outermost edge: it becomes a problem and one log entry)
            if isinstance(error, AnswerLate):
                serve().under_way.pop(request_id, lambda: None)()
            response = _refused(error, request_id, resource)
        return _answer(response, request_id)

    # For a server that has one thread for all its connections.
    handle.is_at_once = in_time.is_at_once  # type: ignore[attr-defined]
    return handle


def _dispatch(routes: Routes, running: Service, event: Event, request_id: str) -> Response:
    resource, method = str(event.get("resource", "")), str(event.get("httpMethod", ""))
    action = routes.get((method, resource)) or routes.get(("ANY", resource))
    if action is None:
        known = {m for m, r in routes if r == resource}
        raise MethodNotAllowed(known) if known else PathNotFound
    request = read_event(event, request_id=request_id, limit_bytes=running.settings.body_limit_bytes)
    response = action(running, request)
    if len(response.body) > running.settings.answer_limit_bytes:
        raise TooLarge("answer", limit_bytes=running.settings.answer_limit_bytes)
    return response


def read_event(event: Event, *, request_id: str, limit_bytes: int) -> Request:
    """Give the request of a REST proxy event.

    Raises
    ------
    TooLarge
        If the body is over the limit, counted as it was sent.
    MalformedBody
        If it is said to be base64 and is not.
    """
    context = event.get("requestContext") or {}
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    text = event.get("body") or ""
    if len(text) > limit_bytes:
        raise TooLarge("request", limit_bytes=limit_bytes)
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, ValueError) as error:
        raise MalformedBody("The body cannot be decoded.") from error
    if len(body) > limit_bytes:
        raise TooLarge("request", limit_bytes=limit_bytes)
    key_id = (context.get("identity") or {}).get("apiKeyId")
    return Request(
        method=str(event.get("httpMethod", "")),
        resource=str(event.get("resource", "")),
        path=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers=headers,
        body=body,
        id=request_id,
        client="/".join(filter(None, (key_id, headers.get("x-client-id")))) or None,
        key_id=key_id,
        authorizer=context.get("authorizer") or {},
    )


def _refused(error: Exception, request_id: str, resource: str) -> Response:
    status, headers, document = problem(error, request_id=request_id, resource=resource)
    if status >= 500:
        told = {"request_id": request_id, "resource": resource, "error": type(error).__name__}
        log.error("request failed", extra=told | ({"trace": trace(error)} if status == 500 else {}))
    return Response(
        body=orjson.dumps(document), status=status, content_type="application/problem+json", headers=headers
    )


def _answer(response: Response, request_id: str) -> Answer:
    text = response.is_text
    return {
        "statusCode": response.status,
        "headers": {"content-type": response.content_type, "x-request-id": request_id, **response.headers},
        "body": response.body.decode() if text else base64.b64encode(response.body).decode(),
        "isBase64Encoded": not text,
    }
