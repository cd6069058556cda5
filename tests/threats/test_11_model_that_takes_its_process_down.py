"""A model crashes, hangs or eats memory: the gate's child dies or times out, the version is refused, the parent lives."""

from __future__ import annotations

from typing import Any

import pytest

from dasier import gate
from dasier.rehearsal import Limits
from tests import hostile, models
from tests.models import SIGNER, Shop


@pytest.mark.parametrize(
    ("thing", "why"),
    [
        (hostile.Segfault(), "SIGSEGV"),
        (hostile.Hang(), "was stopped"),
        (hostile.Glutton(), "more memory than it may"),
        (hostile.Leaver(), "ended before it had answered"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_version_is_refused_and_the_gate_lives_to_say_why(
    thing: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))
    shop = Shop()
    shop.registry.publish(models.pickled("m", thing), SIGNER)

    verdict = gate.judge(shop.registry, "m", 1, limits=Limits(timeout_s=6))

    assert not verdict["passed"]
    assert verdict["rules"][-1]["rule"] == "rehearsal"
    assert why in verdict["rules"][-1]["detail"]
