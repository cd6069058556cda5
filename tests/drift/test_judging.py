"""How often unchanged data is called drifted, and which shifts are found with how few rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from dasier.drift.judging import CHANCE, LEAST_ROWS, judge
from dasier.drift.spread import Spread
from tests.drift.populations import POPULATIONS, population, tallied, trained

if TYPE_CHECKING:
    import pandas as pd

REPORTS = 200


@pytest.mark.parametrize(("n_trained", "n_seen"), [(100, 1_000), (1_000, 100), (1_000, 2_000)])
def test_unchanged_data_is_called_significant_no_oftener_than_is_stated(n_trained: int, n_seen: int) -> None:
    rng = np.random.default_rng(n_trained + n_seen)
    significant = alarmed = 0

    for _ in range(REPORTS):
        what = trained(population(n_trained, rng))
        found = judge(what, tallied(what, population(n_seen, rng)))
        significant += any(p <= CHANCE for one in found for p in one.corrected)
        alarmed += any(one.alarmed for one in found)

    # Were the rate twice the stated one, more than this would be likely; at the stated one it is 1 in 1,000.
    assert significant <= binom.ppf(0.999, REPORTS, CHANCE)
    assert alarmed <= significant


@pytest.mark.parametrize("name", [name for name in POPULATIONS if name != "mixed, 10 columns"])
def test_few_columns_many_and_categories_alone_raise_no_more_false_alarms(name: str) -> None:
    rng = np.random.default_rng(20261124)
    reports, significant = 80, 0

    for _ in range(reports):
        what = trained(POPULATIONS[name](500, rng))
        found = judge(what, tallied(what, POPULATIONS[name](200, rng)))
        significant += any(p <= CHANCE for one in found for p in one.corrected)

    # At the stated rate more than this is 1 in 1,000.
    assert significant <= binom.ppf(0.999, reports, CHANCE)


SHIFTS: dict[str, Callable[[pd.DataFrame, np.random.Generator], object]] = {
    "normal": lambda table, _: table["normal"] + 1,
    "skewed": lambda table, _: table["skewed"] * 1000,  # metres for kilometres
    "few": lambda table, _: table["few"].clip(upper=1),
    "holes": lambda table, rng: table["holes"].where(rng.random(len(table)) < 0.6),
    "flag": lambda table, _: ~table["flag"],
    "town": lambda table, rng: np.where(rng.random(len(table)) < 0.5, "Bern", table["town"]),
    "street": lambda table, rng: np.where(rng.random(len(table)) < 0.3, "elsewhere", table["street"]),
    "note": lambda table, _: table["note"] + "x" * 40,
    "y": lambda table, _: table["y"] - 1.2,
}


@pytest.mark.parametrize("column", SHIFTS)
def test_a_shift_is_found_in_a_few_hundred_rows_and_the_column_is_named(column: str) -> None:
    rng = np.random.default_rng(11)
    what = trained(population(1_000, rng))
    table = population(300, rng)

    found = judge(what, tallied(what, table.assign(**{column: SHIFTS[column](table, rng)})))

    assert [one.name for one in found if one.alarmed] == [column]
    assert found[0].name == column


def test_what_matters_to_nobody_is_not_alarmed_however_sure_it_is() -> None:
    rng = np.random.default_rng(12)
    what = trained(population(5_000, rng))
    table = population(20_000, rng)

    found = judge(what, tallied(what, table.assign(normal=table["normal"] + 0.15)))

    shifted = next(one for one in found if one.name == "normal")
    assert min(shifted.corrected) <= CHANCE
    assert shifted.alarmed == ()


def test_few_rows_are_never_alarmed() -> None:
    rng = np.random.default_rng(13)
    what = trained(population(1_000, rng))
    table = population(LEAST_ROWS - 1, rng)

    found = judge(what, tallied(what, table.assign(normal=99.0)))

    assert not any(one.alarmed for one in found)


NUMBERS = st.floats(-1e6, 1e6) | st.none()


@given(st.lists(NUMBERS, min_size=0, max_size=60), st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=21))
def test_every_number_is_counted_once(cells: list[float | None], edges: list[float]) -> None:
    ends = sorted(set(edges))
    spread = Spread.of("x", "float", {"edges": ends, "counts": [1] * max(1, len(ends) - 1), "nulls": 0})

    counted = spread.count(cells)

    known = [cell for cell in cells if cell is not None]
    assert counted.sum() == len(cells)
    assert counted[-1] == len(cells) - len(known)
    assert spread.outside(counted) == sum(not ends[0] <= cell <= ends[-1] for cell in known)
    assert spread.coarse(counted).sum() == len(known)
    if len(ends) > 1:
        inside, _ = np.histogram(known, bins=ends)
        assert counted[1:-2].tolist() == inside.tolist()


@given(
    st.lists(st.text(max_size=3) | st.none(), max_size=60),
    st.sets(st.text(max_size=3), min_size=1, max_size=30),
)
def test_every_category_is_counted_once(cells: list[str | None], values: set[str]) -> None:
    spread = Spread.of("x", "category", {"values": dict.fromkeys(sorted(values), 2), "nulls": 3})

    counted = spread.count(cells)

    known = [cell for cell in cells if cell is not None]
    assert spread.trained.sum() == 2 * len(spread.known) + 3 or len(spread.known) < len(values)
    assert counted.sum() == len(cells)
    assert spread.coarse(counted).sum() == len(known)
    assert len(counted) == len(spread.trained)


@pytest.mark.parametrize("written", [True, "True", "true", 1, 1.0])
def test_a_boolean_is_one_however_it_is_written(written: object) -> None:
    spread = Spread.of("x", "boolean", {"values": {"True": 5, "0.0": 3}, "nulls": 0})

    assert spread.count([written]).tolist() == [0, 1, 0, 0]
