"""`pip install dasier[cli]`: the command and the client, from the wheel, in an environment that has nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.environments import Unavailable, from_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.e2e.rungs import Prepared

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    try:
        return from_wheel(tmp_path_factory.mktemp("wheel"), "cli")
    except Unavailable as why:
        pytest.skip(f"the wheel cannot be installed here: {why}")


@pytest.fixture
def dasier(python, prepared: Prepared, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    here = prepared.copy(tmp_path / "store")
    settings = {"DASIER_REGISTRY": here.url, "DASIER_TRUSTED_KEYS": here.trusted}

    def run(*arguments: str, more: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", "dasier", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]} | settings | dict(more),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_it_looks_at_a_registry_and_decides_what_serves(dasier) -> None:
    listed = dasier("models", "--json")
    name = json.loads(listed.stdout)["models"][0]["name"]

    paused = dasier("pause", name, "--reason", "a try")
    promoted = dasier("promote", name, "1")
    told = dasier("releases", name, "--json")

    assert (paused.returncode, promoted.returncode) == (0, 0), paused.stderr + promoted.stderr
    assert [entry["action"] for entry in json.loads(told.stdout)["releases"]][:2] == ["promote", "pause"]


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("versions", 0, "Passed"),
        ("verify", 0, "passes"),
        ("canary", 1, "no canary"),
        ("drift", 1, "holds nothing"),
    ],
)
def test_it_reads_without_the_libraries_that_serve(dasier, command: str, status: int, said: str) -> None:
    name = json.loads(dasier("models", "--json").stdout)["models"][0]["name"]

    done = dasier(command, name)

    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr


def test_what_needs_another_part_says_which(dasier) -> None:
    done = dasier("up")

    assert done.returncode == 1
    assert "pip install 'dasier[serve]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_has_its_help(dasier) -> None:
    from dasier.cli.group import COMMANDS

    needs = {name: dasier(name, "--help") for name in COMMANDS}

    assert {name: done.stderr for name, done in needs.items() if done.returncode} == {}
