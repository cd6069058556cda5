"""Where an estimator's trees split, in the units of the schema's columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from dasier.building.detach import parts
from dasier.schema import normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.schema import Schema


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What was found.

    Attributes
    ----------
    by_column : dict from column name to ndarray of float64
        Sorted, without repetition.
    unreached : int
        How many more stand behind a transformation that is not undone here.
    """

    by_column: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    unreached: int = 0


@dataclass(frozen=True, slots=True)
class _Source:
    """A column that a step sees: ``slope * original + offset``."""

    name: str
    slope: float = 1.0
    offset: float = 0.0


def thresholds(estimator: Any, schema: Schema) -> Thresholds:
    """Give every threshold of every tree inside a fitted estimator that can be told in a column's own unit."""
    if estimator is None:
        return Thresholds()
    search = _Search({column.name for column in schema.number_columns})
    names = getattr(estimator, "feature_names_in_", schema.names)
    search.walk(estimator, [_Source(normalised(str(name))) for name in names])
    by_column = {name: np.unique(np.concatenate(found)) for name, found in search.found.items()}
    return Thresholds(by_column, search.unreached)


class _Search:
    def __init__(self, numbers: set[str]) -> None:
        self.numbers = numbers
        self.found: dict[str, list[NDArray[np.float64]]] = {}
        self.unreached = 0

    def walk(self, estimator: Any, sources: Sequence[_Source | None] | None) -> None:
        """Search an estimator that sees these columns (None: not known which)."""
        estimator = getattr(estimator, "best_estimator_", estimator)
        if isinstance(estimator, Pipeline):
            for _, step in estimator.steps[:-1]:
                sources = None if sources is None else _through(step, sources)
            self.walk(estimator.steps[-1][1], sources)
            return
        hidden: set[int] = set()  # what a pipeline inside a meta-estimator holds: it sees other columns
        subsets = _subsets(estimator)
        for pipeline in [part for part in parts(estimator) if isinstance(part, Pipeline)]:
            if id(pipeline) not in hidden:
                hidden.update(id(part) for part in parts(pipeline))
                if _is_fitted(pipeline):
                    subset = subsets.get(id(pipeline), range(len(sources or ())))
                    self.walk(pipeline, None if sources is None else [sources[i] for i in subset])
        for part in parts(estimator):
            if id(part) not in hidden:
                self._tree(part, sources, subsets.get(id(part)))
                self._histogram_trees(part, sources)

    def _tree(self, part: Any, sources: Sequence[_Source | None] | None, subset: Any) -> None:
        tree: Any = getattr(part, "tree_", None)
        if hasattr(tree, "threshold"):
            splits = tree.feature >= 0
            feature = tree.feature[splits] if subset is None else np.asarray(subset)[tree.feature[splits]]
            self._add(feature, tree.threshold[splits], sources)

    def _histogram_trees(self, part: Any, sources: Sequence[_Source | None] | None) -> None:
        if getattr(part, "_preprocessor", None) is not None:
            return  # categorical columns were moved in front
        for stage in getattr(part, "_predictors", ()):
            for predictor in stage:
                nodes = predictor.nodes[
                    (predictor.nodes["is_leaf"] == 0) & (predictor.nodes["is_categorical"] == 0)
                ]
                self._add(nodes["feature_idx"], nodes["num_threshold"], sources)

    def _add(
        self, feature: NDArray[Any], threshold: NDArray[np.float64], sources: Sequence[_Source | None] | None
    ) -> None:
        for position in np.unique(feature).tolist():
            values = threshold[feature == position]
            source = sources[position] if sources is not None and position < len(sources) else None
            if source is None or source.name not in self.numbers or source.slope == 0:
                self.unreached += len(values)
                continue
            original = (values - source.offset) / source.slope
            self.found.setdefault(source.name, []).append(original[np.isfinite(original)])


def _is_fitted(step: Any) -> bool:
    """Tell a fitted step from the template that a meta-estimator keeps beside its fitted copies."""
    try:
        check_is_fitted(step)
    except NotFittedError:
        return False
    return True


