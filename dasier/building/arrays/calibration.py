"""Calibrated classifiers and isotonic lines as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building.arrays.places import places_of
from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.isotonic import IsotonicRegression


def isotonic(line: IsotonicRegression) -> Node:
    """Give the node of an isotonic regression."""
    return Node("isotonic", {"outside": line.out_of_bounds}, _points(line))


def _points(line: IsotonicRegression) -> dict[str, NDArray[np.float64]]:
    return {
        "x": np.asarray(line.X_thresholds_, dtype=np.float64),
        "y": np.asarray(line.y_thresholds_, dtype=np.float64),
    }


def calibrated(model: CalibratedClassifierCV, inner: Callable[[Any], Node]) -> Node:
    """Give the node of a calibrated classifier."""
    n_classes, asked, parts = len(model.classes_), [], []
    arrays: dict[str, NDArray[Any]] = {}
    for i, one in enumerate(model.calibrated_classifiers_):
        asked.append("scores" if hasattr(one.estimator, "decision_function") else "probabilities")
        parts.append(inner(one.estimator))
        if model.method != "temperature":
            places = places_of(model.classes_, one.estimator.classes_)
            arrays[f"places{i}"] = (
                np.array([1]) if n_classes == 2 else places
            )  # of two, one is for the second
        arrays |= _calibrators(model.method, i, one.calibrators)
    values = {"asked": asked, "method": model.method, "n_classes": n_classes}
    return Node("calibrated", values, arrays, tuple(parts))


def _calibrators(method: str, position: int, calibrators: list[Any]) -> dict[str, NDArray[np.float64]]:
    if method == "isotonic":
        found: dict[str, NDArray[np.float64]] = {}
        for i, line in enumerate(calibrators):
            if line.out_of_bounds != "clip":
                raise refused("an isotonic calibration that does not clip")
            found |= {f"{axis}{position}_{i}": points for axis, points in _points(line).items()}
        return found
    if method == "temperature":
        slopes, shifts = [one.beta_ for one in calibrators], [0.0 for _ in calibrators]
    elif method == "sigmoid":
        slopes, shifts = [one.a_ for one in calibrators], [one.b_ for one in calibrators]
    else:
        raise refused(f"calibration by {method}")
    return {
        f"slopes{position}": np.array(slopes, dtype=np.float64).ravel(),
        f"shifts{position}": np.array(shifts, dtype=np.float64).ravel(),
    }
