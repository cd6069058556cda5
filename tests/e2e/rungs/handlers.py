"""The functions in this process, woken by the events that API Gateway and S3 send."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dasier.jobs.links import PREFIX
from dasier.local.events import Call, Reply, event, object_created, reply
from dasier.local.files import Files
from dasier.local.functions import Functions
from dasier.local.routing import Router
from dasier.local.template import read_template
from dasier.serving.exchange import handler
from dasier.serving.service import Service as Serving
from dasier.serving.settings import Settings
from tests.local.asgi import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dasier.registry import Registry
    from dasier.signing import LocalSigner
    from tests.e2e.rungs import Prepared

TEMPLATE = read_template(Path(__file__).parents[3] / "template.yaml")


@dataclass
class FunctionsService:
    """Asks functions, wherever they run, as API Gateway does: every body travels as base64."""

    registry: Registry
    signer: LocalSigner
    functions: Functions
    router: Router = field(default_factory=lambda: Router(TEMPLATE.routes))

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if target.startswith(PREFIX):  # as the gateway does, where the store is a folder
            found = ask(Files(self.registry.store), method, target, body=body, headers=headers)
            return Reply(
                found.status, [(k.encode(), v.encode()) for k, v in found.headers.items()], found.body
            )
        path, _, query = target.partition("?")
        named = [(name.lower(), value) for name, value in headers.items()]
        call = Call(method=method, path=path, query=query, headers=named, body=body, source="192.0.2.7")
        match = self.router.match(path)
        assert match is not None, "the template has a path for whatever has none"
        route = match.route(method)
        assert route is not None, "and answers every method"
        request_id = str(uuid4())
        made = event(call, match, resource=route.path, request_id=request_id)
        if body:
            made |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        return reply(self.functions.call(route.function, made, request_id=request_id))

    def published(self, key: str) -> None:
        for trigger in TEMPLATE.store_triggers:
            if trigger.matches(key):
                self.functions.call(trigger.function, object_created("bucket", [key]), request_id="s3")


class HandlersRung:
    """Handlers in this process."""

    name = "handlers"
    group = "rung-handlers"

    def missing(self) -> str | None:
        return None

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[FunctionsService]:
        here = prepared.copy(work / "store")
        settings = Settings.read(
            {"DASIER_REGISTRY": here.url, "DASIER_TRUSTED_KEYS": here.trusted, "DASIER_REFRESH_S": "0.2"}
        )
        service = Serving(here.registry(), settings)
        yield FunctionsService(here.registry(), here.signer, Functions(_handlers(lambda: service)))


def _handlers(serve: Callable[[], Serving]) -> dict[str, Any]:
    """Give what the template names, over a service of ours."""
    found = {}
    for function in TEMPLATE.functions:
        if function.name == "AuthorizerFunction":  # the gateway's to ask, and there is none here
            continue
        module = import_module(function.target[0])
        routes = getattr(module, "ROUTES", None)
        # What no path leads to has a maker of its own: `release_handler`, `monitor_handler`.
        own = f"{function.target[0].rpartition('.')[2]}_handler"
        found[function.name] = handler(routes, serve=serve) if routes else getattr(module, own)(serve=serve)
    return found
