"""Groups of penguins of similar build: k-means on four measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

MEASUREMENTS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def load() -> pd.DataFrame:
    """Give the four measurements of 344 penguins; their species is left out."""
    from palmerpenguins import load_penguins  # noqa: PLC0415 - only a build needs it

    return load_penguins()[MEASUREMENTS]


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted pipeline; ``params["centres"]`` is where k-means starts, in standard deviations.

    Starting points that are given, rather than drawn, keep each group's number from one build
    to the next, so that the names given to the groups stay true.
    """
    import numpy as np  # noqa: PLC0415
    from sklearn.cluster import KMeans  # noqa: PLC0415
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    centres = np.asarray(params["centres"], dtype=np.float64)
    groups = KMeans(n_clusters=len(centres), init=centres, n_init=1)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), groups)
