from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for part in ("dasier", "functions", "webapp") for path in (ROOT / part).rglob("*.py"))
DRAWERS = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
LONG = 300
LONG_FOR_A_REASON = {
    "dasier/errors.py": "the whole tree, with the message of each, drawn once",
    "dasier/registry.py": "all that a store holds of models, over which one class has one memory and one list of keys",
    "dasier/building/plots.py": "a function for each picture",
    "dasier/building/infer.py": "one rule after the other for the kind of a column",
}


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def test_no_module_is_a_drawer():
    assert [path for path in MODULES if path.stem in DRAWERS] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(path):
    assert _docstring(path)


def test_a_module_is_long_for_a_reason_only():
    long = {str(path.relative_to(ROOT)) for path in MODULES if len(path.read_text().splitlines()) > LONG}

    assert long == set(LONG_FOR_A_REASON)


def test_a_handler_is_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "functions").glob("*.py")}

    assert {name: length for name, length in lengths.items() if length > 60} == {}


def test_relative_imports_are_not_used():
    for path in MODULES:
        nodes = ast.walk(ast.parse(path.read_text()))

        assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), path


def test_every_setting_is_in_a_docstring_or_the_help():
    read = re.compile(r"""["'](DASIER_[A-Z_]+)["']""")
    said = re.compile(r"(DASIER_[A-Z_]+)")
    texts = [path.read_text() for path in MODULES]
    used = {name for text in texts for name in read.findall(text)}
    docs = {
        path: set(said.findall(path.read_text())) for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    }
    docstrings = {
        name
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for name in said.findall(ast.get_docstring(node) or "")
    }

    assert used - docstrings - set().union(*docs.values()) == set()


def test_the_page_on_architecture_names_every_part_of_the_library():
    table = (
        (ROOT / "docs" / "architecture.md")
        .read_text()
        .partition("## Where things are")[2]
        .partition("## ")[0]
    )
    named = {name.rstrip("/").rpartition("/")[2] for name in re.findall(r"`([a-z_/]+(?:\.py)?)`", table)}
    parts = {
        path.name
        for path in (ROOT / "dasier").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert parts - named == {"__init__.py", "__main__.py"}
