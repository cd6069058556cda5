"""A plugin of pytest: which test reached which line, fixtures included, as contexts of coverage.

It also keeps how long each test took, and which libraries they imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = frozenset(
    {
        *("numpy", "scipy", "sklearn", "pandas", "matplotlib", "onnx", "skl2onnx"),
        *("cryptography", "moto", "botocore", "boto3"),
    }
)

took_s: dict[str, float] = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name what is measured after the test."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        raise RuntimeError("coverage does not run")
    measuring.switch_context(item.nodeid)
    begun = time.perf_counter()
    answer = yield
    took_s[item.nodeid] = time.perf_counter() - begun
    return answer


def pytest_sessionfinish() -> None:
    """Keep how long each test took, and what they imported of libraries that are slow to import and start no threads."""
    libraries = [name for name in sys.modules if name.partition(".")[0] in SLOW]
    folder = Path(os.environ["REACHING"])
    (folder / "took.json").write_text(json.dumps(took_s), encoding="utf-8")
    (folder / "libraries.json").write_text(json.dumps(libraries), encoding="utf-8")
