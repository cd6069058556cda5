"""A few requests of every kind that `/openapi.json` allows and forbids; `benchmarks/fuzz.py` asks ten thousand."""

from __future__ import annotations

import pytest

from tests.e2e.environments import Unavailable
from tests.e2e.fuzzing import fuzz
from tests.e2e.rungs.gateway import GatewayRung

PATHS = r"/birds|^/(models|openapi.json|v2)?$"

pytestmark = pytest.mark.xdist_group("rung-gateway")


def test_whatever_is_asked_the_answer_is_as_documented(reached, tmp_path) -> None:
    service = reached(GatewayRung())

    try:
        done = fuzz(service.url, tmp_path, phases="examples,fuzzing", examples=3, seed=20, paths=PATHS)
    except Unavailable as why:
        pytest.skip(f"schemathesis cannot be had here: {why}")

    assert done.returncode == 0, done.stdout[-6_000:]
    assert "Test cases:" in done.stdout
