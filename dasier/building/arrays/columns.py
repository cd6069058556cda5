"""Pipelines, column transformers, imputers and encoders as nodes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import RFE, RFECV
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.utils.validation import check_array

from dasier.building.arrays import scaling
from dasier.building.arrays.composed import COMPOSED
from dasier.building.arrays.encoders import encoder
from dasier.building.arrays.histograms import histogram_boosting, is_histogram_boosting
from dasier.building.arrays.models import MODELS
from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.columns import ALL, NUMBERS, TEXTS
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


class Width(NamedTuple):
    """How many columns a step sees, numbers first, then texts; behind another step only of which kind."""

    numbers: int
    texts: int
    order: tuple[int, ...] | None = None
    """Where the columns stand among those of both arrays, where a step was told to take them in another order."""

    @property
    def of_one_kind(self) -> bool:
        """Whether they come as one array."""
        return not (self.numbers and self.texts)


def answering(estimator: Any, width: Width) -> Node:
    """Give the node of a fitted estimator that is asked for an answer, not for a transformation.

    Raises
    ------
    EstimatorUnsupported
        If there is none.
    """
    if hasattr(estimator, "best_estimator_"):
        return answering(estimator.best_estimator_, width)
    kind = type(estimator)
    if kind is Pipeline:
        return _pipeline(estimator, width, last=answering)
    if kind in (RFE, RFECV):
        return Node(
            "pipeline", parts=(node_of(estimator, width), answering(estimator.estimator_, Width(1, 0)))
        )
    if kind in COMPOSED:
        return COMPOSED[kind](estimator, partial(answering, width=width))
    return node_of(estimator, width)


def node_of(estimator: Any, width: Width) -> Node:
    """Give the node of a fitted estimator that sees columns of this kind.

    Raises
    ------
    EstimatorUnsupported
        If there is none.
    """
    kind = type(estimator)
    if kind in _STEPS:
        return _STEPS[kind](estimator, width)
    if is_histogram_boosting(estimator):  # what encodes its categories chooses columns of both kinds
        return histogram_boosting(estimator, partial(node_of, width=width))
    if not width.of_one_kind:
        raise refused(f"{kind.__name__} over numbers and strings at once")
    if width.texts:
        raise refused(f"{kind.__name__} over strings")
    for known in (scaling.TRANSFORMS, MODELS):
        if kind in known:
            return known[kind](estimator)
    raise refused(kind.__name__)


def _is_nothing(step: Any) -> bool:
    """Say whether a step passes columns on as they are."""
    if isinstance(step, str) or step is None:
        return step != "drop"
    if type(step) is not FunctionTransformer:
        return False
    if isinstance(step.func, partial) and step.func.func is check_array:
        return True  # boosting with histograms puts it over its numbers
    return step.func is None or step.func is np.asarray


def _gives_texts(node: Node, seen: Width) -> bool:
    """Say whether what a step gives is strings still.

    Raises
    ------
    EstimatorUnsupported
        If it is strings beside numbers.
    """
    if node.kind == "pipeline":
        return bool(seen.texts) and all(_gives_texts(part, seen) for part in node.parts)
    if node.kind == "side_by_side":
        of_texts = [
            source == TEXTS or (source == ALL and bool(seen.texts)) for source in node.values["sources"]
        ]
        given = {
            is_text and _gives_texts(part, Width(0, 1))
            for is_text, part in zip(of_texts, node.parts, strict=True)
        }
        if len(given) > 1:
            raise refused("a step that passes on numbers and strings together")
        return given == {True}
    return node.kind == "imputed_texts"


def _pipeline(pipeline: Pipeline, width: Width, *, last: Callable[[Any, Width], Node] | None = None) -> Node:
    nodes = []
    for position, (_, step) in enumerate(pipeline.steps, start=1):
        if _is_nothing(step):
            continue
        if _takes_columns(step) and not width.of_one_kind:
            width = width._replace(order=tuple(int(place) for place in step.kw_args["indices"]))
            continue
        node = (last if last and position == len(pipeline.steps) else node_of)(step, width)
        width = Width(0, 1) if _gives_texts(node, width) else Width(1, 0)
        nodes.append(node)
    return nodes[0] if len(nodes) == 1 else Node("pipeline", parts=tuple(nodes))


def _takes_columns(step: Any) -> bool:
    """Say whether a step is what `dasier.building.detach` puts before an estimator that takes columns in another order."""
    is_take = type(step) is FunctionTransformer and step.func is np.take
    return is_take and set(step.kw_args) == {"indices", "axis"} and step.kw_args["axis"] == 1


def _chosen(width: Width, where: Sequence[int]) -> tuple[int, list[int], Width]:
    """Give which array columns stand in, at which places, and what a part sees then."""
    if width.order is not None:
        where = [width.order[place] for place in where]
    if width.of_one_kind:
        return ALL, list(where), Width(len(where), 0) if width.numbers else Width(0, len(where))
    texts = [position >= width.numbers for position in where]
    if all(texts):
        return TEXTS, [position - width.numbers for position in where], Width(0, len(where))
    if any(texts):
        raise refused("a transformer over numbers and strings at once")
    return NUMBERS, list(where), Width(len(where), 0)


def _column_transformer(transformer: ColumnTransformer, width: Width) -> Node:
    if width.of_one_kind:  # behind another step, how many columns come is known here first
        n_columns = int(transformer.n_features_in_)
        width = Width(n_columns, 0) if width.numbers else Width(0, n_columns)
    sources: list[int] = []
    arrays: dict[str, NDArray[Any]] = {}
    parts: list[Node] = []
    for _, part, columns in transformer.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        if isinstance(columns, int | np.integer):
            raise refused("a transformer of one column, as a text vectoriser is")
        n_columns = len(width.order) if width.order is not None else width.numbers + width.texts
        where = np.arange(n_columns)[np.asarray(columns)].tolist() if len(columns) else []
        if not where:
            continue
        source, places, seen = _chosen(width, where)
        if places != list(range(width.texts if source == TEXTS else width.numbers or width.texts)):
            arrays[f"columns{len(parts)}"] = np.array(places, dtype=np.int64)
        sources.append(source)
        parts.append(Node("pipeline") if _is_nothing(part) else node_of(part, seen))
        if _is_nothing(part) and seen.texts:
            raise refused("strings that pass through")
    if not parts:
        raise refused("a ColumnTransformer that gives no column")
    return Node("side_by_side", {"sources": sources}, arrays, tuple(parts))


def _union(union: FeatureUnion, width: Width) -> Node:
    if not width.of_one_kind:
        raise refused("FeatureUnion over numbers and strings at once")
    if union.transformer_weights:
        raise refused("FeatureUnion with weights")
    parts = [part for _, part in union.transformer_list if not (isinstance(part, str) and part == "drop")]
    nodes = [Node("pipeline") if _is_nothing(part) else node_of(part, width) for part in parts]
    return Node("side_by_side", {"sources": [ALL] * len(nodes)}, {}, tuple(nodes))


def _function(transformer: FunctionTransformer, width: Width) -> Node:
    if _is_nothing(transformer):
        return Node("pipeline")
    if _takes_columns(transformer):
        source, places, _ = _chosen(width, transformer.kw_args["indices"])
        arrays = {"columns0": np.array(places, dtype=np.int64)}
        return Node("side_by_side", {"sources": [source]}, arrays, (Node("pipeline"),))
    if width.texts:
        raise refused("a FunctionTransformer over strings")
    return scaling.function(transformer)


def _imputer(imputer: SimpleImputer, width: Width) -> Node:
    if not width.of_one_kind:
        raise refused("an imputer over numbers and strings at once")
    missing = imputer.missing_values
    is_nan = isinstance(missing, float) and np.isnan(missing)
    if width.texts:
        texts = list(imputer.statistics_)
        if not is_nan or imputer.indicator_ is not None or not all(isinstance(text, str) for text in texts):
            raise refused("an imputer of strings that does more than fill nulls in")
        return Node("imputed_texts", {"filling": [str(text) for text in texts]})
    if not is_nan and not isinstance(missing, int | float):
        raise refused("an imputer of something else than numbers")
    filling = np.array(imputer.statistics_, dtype=np.float64)
    arrays: dict[str, NDArray[Any]] = {"filling": filling}
    if not imputer.keep_empty_features and np.isnan(filling).any():
        arrays["kept"] = np.flatnonzero(~np.isnan(filling))
    if imputer.indicator_ is not None:
        arrays["marked"] = np.asarray(imputer.indicator_.features_, dtype=np.int64)
    return Node("imputed", {"missing": None if is_nan else float(missing)}, arrays)


def _encoder(one: Any, width: Width) -> Node:
    if not width.of_one_kind:
        raise refused("an encoder over numbers and strings at once")
    return encoder(one, of_texts=bool(width.texts))


_STEPS: dict[type, Callable[[Any, Width], Node]] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FeatureUnion: _union,
    FunctionTransformer: _function,
    SimpleImputer: _imputer,
    **dict.fromkeys((OneHotEncoder, OrdinalEncoder, TargetEncoder), _encoder),
}
