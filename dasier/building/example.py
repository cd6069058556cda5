"""A row that looks real and is nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dasier.building.refinements import Cell

CONSIDERED = 5_000
"""So many rows, evenly spaced, are looked at in a large table."""

TRIES = 20
"""So many partners are tried before a row that training holds is accepted."""


def plausible(features: pd.DataFrame, classes: pd.Series | None, typical: dict[str, Cell]) -> dict[str, Cell]:
    """Give a row put together from two rows that lie near the middle of the largest class.

    Columns come from one and the other in turn, so that the values go together and yet no training
    row is given away; where a table is so small or coarse that every such mixture is a row of it,
    the row is common and tells of nobody.

    Parameters
    ----------
    features
        Tidy columns.
    classes
        The class of each row; None takes all rows as one class.
    typical
        The median or most frequent value of each column: stands in for a null.
    """
    sample = features.iloc[:: max(1, len(features) // CONSIDERED)]
    if classes is not None:
        sample = sample[(classes.loc[sample.index] == classes.mode().iloc[0]).to_numpy()]
    order = np.argsort(_distances(sample), kind="stable")
    first = sample.iloc[order[0]]
    row = {}
    for position in order[1 : 1 + TRIES] if len(order) > 1 else order:
        second = sample.iloc[position]
        row = {name: (first, second)[index % 2][name] for index, name in enumerate(features.columns)}
        row = {name: typical[name] if cell != cell else cell for name, cell in row.items()}  # noqa: PLR0124 (NaN)
        if not _holds(features, row):
            break
    return row


def _holds(features: pd.DataFrame, row: dict[str, Cell]) -> bool:
    """Say whether a row is one of a table, column by column: few rows are left to look at after the first."""
    places = np.arange(len(features))
    for name, cell in row.items():
        places = places[(features[name].to_numpy()[places] == cell)]
    return bool(len(places))


def _distances(sample: pd.DataFrame) -> NDArray[np.float64]:
    """Give how far each row is from the middle: a column adds 0 to 1, a null adds 1."""
    total = np.zeros(len(sample))
    for name in sample:
        cells = sample[name]
        if cells.dtype == object:
            modes = cells.mode()
            total += 1.0 if modes.empty else (cells != modes.iloc[0]).to_numpy(dtype=np.float64)
            continue
        values = cells.to_numpy(dtype=np.float64)
        if np.isnan(values).all():
            continue
        gap = np.abs(values - np.nanmedian(values))
        widest = np.nanmax(gap)
        total += np.nan_to_num(gap / widest if widest > 0 else gap, nan=1.0)
    return total
