"""Send a request and read its answer: what every call of the client does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from dasier.client.refusals import ServiceFailed
from dasier.errors import ModelNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.client.transport import Reply, Transport

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

T = TypeVar("T")


class Asking:
    """Whoever has a way to the service."""

    _transport: Transport

    def _get(self, path: str, read: Callable[[Any], T]) -> T:
        return decode(self._transport.send("GET", path), read)

    def _post(self, path: str, document: object, headers: Mapping[str, str] | None = None) -> Reply:
        body = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return self._transport.send(
            "POST", path, body=body, headers={"content-type": "application/json", **(headers or {})}
        )


def decode(reply: Reply, read: Callable[[Any], T]) -> T:
    """Read a 2xx body, or say that the service does not keep to the contract."""
    try:
        return read(json.loads(reply.body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = "The service answered with something that is not in its contract"
        raise ServiceFailed(what, request_id=reply.headers.get("x-request-id")) from error


def model_path(name: str) -> str:
    """Give a model's path."""
    return f"/models/{checked_name(name)}"


def checked_name(name: str) -> str:
    """Give a name that can be a model's; any other never becomes part of an address."""
    if not NAME.fullmatch(name):
        raise ModelNotFound
    return name
