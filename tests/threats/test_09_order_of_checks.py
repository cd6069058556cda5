"""A pickle nested in an array is held off by order: signature, binding, libraries, digest, and only then a loader.

The markers themselves are in test_08, plain and nested.
"""

from __future__ import annotations

from typing import Any

import pytest

from dasier import golden, runtimes
from dasier.registry import Registry
from dasier.serving import loading
from dasier.signing import TrustedKeys
from tests import models
from tests.models import SIGNER, TRUSTED, Shop

STEPS = ["signature", "libraries", "digest", "load", "golden"]


class Recording(TrustedKeys):
    """Keys that write down when they are asked."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__(TRUSTED._keys)
        self.steps = steps

    def verify(self, content: bytes, signature: Any) -> None:
        self.steps.append("signature")
        super().verify(content, signature)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down each step in the order in which it is taken; the last of `stop` raises."""
    taken: list[str] = []
    for step, place, name in (
        ("libraries", runtimes, "check_requirements"),
        ("digest", Registry, "blob"),
        ("load", runtimes, "load"),
        ("golden", golden, "replay"),
    ):
        monkeypatch.setattr(place, name, noted(taken, step, getattr(place, name)))
    return taken


def noted(taken: list[str], step: str, real: Any) -> Any:
    def run(*arguments: Any, **named: Any) -> Any:
        taken.append(step)
        return real(*arguments, **named)

    return run


def test_checks_come_in_their_order_before_anything_is_deserialised(steps: list[str]) -> None:
    shop = Shop()
    shop.registry.publish(models.constant(), SIGNER)
    registry = Registry(shop.store, Recording(steps))

    manifest = registry.manifest("constant", 1)
    loading.load(registry, manifest)

    assert steps == STEPS


@pytest.mark.parametrize("failing", STEPS[:3])
def test_no_later_step_is_taken_once_one_fails(steps: list[str], failing: str) -> None:
    shop = Shop()
    requires = {"onnxruntime": "999.0"} if failing == "libraries" else models.onnx.requirements()
    shop.registry.publish(models.raw("m", models.graph(1.0), requires, runtime_name="onnx"), SIGNER)
    if failing == "digest":
        for key in list(shop.store.keys("blobs/")):
            shop.store.delete(key)
    registry = Registry(shop.store, Recording(steps) if failing != "signature" else TrustedKeys({}))

    with pytest.raises(Exception, match=r"signature|Built with|gone from the store"):
        loading.load(registry, registry.manifest("m", 1))

    expected = STEPS[: STEPS.index(failing) + 1]
    assert steps == (expected if failing != "signature" else [])
