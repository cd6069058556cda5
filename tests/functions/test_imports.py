"""What the first answer of a function imports, by name: a start is paid for by whoever waits for it.

Each function is asked once, in a fresh process, with a real store and a real model. Whatever it has imported then
is on a list here, or the test fails: think twice, import it where it is used, or put it off (`dasier.deferring`); if
every first answer needs it, add it here and say in the commit what it costs (``python -X importtime``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from dasier.building.assembling import assemble
from dasier.ulid import ulid
from tests.functions.events import RECORDED, recorded
from tests.published import Published, trained

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.built import Built

_WHAT_TO_DO = " ".join(__doc__.rpartition("fails: ")[2].split())

OURS = {"dasier", "functions", "orjson", "obstore", "cryptography"}
"""What every function needs: the store and the signature."""

ARRAYS = OURS | {"numpy"}
ONNX = ARRAYS | {"onnxruntime"}
LAZILY = ARRAYS | {"cloudpickle", "joblib", "narwhals", "scipy", "sklearn", "threadpoolctl", "cython_runtime"}

COSTLY = {
    *(
        "asyncio",
        "bz2",
        "concurrent.futures",
        "csv",
        "ctypes",
        "decimal",
        "difflib",
        "email",
        "gzip",
        "html",
        "http",
    ),
    *(
        "importlib.metadata",
        "importlib.resources",
        "logging.handlers",
        "lzma",
        "multiprocessing",
        "optparse",
        "pdb",
    ),
    *("pickle", "pydoc", "random", "secrets", "shutil", "socket", "sqlite3", "ssl", "statistics"),
    *("subprocess", "tempfile", "unittest", "urllib.parse", "urllib.request", "uuid", "xml", "zipfile"),
}
"""Modules of the standard library that cost a start a millisecond or so, or bring others that do."""

PROGRAM = """
import json, sys

class Absence:  # of what the image does not have and scikit-learn imports where it is installed
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {{"pandas", "rich"}}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Absence)
before = set(sys.modules)
from functions.{module} import handler
answer = handler(json.load(sys.stdin), None)
from dasier.deferring import waiting
ran = set(sys.modules) - before - waiting()
packages = {{name.partition(".")[0] for name in ran}} - sys.stdlib_module_names
packages = {{name for name in packages if not name.startswith("_")}}
print(json.dumps([answer.get("statusCode"), sorted(packages), sorted(ran)]))
"""


def first_answer(
    published: Published, module: str, event: dict[str, Any]
) -> tuple[int | None, set[str], set[str]]:
    """Give the status of a fresh process's first answer, the packages that it imported by then, and all modules."""
    environment = os.environ | {
        "DASIER_REGISTRY": published.url,
        "DASIER_TRUSTED_KEYS": published.signer.public_key(),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        input=json.dumps(event),
        capture_output=True,
        text=True,
        env=environment,
        cwd=RECORDED.parents[2],
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status, packages, modules = json.loads(done.stdout.splitlines()[-1])
    return status, set(packages), set(modules)


def new(packages: set[str], allowed: set[str]) -> str:
    """Say what is to be done about packages that are not on the list; empty if all are."""
    more = sorted(packages - allowed)
    return f"{more} cost this start now: {_WHAT_TO_DO}" if more else ""


@cache
def built(runtime: str, *, lazily: bool) -> Built:
    """Give birds on one runtime."""
    found = assemble(trained("birds"), runtimes=(runtime,))
    runtime_choice = replace(found.manifest.runtime, lazily=lazily)
    return replace(found, manifest=replace(found.manifest, runtime=runtime_choice))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Published]:
    """Give a registry in a folder where birds run on one runtime."""

    def serving(runtime: str, *, lazily: bool = False) -> Published:
        published = Published(url=f"file://{tmp_path_factory.mktemp('registry')}")
        published.publish("birds", build=built(runtime, lazily=lazily))
        published.publish("pumps")
        return published

    return cache(serving)


@pytest.mark.parametrize(
    ("runtime", "allowed", "most"), [("arrays", ARRAYS, 225), ("onnx", ONNX, 260), ("sklearn", LAZILY, 720)]
)
def test_the_first_answer_of_a_runtime_imports_what_is_on_its_list(
    served: Any, runtime: str, allowed: set[str], most: int
) -> None:
    status, packages, modules = first_answer(
        served(runtime, lazily=runtime == "sklearn"),
        "predict",
        recorded("predict") | {"queryStringParameters": None},
    )

    assert status == 200
    assert not new(packages, allowed), new(packages, allowed)
    assert runtime == "sklearn" or not new(modules & COSTLY, set()), new(modules & COSTLY, set())
    assert len(modules) <= most, f"{len(modules)} modules, {most} were enough; is one of them for nothing?"


@pytest.mark.long
def test_a_version_loaded_lazily_runs_fewer_modules_than_one_with_all_imports(served: Any) -> None:
    _, _, lazily = first_answer(served("sklearn", lazily=True), "predict", recorded("predict"))
    _, _, eagerly = first_answer(served("sklearn"), "predict", recorded("predict"))

    assert "scipy.stats" in eagerly - lazily
    assert "scipy.optimize" in eagerly - lazily
    assert not {name for name in lazily if name.startswith(("scipy.stats.", "scipy.interpolate."))}
    assert len(lazily) < len(eagerly) / 1.5


@pytest.mark.parametrize("event", ["predict", "predict_csv", "invocations", "infer_binary", "ready"])
def test_no_wire_format_imports_more_packages(served: Any, event: str) -> None:
    status, packages, _ = first_answer(served("arrays"), "predict", recorded(event))

    assert status == 200
    assert not new(packages, ONNX), new(packages, ONNX)  # pumps run on onnx


@pytest.mark.parametrize("event", ["models", "model", "card", "openapi"])
def test_the_catalogue_loads_no_model(served: Any, event: str) -> None:
    status, packages, _ = first_answer(served("arrays"), "catalog", recorded(event))

    assert status == 200
    assert not new(packages, ARRAYS), new(packages, ARRAYS)


def test_feedback_loads_no_model(served: Any) -> None:
    told = {"prediction_id": ulid(), "actual": "Adelie"}
    event = recorded("predict") | {"resource": "/models/{name}/feedback", "body": json.dumps(told)}

    status, packages, _ = first_answer(served("arrays"), "feedback", event | {"isBase64Encoded": False})

    assert status == 202
    assert not new(packages, ARRAYS), new(packages, ARRAYS)


@pytest.mark.parametrize("module", ["release", "monitor"])
def test_what_the_clock_wakes_loads_no_model_and_no_plots(served: Any, module: str) -> None:
    _, packages, _ = first_answer(served("arrays"), module, {})

    assert not new(packages, ARRAYS), new(packages, ARRAYS)
