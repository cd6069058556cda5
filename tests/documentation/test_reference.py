"""The reference says everything that there is."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from importlib import import_module

from dasier.local.template import read_template
from dasier.manifest import Manifest, RuntimeChoice
from tests.documentation import reference
from tests.documentation.pages import ROOT

# Answers 404 for whatever has no path of its own.
CATCH_ALL = "/{proxy+}"


AGAIN = "run: python -m tests.documentation.reference"


def test_the_commands_reference_is_what_the_command_says() -> None:
    wanted = reference.command_page()

    assert reference.COMMAND.read_text("utf-8") == wanted, AGAIN


def test_the_page_on_security_lists_every_threat() -> None:
    wanted = reference.security_page()

    assert reference.SECURITY.read_text("utf-8") == wanted, AGAIN


def test_every_path_of_the_api_is_on_its_page() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")

    handlers = {route.function.handler for route in read_template(ROOT / "template.yaml").routes}
    modules = [import_module(handler.removesuffix(".handler")) for handler in handlers]
    paths = {path for module in modules for _, path in module.ROUTES} - {CATCH_ALL}

    assert {path for path in paths if not re.search(rf"{re.escape(path)}[`?\s]", page)} == set()


def test_every_key_of_a_manifest_is_on_its_page() -> None:
    page = (ROOT / "docs" / "manifest.md").read_text("utf-8")
    (written,) = ROOT.glob("tests/formats/v1/store/models/*/versions/000001.manifest.json")
    manifest = json.loads(written.read_text("utf-8"))

    keys = set(manifest) | {entry.name for entry in fields(Manifest)}
    keys |= {entry.name for entry in fields(RuntimeChoice)}
    for part in ("source", "data", "estimator", "metrics", "schema", "signature"):
        keys |= set(manifest[part])

    assert {key for key in keys if f"`{key}`" not in page} == set()
