"""32 threads ask a cold cache at once: one download, one load, 32 answers."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from dasier import runtimes
from tests import models
from tests.models import Counting, Shop

if TYPE_CHECKING:
    import pytest

    from dasier.store import Store

THREADS = 32


def test_one_download_and_one_load_answer_everybody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(store)
    shop.publish(models.constant())
    counting = Counting(store)
    service = shop.service(Shop(counting).registry)
    loads: list[str] = []
    real = runtimes.load
    monkeypatch.setattr(runtimes, "load", lambda *a, **k: (loads.append(a[0]), real(*a, **k))[1])
    together = threading.Barrier(THREADS)

    def ask(_: int) -> int:
        together.wait()
        return service.serving("constant").manifest.version

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(THREADS)))

    assert answers == [1] * THREADS
    assert loads == ["onnx"]
    assert set(Counter(counting.asked).values()) == {1}
    assert len(counting.asked) == 4
