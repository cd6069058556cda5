"""A better version goes live under load, and two people who decide at once: real processes, real commands."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.delivery import CLIENTS, deliver
from tests import models
from tests.core.faulty import Fault, FaultyS3
from tests.core.stores import s3_store
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
def test_no_request_fails_while_a_better_version_is_published_and_taken_back(tmp_path: Path) -> None:
    figures = deliver(tmp_path)

    assert figures.requests > 20 * CLIENTS
    assert (figures.failed, figures.inconsistent) == ([], [])
    # How quick it is, `benchmarks/delivery.py` measures and prints; a machine under load may be slower.
    assert figures.publish_to_first_answer_s < 60
    assert figures.rollback_to_first_answer_s < 60


class BothLookFirst:
    """Lets nobody log a release before so many have read the log."""

    def __init__(self, people: int) -> None:
        self._people, self._looked = people, 0
        self._all = threading.Event()

    def __call__(self, method: str, path: str, _before: int) -> Fault | None:
        if method == "GET" and "list-type" in path and "releases" in path:
            self._looked += 1
            if self._looked >= self._people:
                self._all.set()
        if method == "PUT" and "/releases/" in path and not self._all.wait(1.5):
            return Fault(503)  # the other process has not even started: this one asks again
        return None


@pytest.mark.parametrize("round_", range(3))
def test_of_two_people_who_promote_at_once_one_wins_and_the_other_is_told(round_: int) -> None:
    shop = Shop(s3_store())
    for number in (1.0, 2.0, 3.0):
        shop.publish(models.constant(number=number), release=number == 1)
    proxy = FaultyS3(script=BothLookFirst(2))
    environment = os.environ | proxy.environment | {"DASIER_TRUSTED_KEYS": SIGNER.public_key()}

    def promote(who: str, version: int) -> subprocess.Popen[str]:
        arguments = ["promote", "constant", str(version), "--reason", "mine", "--registry", shop.store.url]
        return subprocess.Popen(
            [sys.executable, "-m", "dasier", *arguments],
            env=environment | {"USER": who, "LOGNAME": who},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    people: dict[str, Any] = {"ada": promote("ada", 2), "grace": promote("grace", 3)}
    said = {who: process.communicate(timeout=120) for who, process in people.items()}
    proxy.close()

    log = shop.registry.releases("constant")
    winner = log[0].who.partition("@")[0]
    (loser,) = set(people) - {winner}
    assert [release.number for release in log] == [2, 1]
    assert log[0].serving == {"ada": 2, "grace": 3}[winner]
    assert people[winner].returncode == 0, said
    assert people[loser].returncode == 1
    assert f"{log[0].who} chose to promote version {log[0].serving}" in said[loser][1].replace("\n", " ")
    assert proxy.unconditional == []
