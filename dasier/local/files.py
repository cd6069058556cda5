"""The files of jobs over HTTP, where the store is a folder: what S3 does with presigned links.

A link is believed by its signature (`dasier.jobs.links`), so no key is asked for, and any page may use it
(CORS), as with S3. Rows are put once; results are read. Nothing passes through memory whole.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from dasier import layout
from dasier.errors import DasierError
from dasier.jobs.links import PREFIX, Links
from dasier.store import open_store
from dasier.ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from dasier.store import Store

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_BYTES = 5 * 1024**3
"""What S3 takes at once."""

_PIECE_BYTES = 1024 * 1024
_PUT, _GET = frozenset({"input"}), frozenset({"results.csv", "refused.csv"})
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, PUT",
    "access-control-allow-headers": "content-type, if-none-match",
    "access-control-max-age": "3600",
}


class Refused(Exception):
    """What cannot be taken or given, with its status."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


def files_of(registry: str) -> Files | None:
    """Give the files of a registry by its URL; None if it is a bucket, which has links of its own."""
    return Files(open_store(registry)) if registry.startswith("file://") else None


class Files:
    """Answers links to files.

    Parameters
    ----------
    store : Store
    most_bytes : int
        How large an upload may be.
    """

    def __init__(self, store: Store, *, links: Links | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._store, self._links, self._most_bytes = store, links or Links(store), most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        try:
            if scope["method"] == "OPTIONS":
                await _respond(send, 204, {}, b"")
                return
            key, name = await asyncio.to_thread(self._allowed, scope)
            if name in _PUT:
                await self._take(key, receive)
                await _respond(send, 200, {}, b"")
            else:
                await self._give(key, name, send)
        except Refused as error:
            await _refuse(send, error.status, str(error))
        except DasierError:
            await _refuse(send, 503, "The store does not answer just now. Try again in a moment.")

    def _allowed(self, scope: Scope) -> tuple[str, str]:
        """Give the key that a link is good for, and which file of the job it is."""
        key = str(scope["path"])[len(PREFIX) :]
        found = layout.job_of(key)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        wanted = {"PUT": _PUT, "GET": _GET}.get(scope["method"], frozenset[str]())
        if found is None or not key.startswith(layout.JOBS) or found[1] not in wanted:
            raise Refused(404, "There is no such file, or not for this method.")
        if not self._links.allows(scope["method"], key, query):
            raise Refused(403, "This link is not good, or no longer: ask for the job again.")
        return key, found[1]

    async def _take(self, key: str, receive: Receive) -> None:
        """Write a body under a key that is absent; a body that breaks off leaves nothing."""
        if await asyncio.to_thread(self._store.exists, key):
            raise Refused(412, "The rows of this job are there already.")
        job, _ = layout.job_of(key) or ("", "")
        draft = layout.job_draft(job, ulid())
        writer = await asyncio.to_thread(self._store.writer, draft)
        size, waiting, more = 0, bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            waiting += message.get("body", b"")
            more = message.get("more_body", False)
            if size + len(waiting) > self._most_bytes:
                raise Refused(413, f"The rows are over {self._most_bytes} bytes. Make several jobs of them.")
            if len(waiting) >= _PIECE_BYTES or not more:
                await asyncio.to_thread(writer.write, bytes(waiting))
                size += len(waiting)
                waiting.clear()
        await asyncio.to_thread(writer.close)
        if not await asyncio.to_thread(self._store.settle, draft, key):
            raise Refused(412, "The rows of this job are there already.")

    async def _give(self, key: str, name: str, send: Send) -> None:
        size = await asyncio.to_thread(self._store.size, key)
        if size is None:
            raise Refused(404, "There are no results yet.")
        headers = {
            "content-type": "text/csv; charset=utf-8",
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(size),
        }
        await _begin(send, 200, headers)
        for start in range(0, size, _PIECE_BYTES):
            end = min(start + _PIECE_BYTES, size)
            piece = await asyncio.to_thread(self._store.get_range, key, start, end)
            await send({"type": "http.response.body", "body": piece or b"", "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _begin(send: Send, status: int, headers: dict[str, str]) -> None:
    told = {**_CORS, "x-content-type-options": "nosniff", "cache-control": "no-store", **headers}
    pairs = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def _respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    await _begin(send, status, {"content-length": str(len(body)), **headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, status: int, detail: str) -> None:
    document = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
    await _respond(send, status, {"content-type": "application/problem+json"}, json.dumps(document).encode())
