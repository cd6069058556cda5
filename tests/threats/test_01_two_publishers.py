"""Two publishers take the same version: exactly one wins each, and every byte is intact."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tests import models
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from dasier.store import Store

THREADS, ROUNDS = 8, 10
NAMES = ("first", "second", "third")
"""Of the same races, each over a listing of its own: moto takes long to write a long one."""


def test_each_version_has_exactly_one_winner(store: Store) -> None:
    shop = Shop(store)

    def publish(name: str, number: int) -> tuple[int, float]:
        # Every second publisher has the very same build as another: the bytes must still be told apart.
        build = models.constant(name, number=float(number // 2))
        return shop.registry.publish(build, SIGNER).version, float(number // 2)

    for name in NAMES:
        with ThreadPoolExecutor(THREADS) as pool:
            won = list(pool.map(partial(publish, name), range(THREADS * ROUNDS)))

        assert sorted(version for version, _ in won) == list(range(1, THREADS * ROUNDS + 1))
        assert shop.registry.versions(name) == list(range(1, THREADS * ROUNDS + 1))
        for version, number in won:
            manifest = shop.registry.manifest(name, version)
            assert manifest.golden["outputs"]["predictions"][0] == number
            assert shop.registry.blob(manifest, "model") == models.graph(number)
