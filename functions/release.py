"""The gate's handler: woken by a manifest that appears, and by a schedule that catches what was lost."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from dasier import gate, layout
from dasier.serving.exchange import service

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("dasier")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Judge what an S3 event names, or every model when a schedule wakes it; say how many were judged.

    The event only says where to look: what is judged is what the store holds.
    """
    registry = service().registry
    names = _named(event)
    known = registry.names()
    verdicts = gate.sweep(registry, None if names is None else [name for name in known if name in names])
    return {"judged": len(verdicts), "passed": sum(verdict["passed"] for verdict in verdicts)}


def _named(event: Mapping[str, Any]) -> set[str] | None:
    """Give the models that an S3 event names; None when it is no S3 event."""
    records = event.get("Records")
    if records is None:
        return None
    keys = (unquote_plus(record.get("s3", {}).get("object", {}).get("key", "")) for record in records)
    return {name for key in keys if (name := layout.published(key)) is not None}