def _subsets(estimator: Any) -> dict[int, Any]:
    """Give, for each part of an ensemble over random columns, the columns that it sees."""
    features = getattr(estimator, "estimators_features_", None)
    if features is None:
        return {}
    return {id(tree): subset for tree, subset in zip(estimator.estimators_, features, strict=True)}


def _through(step: Any, sources: Sequence[_Source | None]) -> list[_Source | None] | None:
    """Give the columns that the next step sees; None where that cannot be told."""
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return list(sources)
    if isinstance(step, Pipeline):
        reached: list[_Source | None] | None = list(sources)
        for _, inner in step.steps:
            reached = None if reached is None else _through(inner, reached)
        return reached
    for kind, undo in _UNDO.items():
        if isinstance(step, kind):
            return undo(step, sources)
    return _unknown(step, len(sources))


def _unknown(step: Any, n_columns: int) -> list[_Source | None] | None:
    try:
        return [None] * len(step.get_feature_names_out())
    except (AttributeError, ValueError, NotImplementedError):
        try:
            return [None] * step.transform(np.zeros((1, n_columns))).shape[1]
        except Exception:  # noqa: BLE001 (somebody's own transformer may raise anything)
            return None


def _union(step: Any, sources: Sequence[_Source | None]) -> list[_Source | None] | None:
    reached: list[_Source | None] = []
    for _, part in step.transformer_list:
        columns = _through(part, sources)
        if columns is None:
            return None
        reached += columns
    return reached


def _columns(step: Any, sources: Sequence[_Source | None]) -> list[_Source | None] | None:
    width = max((where.stop for where in step.output_indices_.values()), default=0)
    reached: list[_Source | None] = [None] * width
    for name, part, _ in step.transformers_:
        where = step.output_indices_[name]
        seen = [sources[i] for i in step._transformer_to_input_indices[name]]  # noqa: SLF001 (names, resolved)
        columns = None if isinstance(part, str) and part == "drop" else _through(part, seen)
        if columns is not None and len(columns) == where.stop - where.start:
            reached[where] = columns
    return reached


def _imputed(step: Any, sources: Sequence[_Source | None]) -> list[_Source | None]:
    kept = [
        source
        for source, value in zip(sources, step.statistics_, strict=True)
        if step.keep_empty_features or value == value  # noqa: PLR0124 (only NaN differs from itself)
    ]
    return kept + [None] * (0 if step.indicator_ is None else len(step.indicator_.features_))


def _scaled(slope: Callable[[Any], Any], offset: Callable[[Any], Any]) -> Callable[..., list[_Source | None]]:
    """Give what undoes ``x * slope + offset``."""

    def undo(step: Any, sources: Sequence[_Source | None]) -> list[_Source | None]:
        slopes = np.broadcast_to(slope(step), len(sources))
        offsets = np.broadcast_to(offset(step), len(sources))
        return [
            source and _Source(source.name, source.slope * float(m), source.offset * float(m) + float(c))
            for source, m, c in zip(sources, slopes, offsets, strict=True)
        ]

    return undo


def _or(value: Any, default: float) -> Any:
    return default if value is None else value


_UNDO: dict[type, Callable[..., list[_Source | None] | None]] = {
    ColumnTransformer: _columns,
    FeatureUnion: _union,
    SimpleImputer: _imputed,
    StandardScaler: _scaled(
        lambda s: 1.0 / _or(s.scale_, 1.0),
        lambda s: -_or(getattr(s, "mean_", None), 0.0) / _or(s.scale_, 1.0),
    ),
    MinMaxScaler: _scaled(lambda s: s.scale_, lambda s: s.min_),
    MaxAbsScaler: _scaled(lambda s: 1.0 / s.scale_, lambda _: 0.0),
    RobustScaler: _scaled(
        lambda s: 1.0 / _or(getattr(s, "scale_", None), 1.0),
        lambda s: -_or(getattr(s, "center_", None), 0.0) / _or(getattr(s, "scale_", None), 1.0),
    ),
}
