"""The gateway of one server process, made of its environment: what `dasier serve` starts."""

from __future__ import annotations

import os

from dasier.local.functions import Functions
from dasier.local.gateway import Gateway
from dasier.local.logs import log_to_terminal
from dasier.local.project import TEMPLATE, find_project
from dasier.local.template import read_template


def application() -> Gateway:
    """Give the application, its functions imported."""
    log_to_terminal()
    root = find_project()
    template = read_template(root / TEMPLATE)
    functions = Functions.load(template.functions, root)
    return Gateway(template, functions, default_model=os.environ.get("DASIER_DEFAULT_MODEL"))
