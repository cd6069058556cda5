"""How every run is set up, and what tests of several parts share: an API with four small models in it."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# OpenMP and BLAS start a thread per core in every worker, and in every process that a test starts, and these wait for
# each other by spinning: fitting takes many times as long beside a second worker (dasier/building/threads.py).
for library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is collected: it stays for the whole run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def api():
    """Asks an API with four models that serve; nothing publishes to it or releases in it."""
    from tests.published import MODELS, Api, Published

    published = Published()
    for name in MODELS:
        published.publish(name)
    return Api(published)


@pytest.fixture
def published():
    """Give a store of this test's own, with nothing in it."""
    from tests.published import Published

    return Published()
