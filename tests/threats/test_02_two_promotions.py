"""Two people promote at once: one wins, the other is told who and to what."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from dasier.errors import ReleaseTaken
from tests.models import Shop, entry

if TYPE_CHECKING:
    from dasier.store import Store

THREADS, ROUNDS = 8, 30


def test_history_has_every_accepted_move_once_and_the_refused_know_the_winner(store: Store) -> None:
    registry = Shop(store).registry
    accepted: list[tuple[int, str]] = []
    refused: list[tuple[int, str]] = []
    together = threading.Barrier(THREADS)

    def decide(person: int) -> None:
        who = f"person-{person}"
        for number in range(1, ROUNDS + 1):
            together.wait()
            try:
                registry.append("m", entry(number, person + 1, who=who))
            except ReleaseTaken as error:
                refused.append((number, str(error)))
            else:
                accepted.append((number, who))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(decide, range(THREADS)))

    log = {release.number: release for release in registry.releases("m")}
    assert sorted(accepted) == sorted((number, release.who) for number, release in log.items())
    assert sorted(log) == list(range(1, ROUNDS + 1))
    assert len(refused) == ROUNDS * (THREADS - 1)
    for number, told in refused:
        winner = log[number]
        assert f"{winner.who} chose to promote version {winner.serving}" in told
