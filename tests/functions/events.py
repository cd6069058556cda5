"""Recorded events, and handlers to send them to."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from dasier.serving.exchange import handler

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{name}.json").read_text())


def call(api: Any, routes: Any, name: str) -> tuple[dict[str, Any], bytes]:
    """Give the answer to a recorded event, and its body as the caller gets it."""
    answer = handler(routes, serve=lambda: api.published.service)(recorded(name), None)
    body = answer["body"]
    return answer, base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
