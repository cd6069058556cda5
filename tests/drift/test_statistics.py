"""The tests against scipy's, which is not needed where they run."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dasier.drift import statistics

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9, 40])
@pytest.mark.parametrize("statistic", [0.0, 0.3, 4.0, 25.0, 300.0])
def test_the_tail_of_chi_square_is_scipys(degrees: int, statistic: float) -> None:
    ours = statistics.chi_square_tail(statistic, degrees)

    assert ours == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("seed", range(5))
def test_chi_square_is_scipys_where_every_bin_is_full(seed: int) -> None:
    rng = np.random.default_rng(seed)
    old, new = rng.multinomial(900, [0.4, 0.3, 0.2, 0.1]), rng.multinomial(300, [0.3, 0.3, 0.2, 0.2])

    found = statistics.chi_square(old, new)

    theirs = stats.chi2_contingency([old, new], correction=False)
    assert found == pytest.approx((theirs.statistic, theirs.pvalue))


def test_rare_bins_are_taken_together_and_none_is_lost() -> None:
    old, new = np.array([500, 2, 1, 0, 3]), np.array([480, 1, 2, 3, 14])

    statistic, p = statistics.chi_square(old, new)

    theirs = stats.chi2_contingency([[6, 500], [20, 480]], correction=False)
    assert (statistic, p) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_one_bin_that_holds_everything_differs_from_nothing() -> None:
    assert statistics.chi_square(np.array([50, 0]), np.array([70, 0])) == (0.0, 1.0)
    assert statistics.chi_square(np.array([50, 0]), np.array([0, 0])) == (0.0, 1.0)


@pytest.mark.parametrize(("n", "m"), [(60, 80), (500, 200), (3_000, 3_000)])
def test_kolmogorov_smirnov_is_scipys_where_every_value_has_a_bin(n: int, m: int) -> None:
    old, new = RNG.integers(0, 2_000, n), RNG.integers(0, 2_200, m)
    counts = [np.bincount(sample, minlength=2_200) for sample in (old, new)]

    distance, p = statistics.kolmogorov_smirnov(*counts)

    theirs = stats.ks_2samp(old, new, method="asymp")
    assert distance == pytest.approx(theirs.statistic)
    assert p == pytest.approx(theirs.pvalue, abs=0.03)


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_never_below_the_p_values_and_keeps_their_order(seed: int) -> None:
    p_values = np.random.default_rng(seed).random(12).tolist()

    corrected = statistics.holm(p_values)

    assert all(one >= p for one, p in zip(corrected, p_values, strict=True))
    assert min(corrected) == pytest.approx(min(1.0, 12 * min(p_values)))
    ordered = np.array(corrected)[np.argsort(p_values)]
    assert np.all(np.diff(ordered) >= 0)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(3, 90, 9, 40), (30, 900, 90, 1_400), (0, 200, 4, 50)])
def test_a_larger_share_is_found_as_fishers_test_finds_it(a: int, n: int, b: int, m: int) -> None:
    p = statistics.larger_share((a, n), (b, m))

    theirs = stats.fisher_exact([[b, m - b], [a, n - a]], alternative="greater").pvalue
    assert p == pytest.approx(theirs, rel=0.35)


@pytest.mark.parametrize(("m", "n", "outside"), [(20, 30, 4), (100, 500, 22), (50, 10, 1)])
def test_rows_outside_the_range_are_as_many_as_chance_says(m: int, n: int, outside: int) -> None:
    rng = np.random.default_rng(m)
    drawn = 20_000
    old, new = rng.random((drawn, m)), rng.random((drawn, n))
    beyond = (new < old.min(1, keepdims=True)) | (new > old.max(1, keepdims=True))

    share = float((beyond.sum(axis=1) >= outside).mean())

    assert statistics.outside_range(m, outside, n) == pytest.approx(share, abs=0.01)


def test_by_chance_the_stability_index_is_what_is_told() -> None:
    rng = np.random.default_rng(3)
    shares = np.full(10, 0.1)
    found = [statistics.psi(rng.multinomial(1_000, shares), rng.multinomial(200, shares)) for _ in range(500)]

    assert np.mean(found) == pytest.approx(statistics.psi_by_chance(10, 1_000, 200), rel=0.1)
