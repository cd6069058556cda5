"""Rows drawn from one population of mixed columns, and a baseline as a build makes it."""

from __future__ import annotations

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
