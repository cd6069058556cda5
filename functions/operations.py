"""What operators see and decide. A route without an authorizer before it is open to nobody."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dasier import operating
from dasier.people import signed_in
from dasier.serving.exchange import Request, Response, json_response
from dasier.serving.exchange import handler as lambda_handler

if TYPE_CHECKING:
    from dasier.serving.service import Service

log = logging.getLogger("dasier")


def overview(service: Service, request: Request) -> Response:
    """Give every model in a line."""
    person = signed_in(request.authorizer, "GET")
    seen = operating.every(service, now=datetime.now(UTC), after=request.query.get("after", ""))
    return json_response({"you": {"name": person.name, "role": person.role}, **seen})


def model(service: Service, request: Request) -> Response:
    """Give one model whole."""
    person = signed_in(request.authorizer, "GET")
    seen = operating.one(service, request.path["name"], now=datetime.now(UTC))
    return json_response({"you": {"name": person.name, "role": person.role}, **seen})


def release(service: Service, request: Request) -> Response:
    """Decide what serves: the next entry of the release log, by whoever is signed in."""
    person = signed_in(request.authorizer, "POST")
    name, decision = request.path["name"], operating.Decision.read(request)
    logged = operating.decide(service.registry, name, decision, who=person.name)
    log.info(
        "decided by a person",
        extra={"model": name, "release": logged.number, "action": logged.action, "subject": person.subject},
    )
    return json_response(logged.to_document(), status=201)


ROUTES = {
    ("GET", "/operations"): overview,
    ("GET", "/operations/{name}"): model,
    ("POST", "/operations/{name}/releases"): release,
}
handler = lambda_handler(ROUTES)
