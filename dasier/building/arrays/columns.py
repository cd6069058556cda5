"""Pipelines, column transformers, imputers and encoders as nodes."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.utils.validation import check_array

from dasier.building.arrays import scaling
from dasier.building.arrays.models import MODELS
from dasier.building.arrays.refusing import refused
from dasier.building.arrays.trees import histogram_boosting, is_histogram_boosting
from dasier.runtimes.arrays.columns import ALL, NUMBERS, TEXTS
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_OTHER_TEXT = "\ue000 a category that no table holds"


class Width(NamedTuple):
    """How many columns a step sees, numbers first, then texts; behind another step only of which kind."""

    numbers: int
    texts: int

    @property
    def of_one_kind(self) -> bool:
        """Whether they come as one array."""
        return not (self.numbers and self.texts)


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
    if not width.of_one_kind:
        raise refused(f"{kind.__name__} over numbers and strings at once")
    if is_histogram_boosting(estimator):
        return histogram_boosting(estimator, partial(node_of, width=width))
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


def _pipeline(pipeline: Pipeline, width: Width) -> Node:
    nodes = []
    for _, step in pipeline.steps:
        if _is_nothing(step):
            continue
        node = node_of(step, width)
        width = Width(0, 1) if _gives_texts(node, width) else Width(1, 0)
        nodes.append(node)
    return nodes[0] if len(nodes) == 1 else Node("pipeline", parts=tuple(nodes))


def _chosen(width: Width, where: Sequence[int]) -> tuple[int, list[int], Width]:
    """Give which array columns stand in, at which places, and what a part sees then."""
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
        where = np.arange(sum(width))[np.asarray(columns)].tolist() if len(columns) else []
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
    if transformer.func is np.take and set(transformer.kw_args) == {"indices", "axis"}:
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


def _encoder(encoder: Any, width: Width) -> Node:
    """Ask an encoder for the code of each of its categories, of one that it never saw, and of a null."""
    if not width.of_one_kind:
        raise refused("an encoder over numbers and strings at once")
    categories = [_known(known, is_text=bool(width.texts)) for known in encoder.categories_]
    null_known = [_has_null(known) for known in encoder.categories_]
    strict = getattr(encoder, "handle_unknown", "ignore") == "error"
    told: list[list[str] | None] = []
    arrays: dict[str, NDArray[Any]] = {}
    tables = [_codes(encoder, categories, null_known, i, strict=strict) for i in range(len(categories))]
    for i, known in enumerate(categories):
        told.append(known.tolist() if width.texts else None)
        if not width.texts:
            arrays[f"categories{i}"] = known
    values = {"categories": told, "strict": strict, "null_known": null_known}
    if type(encoder) is OneHotEncoder:
        counts = encoder._n_features_outs  # noqa: SLF001 (columns a feature, categories that are dropped or joined counted)
        starts, n_columns = np.cumsum([0, *counts]), sum(counts)
        for i, table in enumerate(tables):
            own = table[:, starts[i] : starts[i + 1]]
            marked = own.argmax(axis=1) if own.shape[1] else np.zeros(len(own), dtype=np.intp)
            arrays[f"codes{i}"] = np.where(own.any(axis=1), starts[i] + marked, n_columns).astype(np.int64)
        return Node("one_hot", values | {"width": int(n_columns)}, arrays)
    n_codes = tables[0].shape[1] // len(categories)
    for i, table in enumerate(tables):
        arrays[f"codes{i}"] = table[:, i * n_codes : (i + 1) * n_codes]
    return Node("looked_up", values, arrays)


def _codes(
    encoder: Any, categories: list[NDArray[Any]], null_known: list[bool], position: int, *, strict: bool
) -> NDArray[np.float64]:
    """Give what the encoder makes of each category of one feature, then of another one, then of a null.

    One that raises is told what it knows in their place; the node raises there by itself.
    """
    known = categories[position]
    some = known[0] if len(known) else np.nan
    other: Any = some if strict else _OTHER_TEXT if known.dtype == object else _unlike(known)
    null = np.nan if null_known[position] or not strict else some
    cells = np.empty((len(known) + 2, len(categories)), dtype=object if known.dtype == object else np.float64)
    for i, others in enumerate(categories):
        cells[:, i] = others[0] if len(others) else np.nan
    cells[:, position] = [*known, other, null]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unseen categories are what is asked about
        found = encoder.transform(cells)
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float64)


def _unlike(known: NDArray[np.float64]) -> float:
    """Give a number that is none of those."""
    return float(np.abs(known).max(initial=0.0)) * 2 + 1


def _has_null(known: Any) -> bool:
    return any(one is None or one != one for one in known)  # noqa: PLR0124 (only NaN differs from itself)


def _known(known: Any, *, is_text: bool) -> NDArray[Any]:
    """Give an encoder's categories without a null, which has a place of its own."""
    kept = [one for one in np.asarray(known).tolist() if one is not None and one == one]  # noqa: PLR0124
    if is_text:
        if not all(isinstance(one, str) for one in kept):
            raise refused("an encoder of more than strings")
        return np.array(kept, dtype=object)
    try:
        numbers = np.array(kept, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise refused("an encoder of more than numbers") from error
    if (np.diff(numbers) <= 0).any():
        raise refused("an encoder whose categories are not in order")
    return numbers


_STEPS: dict[type, Callable[[Any, Width], Node]] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FeatureUnion: _union,
    FunctionTransformer: _function,
    SimpleImputer: _imputer,
    OneHotEncoder: _encoder,
    OrdinalEncoder: _encoder,
    TargetEncoder: _encoder,
}
