"""Which digit was written: nearest neighbours on the 64 pixels of an 8 by 8 image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

SIDE = 8


def load() -> pd.DataFrame:
    """Give the 1,797 images: ``pixel_1_1`` (row, column) to ``pixel_8_8``, 0 to 16, and ``digit``."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - only a build needs it

    bunch = load_digits(as_frame=True)
    frame = bunch.data.astype("int64")
    frame.columns = [f"pixel_{row}_{column}" for row in range(1, SIDE + 1) for column in range(1, SIDE + 1)]
    return frame.assign(digit=bunch.target)


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted classifier; ``params`` are those of `KNeighborsClassifier`."""
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    return KNeighborsClassifier(**params)
