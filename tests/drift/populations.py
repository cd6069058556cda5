"""Rows drawn from one population of mixed columns, and a baseline as a build makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from dasier.building.baseline import baseline
from dasier.building.infer import infer
from dasier.drift.spread import Spread, spreads
from dasier.drift.tally import OUTPUT, Tally, Watched
from dasier.runtimes import Outputs


def population(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw n rows: normal, skewed, few values, many zeros, nulls, booleans, few and many categories, text."""
    table = pd.DataFrame(
        {
            "normal": rng.normal(0, 1, n),
            "skewed": rng.exponential(3, n),
            "few": rng.integers(0, 4, n),
            "zeros": np.where(rng.random(n) < 0.7, 0.0, rng.random(n)),
            "holes": np.where(rng.random(n) < 0.05, np.nan, rng.normal(0, 1, n)),
            "flag": rng.random(n) < 0.1,
            "town": rng.choice(["Oslo", "Rome", "Bern"], n, p=[0.6, 0.3, 0.1]),
            "street": [f"s{k}" for k in np.minimum(rng.zipf(1.5, n), 400)],
            "note": ["x" * k for k in rng.integers(1, 60, n)],
        }
    )
    return table.assign(y=rng.normal(0, 1, n))


def trained(table: pd.DataFrame) -> Watched:
    """Give what is watched of a version that was fitted on these rows and answered ``y``."""
    schema = infer(table, task="regression", target="y")
    told = baseline(table, Outputs(table["y"].to_numpy()), schema)
    held = spreads(told, {column.name: str(column.kind) for column in schema.columns})
    answer = Spread.of("y", "float", told["output"])
    return Watched({OUTPUT: answer} | {f"column {name}": spread for name, spread in held.items()})


def tallied(what: Watched, table: pd.DataFrame) -> Tally:
    """Count rows as the log's are."""
    counts: dict[str, Any] = {}
    for key, spread in what.spreads.items():
        cells = [None if cell != cell else cell for cell in table[spread.name].tolist()]  # noqa: PLR0124
        counts[key] = spread.count(cells)
    return Tally(requests=len(table), asked=len(table), rows=len(table), counts=counts)


def _numbers(n: int, rng: np.random.Generator, columns: int) -> pd.DataFrame:
    """Draw columns of numbers, every third of them skewed, that move together a little."""
    common = rng.normal(0, 1, n)
    held = {
        f"n{place}": rng.exponential(1, n) if place % 3 == 0 else 0.5 * common + rng.normal(0, 1, n)
        for place in range(columns)
    }
    return pd.DataFrame(held).assign(y=common + rng.normal(0, 1, n))


def _categories(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw twelve columns of 2 to 300 categories, some values rare, some cells empty."""
    table = pd.DataFrame(
        {
            f"c{size}": [f"v{value}" for value in np.minimum(rng.zipf(1.4, n), size)]
            for size in (2, 3, 5, 8, 10, 12, 20, 40, 80, 120, 200, 300)
        }
    )
    table.loc[rng.random(n) < 0.1, "c5"] = None
    return table.assign(y=rng.normal(0, 1, n))


POPULATIONS: dict[str, Callable[[int, np.random.Generator], pd.DataFrame]] = {
    "mixed, 10 columns": population,
    "numbers, 2 columns": lambda n, rng: _numbers(n, rng, 2),
    "numbers, 60 columns": lambda n, rng: _numbers(n, rng, 60),
    "categories, 12 columns": _categories,
}
"""From whose rows reports are simulated."""

SHIFTS: dict[str, tuple[str, Callable[[pd.DataFrame, np.random.Generator], object]]] = {
    "mean by 0.5 standard deviations": ("normal", lambda table, _: table["normal"] + 0.5),
    "mean by 1 standard deviation": ("normal", lambda table, _: table["normal"] + 1),
    "another unit (times 1,000)": ("skewed", lambda table, _: table["skewed"] * 1000),
    "half of a class turned into another": (
        "town",
        lambda table, rng: np.where(rng.random(len(table)) < 0.5, "Bern", table["town"]),
    ),
    "nulls from 5 % to 15 %": (
        "holes",
        lambda table, rng: table["holes"].where(rng.random(len(table)) >= 0.105),
    ),
    "nulls from 5 % to 43 %": (
        "holes",
        lambda table, rng: table["holes"].where(rng.random(len(table)) < 0.6),
    ),
    "a boolean turned round": ("flag", lambda table, _: ~table["flag"]),
    "a new category in 10 % of the rows": (
        "street",
        lambda table, rng: np.where(rng.random(len(table)) < 0.1, "elsewhere", table["street"]),
    ),
    "the answer by 0.5 standard deviations": ("y", lambda table, _: table["y"] - 0.5),
}
"""What changes in the mixed population, by name: the column, and what it becomes."""
