"""The gate's handler: woken by a manifest that appears, and by a schedule that catches what was lost."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from dasier import gate, layout
from dasier.serving.exchange import service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.serving.service import Service

    Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]

log = logging.getLogger("dasier")


def release_handler(serve: Callable[[], Service] = service) -> Handler:
    """Give the handler; tests pass in their own service."""

    def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """Judge what an S3 event names, or every model when a schedule wakes it; say how many were judged.

        The event only says where to look: what is judged is what the store holds.
        """
        registry = serve().registry
        names = _named(event)
        # Names are looked for only if an event gave some: the clock wakes this every minute, and a listing is billed.
        wanted = None if names is None else [name for name in registry.names() if name in names]
        verdicts = gate.sweep(registry, wanted)
        return {"judged": len(verdicts), "passed": sum(verdict["passed"] for verdict in verdicts)}

    return handle


def _named(event: Mapping[str, Any]) -> set[str] | None:
    """Give the models that an S3 event names; None when it is no S3 event."""
    records = event.get("Records")
    if records is None:
        return None
    return {name for record in records if (name := layout.published(_key(record))) is not None}


def _key(record: Mapping[str, Any]) -> str:
    """Give the key that a record is about, decoded; empty if it is about none."""
    thing = (record.get("s3") or {}).get("object") or {}
    return unquote_plus(str(thing.get("key") or ""))


handler = release_handler()
