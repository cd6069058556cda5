"""The gateway of one server process, made of its environment: what `dasier serve` starts.

With `DASIER_FUNCTIONS` it calls functions that run elsewhere (`dasier.local.emulated`), and imports none.
"""

from __future__ import annotations

import os

from dasier.local.emulated import emulated
from dasier.local.files import files_of
from dasier.local.functions import Functions
from dasier.local.gateway import Gateway
from dasier.local.logs import log_to_terminal
from dasier.local.project import TEMPLATE, find_project
from dasier.local.template import read_template


def application() -> Gateway:
    """Give the application."""
    log_to_terminal()
    root = find_project()
    template = read_template(root / TEMPLATE)
    asked = (one for route in template.routes for one in (route.function, route.authorizer) if one)
    routed = {function.name: function for function in asked}.values()
    places = os.environ.get("DASIER_FUNCTIONS")
    functions = emulated(routed, places) if places else Functions.load(routed, root, later=True)
    return Gateway(
        template,
        functions,
        default_model=os.environ.get("DASIER_DEFAULT_MODEL"),
        files=files_of(os.environ.get("DASIER_REGISTRY", "")),
    )
