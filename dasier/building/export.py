"""ONNX graphs that may answer as a fitted estimator does, the likeliest first.

Nothing here is trusted: `dasier.building.parity` tries each candidate against the estimator, and the
first that is equal within the bound is the one that may be served. A graph keeps to this convention, which
`dasier.runtimes.onnx` reads:

========================  ==========================================================================
input ``numbers``         float64 or float32, shape (n, n_number_columns), schema order, null = NaN
input ``texts``           strings, shape (n, n_text_columns), schema order, null = ``NULL_TEXT``
output ``label``          int64, the position in ``schema.output.classes``; a classification
output ``probabilities``  shape (n, n_classes), where the estimator has `predict_proba`
output ``prediction``     shape (n,) or (n, 1): a regression's value, a cluster, 1 or -1
output ``scores``         shape (n,) or (n, 1): an anomaly detector's decision function
========================  ==========================================================================

An input without columns is left out. A graph of trees, which compare in float32, has the property `SINGLE`.
"""

from __future__ import annotations

import logging
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.base import BaseEstimator, is_classifier
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    VotingClassifier,
)
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import BaseDecisionTree

from dasier.building.candidate import Candidate, Refused
from dasier.building.converters import CONVERTERS, shapes_for
from dasier.building.detach import for_tensors, parts
from dasier.errors import EstimatorUnsupported
from dasier.runtimes.onnx import SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import ModelProto

    from dasier.schema import Schema

_OPSETS = {"": 21, "ai.onnx.ml": 3}
"""What every onnxruntime since 1.18 executes."""

_HISTOGRAM_TREES = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


def candidates(estimator: BaseEstimator, schema: Schema) -> Iterator[Candidate | Refused]:
    """Give graphs to be tried in order, and reasons where there is none.

    Parameters
    ----------
    estimator
        Fitted on a DataFrame with the schema's columns, or on an array of them in schema order.
    schema
    """
    try:
        detached = for_tensors(estimator, schema)
    except EstimatorUnsupported as error:
        yield Refused("onnx", "float64", str(error))
        return
    reason = _known_obstacle(detached)
    if reason:
        yield Refused("onnx", "any", reason)
        return
    _number_classes(detached, schema)
    for part in parts(detached):
        if isinstance(part, VotingClassifier):
            part.flatten_transform = False  # of no account to a prediction, and True does not convert
    for name, number_type in (("float64", DoubleTensorType), ("float32", FloatTensorType)):
        inputs: list[tuple[str, Any]] = []
        if schema.number_columns:
            inputs.append(("numbers", number_type([None, len(schema.number_columns)])))
        if schema.text_columns:
            inputs.append(("texts", StringTensorType([None, len(schema.text_columns)])))
        try:
            blob = _converted(detached, inputs, schema, exact=name == "float64")
        except Exception as error:  # noqa: BLE001 (a converter may raise anything; its reason is shown)
            yield Refused("onnx", name, _sentence(error))
        else:
            yield Candidate("onnx", name, blob)


def _known_obstacle(estimator: Any) -> str | None:
    """Say in words what a converter would say in a page of attributes."""
    if any(isinstance(part, _HISTOGRAM_TREES) for part in parts(estimator)):
        return "skl2onnx does not convert histogram-based gradient boosting"
    return None


def _converted(estimator: Any, inputs: list[tuple[str, Any]], schema: Schema, *, exact: bool) -> bytes:
    logger = logging.getLogger("skl2onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the converter's own deprecations, nothing that can be mended here
            model = convert_sklearn(
                estimator,
                name="dasier",  # by default a random one, and the same model would be another blob each time
                initial_types=inputs,
                target_opset=_OPSETS,
                options=_options(estimator),
                custom_conversion_functions=CONVERTERS if exact else None,
                custom_shape_calculators=shapes_for(parts(estimator)) if exact else None,
            )
    finally:
        logger.setLevel(level)
    _name_outputs(model, schema)
    kinds = {type(part) for part in parts(estimator)}
    # An isolation forest takes what float32 cannot hold for infinite.
    if IsolationForest not in kinds and any(issubclass(kind, BaseDecisionTree) for kind in kinds):
        model.metadata_props.add(key=SINGLE, value="1")
    return bytes(model.SerializeToString())


def _options(estimator: Any) -> dict[int, dict[str, bool]]:
    """Ask for probabilities as a matrix, not as a list of dictionaries, of every classifier that can give them."""
    classifiers = [
        part for part in parts(estimator) if is_classifier(part) and not isinstance(part, Pipeline)
    ]
    return {id(part): {} if isinstance(part, LinearSVC) else {"zipmap": False} for part in classifiers}


def _number_classes(estimator: Any, schema: Schema) -> None:
    """Replace the classes by their positions, so that a label of any type is one int64 in the graph."""
    if schema.output.task != "classification":
        return
    classes = np.asarray(estimator.classes_)
    for part in parts(estimator):
        own = vars(part).get("classes_")
        if own is not None and np.array_equal(np.asarray(own), classes):
            part.classes_ = np.arange(len(classes))
        for calibrated in vars(part).get("calibrated_classifiers_", ()):
            calibrated.classes = np.arange(len(classes))


def _name_outputs(model: ModelProto, schema: Schema) -> None:
    """Give the outputs the names of the convention, and drop what nobody reads."""
    wanted = {
        "classification": ["label", "probabilities"] if schema.output.probabilities else ["label"],
        "anomaly_detection": ["prediction", "scores"],
    }.get(schema.output.task, ["prediction"])
    graph = model.graph
    if len(graph.output) < len(wanted):
        message = f"the graph gives {len(graph.output)} of the {len(wanted)} outputs"
        raise NotImplementedError(message)
    del graph.output[len(wanted) :]
    names = {output.name: name for output, name in zip(graph.output, wanted, strict=True)}
    names.update({name: f"{name}_" for name in wanted if name not in names})
    for node in graph.node:
        for ends in (node.input, node.output):
            for position, end in enumerate(ends):
                ends[position] = names.get(end, end)
    for output in graph.output:
        output.name = names[output.name]


def _sentence(error: Exception) -> str:
    """Give a converter's complaint in a few words."""
    if isinstance(error, MissingShapeCalculator | MissingConverter):
        named = re.search(r"(\w+)'>", str(error))
        return f"skl2onnx does not convert {named[1] if named else 'this estimator'}"
    first = " ".join(str(error).split()).partition(" You may raise an issue")[0]
    if isinstance(error, NotImplementedError):  # ours, or a converter's own words: a sentence as it stands
        return first[:300]
    return f"{type(error).__name__}: {first[:300]}"
