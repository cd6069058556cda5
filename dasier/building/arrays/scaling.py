"""Transformers of numbers as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import (
    RFE,
    RFECV,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node
from dasier.runtimes.arrays.scaling import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def _numbers(**given: Any) -> dict[str, NDArray[np.float64]]:
    """Give arrays of float64, without those that there are not."""
    return {name: np.asarray(array, dtype=np.float64) for name, array in given.items() if array is not None}


def _standard(scaler: StandardScaler) -> Node:
    centre = scaler.mean_ if scaler.with_mean else None
    return Node("centred", {}, _numbers(centre=centre, scale=scaler.scale_ if scaler.with_std else None))


def _robust(scaler: RobustScaler) -> Node:
    centre = scaler.center_ if scaler.with_centering else None
    return Node("centred", {}, _numbers(centre=centre, scale=scaler.scale_ if scaler.with_scaling else None))


def _largest(scaler: MaxAbsScaler) -> Node:
    if getattr(scaler, "clip", False):
        raise refused("a MaxAbsScaler that clips")
    return Node("centred", {}, _numbers(scale=scaler.scale_))


def _stretched(scaler: MinMaxScaler) -> Node:
    clip = [float(end) for end in scaler.feature_range] if scaler.clip else None
    return Node("stretched", {"clip": clip}, _numbers(scale=scaler.scale_, offset=scaler.min_))


def function(transformer: Any) -> Node:
    """Give the node of a FunctionTransformer over a function of numpy."""
    return _applied(transformer.func, transformer.kw_args)


def _applied(func: Any, arguments: Any) -> Node:
    name = getattr(func, "__name__", "")
    if arguments or name not in FUNCTIONS or getattr(np, name) is not func:
        raise refused(f"a FunctionTransformer over {name or repr(func)}")
    return Node("function", {"name": name})


def inverse(transformer: Any) -> Node | None:
    """Give the node of what undoes a transformer of a target; None where there is nothing to undo."""
    kind = type(transformer)
    if kind is FunctionTransformer:
        func = transformer.inverse_func
        return None if func is None else _applied(func, transformer.inv_kw_args)
    if kind is StandardScaler:
        return Node(
            "spread",
            {},
            _numbers(
                scale=transformer.scale_ if transformer.with_std else None,
                centre=transformer.mean_ if transformer.with_mean else None,
            ),
        )
    if kind is MinMaxScaler and not transformer.clip:
        return Node("centred", {}, _numbers(centre=transformer.min_, scale=transformer.scale_))
    raise refused(f"a target under {kind.__name__}")


def _selected(selector: Any) -> Node:
    return Node("selected", {}, {"kept": np.flatnonzero(selector.get_support())})


def _components(step: PCA) -> Node:
    shift = np.reshape(step.mean_, (1, -1)) @ step.components_.T
    scale = None
    if step.whiten:
        scale = np.sqrt(step.explained_variance_)
        scale[scale < np.finfo(scale.dtype).eps] = np.finfo(scale.dtype).eps
    return Node("projected", {}, _numbers(components=step.components_, shift=shift, scale=scale))


TRANSFORMS: dict[type, Callable[[Any], Node]] = {
    StandardScaler: _standard,
    RobustScaler: _robust,
    MaxAbsScaler: _largest,
    MinMaxScaler: _stretched,
    Normalizer: lambda step: Node("normalised", {"norm": step.norm}),
    PCA: _components,
    TruncatedSVD: lambda step: Node("projected", {}, _numbers(components=step.components_)),
    **dict.fromkeys(
        (
            RFE,
            RFECV,
            SelectFdr,
            SelectFpr,
            SelectFromModel,
            SelectFwe,
            SelectKBest,
            SelectPercentile,
            SequentialFeatureSelector,
            VarianceThreshold,
        ),
        _selected,
    ),
}
