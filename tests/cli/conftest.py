from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from dasier.cli import dasier
from dasier.serving.exchange import service
from dasier.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Terminal:
    """Somebody at a terminal, in a folder of their own."""

    folder: Path

    @property
    def store(self) -> Store:
        """The store of the registry that commands use here by default."""
        return open_store(f"file://{self.folder}/.dasier/store")

    def run(self, *arguments: str, answer: str = "") -> Result:
        return CliRunner().invoke(dasier, list(arguments), input=answer)

    def done(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json"))

    def refused(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit), result.exception
        return result.stderr


@contextmanager
def at_a_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Give somebody in a folder, whose commands know of nothing that was asked before."""
    monkeypatch.chdir(folder)
    for name in ("REGISTRY", "TRUSTED_KEYS", "SIGNING_KEY", "DEFAULT_MODEL", "PREDICTION_LOG"):
        # What a command names for the functions in its process must not outlive the test.
        monkeypatch.setenv(f"DASIER_{name}", "")
        monkeypatch.delenv(f"DASIER_{name}")
    service.cache_clear()  # a command is a process of its own; these are not
    yield Terminal(folder)
    service.cache_clear()


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    with at_a_terminal(tmp_path, monkeypatch) as somebody:
        yield somebody


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Give the folder of a built model, called cells."""
    from tests.published import built

    folder = tmp_path_factory.mktemp("build") / "cells"
    built("cells").write(folder)
    return folder


@pytest.fixture(scope="session")
def served(build, tmp_path_factory):
    """Give a folder whose registry has version 1 of cells, judged and serving: to be copied."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch, at_a_terminal(folder, patch) as somebody:
        somebody.done("publish", str(build))
        somebody.done("verify", "cells")
    return folder


@pytest.fixture
def serving(terminal, served):
    """Give a terminal whose registry has version 1 of cells, judged and serving."""
    shutil.copytree(served, terminal.folder, dirs_exist_ok=True)
    return terminal
