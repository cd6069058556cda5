"""Ask the functions in this very process, without a server: what `dasier predict` does."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from dasier.errors import PathNotFound
from dasier.local.events import Call, Reply, event, reply
from dasier.local.functions import Functions
from dasier.local.project import TEMPLATE
from dasier.local.routing import Router
from dasier.local.template import read_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def asking(root: Path, call: Call) -> Callable[[], Reply]:
    """Give what asks a call, as often as it is called; only the one function that it wakes is imported.

    Raises
    ------
    PathNotFound
        If the template has no such path.
    """
    template = read_template(root / TEMPLATE)
    match = Router(template.routes).match(call.path)
    route = match.route(call.method) if match else None
    if match is None or route is None:
        raise PathNotFound
    request_id = str(uuid4())
    made = event(call, match, resource=route.path, request_id=request_id)
    functions = Functions.load([route.function], root)
    return lambda: reply(functions.call(route.function, made, request_id=request_id))


def ask(root: Path, call: Call) -> Reply:
    """Give the response to a call.

    Raises
    ------
    PathNotFound
        If the template has no such path.
    """
    return asking(root, call)()
