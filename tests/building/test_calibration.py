"""How far probabilities are from what came true, and how much of it is chance."""

from __future__ import annotations

import numpy as np
import pytest

from dasier.building.calibration import reliability


@pytest.mark.parametrize("n", [60, 2_000])
def test_right_probabilities_are_off_by_no_more_than_chance_about_95_times_in_100(n: int) -> None:
    rng = np.random.default_rng(n)
    within = 0

    for seed in range(100):
        said = rng.random(n)
        found = reliability(said, rng.random(n) < said, seed=seed)
        within += found["error"] <= found["by_chance_high"]

    assert within >= 88  # fewer than 1 in 1,000 times if it is 95 in 100


def test_probabilities_that_are_too_sure_are_off_by_more_than_chance() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.3, 0.7, 500)

    found = reliability((truth > 0.5) * 1.0, rng.random(500) < truth, seed=1)

    assert found["error"] > found["by_chance_high"]
    assert found["error"] == pytest.approx(0.4, abs=0.08)


def test_the_error_is_the_gaps_weighted_by_rows() -> None:
    said = np.repeat([0.2, 0.9], 10)
    came = np.array([True] * 4 + [False] * 6 + [True] * 8 + [False] * 2)

    found = reliability(said, came, seed=1)

    assert [one["rows"] for one in found["bins"]] == [10, 10]
    assert found["error"] == pytest.approx((0.2 + 0.1) / 2)
    assert found["largest_gap"] == pytest.approx(0.2)
