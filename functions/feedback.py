"""Take what turned out to be true of predictions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dasier import feedback
from dasier.serving import truths
from dasier.serving.exchange import Request, Response, json_response
from dasier.serving.exchange import handler as lambda_handler

if TYPE_CHECKING:
    from dasier.serving.service import Service


def record(service: Service, request: Request) -> Response:
    """Keep it; the same told twice is one."""
    name, now = request.path["name"], datetime.now(UTC)
    told = truths.read(request, truths.output_of(service.registry, name, service.manifest), now=now)
    feedback.record(service.registry.store, name, told, now=now)
    return json_response({"accepted": len(told)}, status=202)


ROUTES = {("POST", "/models/{name}/feedback"): record}
handler = lambda_handler(ROUTES)
