"""Build and publish the recipes that a registry lacks."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from dasier.built import Built
from dasier.errors import RecipeInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dasier.manifest import Manifest
    from dasier.registry import Registry
    from dasier.signing import Signer

BUILDERS = 2
"""Processes that build at the same time."""

_THREADS = str(max(1, (os.cpu_count() or 1) // BUILDERS))
_SHARED = {"OMP_NUM_THREADS": _THREADS, "OPENBLAS_NUM_THREADS": _THREADS}
"""Builders share the cores: more threads than cores make each of them wait for the others."""


class Reporter(Protocol):
    """Whoever shows how far it is."""

    def step(self, name: str, step: str) -> None:
        """Told of each step of a build as it begins."""

    def published(self, name: str, manifest: Manifest) -> None:
        """Told when a model is in the registry."""

    def failed(self, name: str, why: str) -> None:
        """Told when a model cannot be built."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A folder with a recipe, and the name of its model."""

    name: str
    folder: Path


def recipes(folder: Path) -> list[Recipe]:
    """Give the recipes that stand in a folder, by name.

    Raises
    ------
    RecipeInvalid
        If the parameters of one cannot be read.
    """
    found = []
    for params in sorted(folder.glob("*/params.toml")):
        try:
            name = tomllib.loads(params.read_text("utf-8")).get("name", params.parent.name)
        except (OSError, ValueError) as error:
            raise RecipeInvalid(str(params), [str(error)]) from error
        found.append(Recipe(str(name), params.parent))
    return found


def missing(registry: Registry, known: Iterable[Recipe]) -> list[Recipe]:
    """Give the recipes whose model has no version."""
    there = set(registry.names())
    return [recipe for recipe in known if recipe.name not in there]


@dataclass
class Provision:
    """Builds recipes in child processes and publishes what they give.

    Parameters
    ----------
    registry : Registry
    signer : Signer
    log : Path
        Where the children write what is not for the terminal.
    reporter : Reporter
    command : sequence of str
        Starts a child that understands what `dasier.local.builder` does.
    """

    registry: Registry
    signer: Signer
    log: Path
    reporter: Reporter
    command: Sequence[str] = (sys.executable, "-m", "dasier.local.builder")
    _children: list[subprocess.Popen[str]] = field(default_factory=list, init=False)
    _stopped: bool = field(default=False, init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(self, wanted: Sequence[Recipe]) -> None:
        """Build and publish; a recipe that fails is reported and the others go on."""
        todo: queue.SimpleQueue[Recipe] = queue.SimpleQueue()
        for recipe in wanted:
            todo.put(recipe)
        count = min(BUILDERS, len(wanted))
        with ThreadPoolExecutor(max(count, 1)) as pool:
            list(pool.map(self._take, [todo] * count))

    def stop(self) -> None:
        """End the children; `run` returns soon after."""
        with self._guard:
            self._stopped = True
            for child in self._children:
                child.kill()

    def _take(self, todo: queue.SimpleQueue[Recipe]) -> None:
        with tempfile.TemporaryDirectory(prefix="dasier-build-") as scratch, self.log.open("a") as log:
            child: subprocess.Popen[str] | None = None
            try:
                while not self._stopped:
                    recipe = todo.get_nowait()
                    if child is None or child.poll() is not None:
                        child = self._start(log)
                    self._build(child, recipe, Path(scratch) / recipe.name)
            except queue.Empty:
                pass
            finally:
                if child is not None:
                    _end(child)

    def _start(self, log: IO[str]) -> subprocess.Popen[str]:
        with self._guard:
            child = subprocess.Popen(  # noqa: S603 (our own module)
                self.command,
                env=_SHARED | os.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                process_group=0,  # Ctrl-C reaches us alone
            )
            self._children.append(child)
            if self._stopped:
                child.kill()
            return child

    def _build(self, child: subprocess.Popen[str], recipe: Recipe, out: Path) -> None:
        self.reporter.step(recipe.name, "start")
        why = self._order(child, recipe, out)
        if why is None:
            manifest = self.registry.publish(Built.read(out), self.signer)
            self.reporter.published(recipe.name, manifest)
        elif not self._stopped:
            self.reporter.failed(recipe.name, why)

    def _order(self, child: subprocess.Popen[str], recipe: Recipe, out: Path) -> str | None:
        """Have one recipe built, and give why it was not."""
        assert child.stdin is not None  # noqa: S101 (made with pipes)
        assert child.stdout is not None  # noqa: S101
        order = {"recipe": str(recipe.folder), "out": str(out)}
        try:
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
        except BrokenPipeError:
            return self._died(child)
        for line in child.stdout:
            told = json.loads(line)
            if "error" in told:
                return str(told["error"])
            if "done" in told:
                return None
            self.reporter.step(recipe.name, told["step"])
        return self._died(child)

    def _died(self, child: subprocess.Popen[str]) -> str:
        _end(child)  # so that the next recipe gets another
        return f"the builder died; {self.log} says more"


def _end(child: subprocess.Popen[str]) -> None:
    """End a child, whatever it does, and close what led to it."""
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    child.wait()
