"""The API on this machine: an ASGI application that does what API Gateway does.

It routes by the template, makes the event, calls the function in a bounded pool of threads and
maps the answer. It knows no model, no store and no key. A request that its function is sure to answer at once
(`dasier.serving.deadline`) is answered on the thread of the connections: handing it over would cost more than it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.errors import trace
from dasier.jobs.links import PREFIX
from dasier.local.authorizing import Refused, authorized
from dasier.local.events import Call, Reply, event, reply
from dasier.local.routing import Match, Router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from dasier.local.files import Files
    from dasier.local.functions import Functions
    from dasier.local.template import Route, Template

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("dasier.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken on at once.

    Attributes
    ----------
    threads : int
        That run functions.
    waiting : int
        Requests that may be under way or wait for a thread; the next is told to come back.
    query_fields : int
        Parameters in a query.
    body_bytes : int
        API Gateway's own: the functions refuse sooner, and say what to do instead.
    """

    threads: int = 16
    waiting: int = 1_000
    query_fields: int = 100
    body_bytes: int = 10 * 1024 * 1024


_READY_S = 1.0
"""How long after the start functions are imported that nobody asked for yet: the first request comes before them."""


class _BodyTooLarge(Exception):
    """The body is over the limit."""


class _Gone(Exception):
    """Whoever asked went away before all of the request was here."""


class Gateway:
    """Answers HTTP by the functions of a template.

    Parameters
    ----------
    template : Template
    functions : Functions
    default_model : str, optional
        Answers at ``/ping`` and ``/invocations``, as SageMaker's and MLflow's clients expect.
    files : Files, optional
        Takes and gives the files of jobs, as S3 does where there is a bucket.
    limits : Limits
    """

    def __init__(
        self,
        template: Template,
        functions: Functions,
        *,
        default_model: str | None = None,
        files: Files | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._files = files
        self._router = Router(template.routes)
        self._functions = functions
        self._aliases = _aliases(default_model) if default_model else {}
        self._limits = limits or Limits()
        self._pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="function")
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's scope (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._files is not None and scope.get("path", "").startswith(PREFIX):
            await self._files(scope, receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._pool.shutdown(wait=False, cancel_futures=True)
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})
            loop = asyncio.get_running_loop()
            loop.call_later(_READY_S, self._pool.submit, self._functions.get_ready)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id()
        head = scope["method"] == "HEAD"
        try:
            answer = await self._answer(scope, receive, request_id, method="GET" if head else scope["method"])
        except _BodyTooLarge:
            limit = f"The request is over {self._limits.body_bytes} bytes."
            answer = problem(413, "Too large", limit, request_id)
        except _Gone:
            return
        except Exception as error:  # noqa: BLE001 (the outermost edge; its words may hold what was sent)
            log.error("a function failed", extra={"request_id": request_id, "trace": trace(error)})  # noqa: TRY400
            detail = "Something is wrong on our side. Quote the id of this request if you report it."
            answer = problem(500, "Internal error", detail, request_id)
        given = dict(answer.headers)
        headers = answer.headers
        if b"content-length" in given:
            headers = [pair for pair in headers if pair[0] != b"content-length"]
        headers.append((b"content-length", b"%d" % len(answer.body)))
        if b"x-request-id" not in given:
            headers.append((b"x-request-id", request_id.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else answer.body})

    async def _answer(self, scope: Scope, receive: Receive, request_id: str, *, method: str) -> Reply:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        body = await self._body(dict(headers), receive)
        # Latin-1 keeps every byte of a path that was not percent-encoded as it should have been.
        path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        path = self._aliases.get(path.rstrip("/"), path)
        match = self._router.match(path)
        if match is None:
            return problem(404, "Not found", "There is nothing at this path.", request_id)
        route = match.route(method)
        if route is None:
            return _wrong_method(match, request_id)
        if scope["query_string"].count(b"&") >= self._limits.query_fields:
            return problem(400, "Malformed request", "There are too many query parameters.", request_id)
        if self._under_way >= self._limits.waiting:
            busy = problem(429, "Too many requests", "Wait a moment, then try again.", request_id)
            busy.headers.append((b"retry-after", b"1"))
            return busy
        call = Call(
            method=method,
            path=path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            source=(scope.get("client") or ("",))[0],
        )
        made = event(call, match, resource=route.path, request_id=request_id)
        # An option may ask for far more than a request like it did, and who asks for a job waits for the store.
        plain = not call.query and route.authorizer is None and "prefer" not in made["headers"]
        if plain and self._functions.is_at_once(route.function, made):
            return reply(self._functions.call(route.function, made, request_id=request_id, at_once=True))
        return await self._call(route, made, request_id)

    async def _call(self, route: Route, made: dict[str, Any], request_id: str) -> Reply:
        loop = asyncio.get_running_loop()
        function = route.function

        def work() -> Reply:
            if route.authorizer is not None:
                try:
                    made["requestContext"]["authorizer"] = authorized(
                        self._functions, route.authorizer, made, request_id=request_id
                    )
                except Refused as refused:
                    return problem(
                        refused.status, refused.title, refused.detail, request_id, kind=refused.kind
                    )
            return reply(self._functions.call(function, made, request_id=request_id))

        self._under_way += 1
        try:
            # Like Lambda behind API Gateway: the caller is told, whatever the function still does.
            async with asyncio.timeout(function.timeout_s):
                return await loop.run_in_executor(self._pool, copy_context().run, work)
        except TimeoutError:
            log.error("a function took too long", extra={"request_id": request_id})  # noqa: TRY400
            return problem(504, "No answer in time", "The function did not answer in time.", request_id)
        finally:
            self._under_way -= 1

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self._limits.body_bytes:
            raise _BodyTooLarge
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone  # half a table is a table too: it must not be answered, or kept as feedback
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._limits.body_bytes:
                raise _BodyTooLarge
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def _request_id() -> str:
    """Give a random UUID, as API Gateway's ids are, in a third of the time that `uuid4` takes."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def problem(status: int, title: str, detail: str, request_id: str, *, kind: str = "about:blank") -> Reply:
    """Give a problem document (RFC 9457) for what never reached a function."""
    document = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request_id,
    }
    return Reply(status, [(b"content-type", b"application/problem+json")], json.dumps(document).encode())


def _wrong_method(match: Match, request_id: str) -> Reply:
    allowed = ", ".join(sorted(match.routes))
    refusal = problem(405, "Method not allowed", f"This path answers {allowed}.", request_id)
    refusal.headers.append((b"allow", allowed.encode()))
    return refusal


def _aliases(model: str) -> dict[str, str]:
    return {"/ping": f"/v2/models/{model}/ready", "/invocations": f"/models/{model}/invocations"}
