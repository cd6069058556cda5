"""The site on AWS Lambda: answers what API Gateway hands over, and nothing else.

Zappa deploys the site, but its own handler is not in the package. That one runs code which stands in the
event (``raw_command``), calls whichever function the event names (``command``, ``manage``, records of S3 or SNS),
and writes ``stageVariables`` into the environment. Here an event that is anything but a request passed on by a
REST API is refused before a line of the site runs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from apig_wsgi import make_lambda_handler

from webapp.wsgi import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]

log = logging.getLogger(__name__)

REQUEST = frozenset({
    "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
    "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body", "isBase64Encoded",
    "version",
})  # fmt: skip
"""All that API Gateway passes to a proxy integration in payload format 1.0; a REST API leaves `version` out."""
FORMAT = "1.0"
NEEDED = frozenset({"resource", "path", "httpMethod", "requestContext"})


class EventRefused(ValueError):
    """The event is no request from a REST API; Lambda counts the invocation as failed."""


def site_handler(site: WSGIApplication) -> Handler:
    """Give the handler that passes requests on to a WSGI application; tests pass in their own."""
    answer = make_lambda_handler(_mounted(site), binary_support=True)

    def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Answer one request.

        Raises
        ------
        EventRefused
            Naming what is wrong, without a value of the event.
        """
        problem = refusal(event)
        if problem:
            log.warning("event refused", extra={"problem": problem})
            raise EventRefused(problem)
        return answer(dict(event), context)

    return handle


def refusal(event: object) -> str | None:
    """Give why an event is not served; None when it is a request from a REST API."""
    if not isinstance(event, dict):
        return "an event is an object"
    if not event.keys() <= REQUEST or event.get("version", FORMAT) != FORMAT:
        return "the event holds what no request from a REST API holds"
    if not event.keys() >= NEEDED or not all(isinstance(event[name], str) for name in ("httpMethod", "path")):
        return "the event is no request from a REST API"
    asked = event["requestContext"]
    if not isinstance(asked, dict) or not asked.get("apiId") or not isinstance(asked.get("path"), str):
        return "the event does not say which REST API it comes from"
    return "this site takes no stage variables" if event.get("stageVariables") else None


def _mounted(site: WSGIApplication) -> WSGIApplication:
    """Tell the site its true address, which every link on a page starts with.

    The address of a stage starts with the stage's name, and the path of the event does not hold it. API Gateway
    is reached over TLS alone.
    """

    def mounted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        event = environ["apig_wsgi.full_event"]
        whole, within = event["requestContext"]["path"].rstrip("/"), event["path"].rstrip("/")
        if whole.endswith(within):
            environ["SCRIPT_NAME"] = whole.removesuffix(within)
        environ["wsgi.url_scheme"] = "https"
        return site(environ, start_response)

    return mounted


handler = site_handler(app)
