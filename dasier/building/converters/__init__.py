"""Converters that replace those of skl2onnx where they round to float32 or know no nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skl2onnx.common.data_types import DoubleTensorType
from sklearn.base import is_classifier, is_outlier_detector, is_regressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder
from sklearn.svm import SVR, LinearSVC, NuSVR, OneClassSVM
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from dasier.building.converters import functions, kernels, tables, trees

if TYPE_CHECKING:
    from collections.abc import Iterable

CONVERTERS: dict[type, Any] = {
    DecisionTreeClassifier: trees.convert_tree_classifier,
    ExtraTreeClassifier: trees.convert_tree_classifier,
    RandomForestClassifier: trees.convert_tree_classifier,
    ExtraTreesClassifier: trees.convert_tree_classifier,
    GradientBoostingClassifier: trees.convert_gradient_boosting_classifier,
    DecisionTreeRegressor: trees.convert_tree_regressor,
    ExtraTreeRegressor: trees.convert_tree_regressor,
    RandomForestRegressor: trees.convert_tree_regressor,
    ExtraTreesRegressor: trees.convert_tree_regressor,
    GradientBoostingRegressor: trees.convert_gradient_boosting_regressor,
    IsolationForest: trees.convert_isolation_forest,
    SVR: kernels.convert_svr,
    NuSVR: kernels.convert_svr,
    LinearSVC: kernels.convert_linear_svc,
    OneClassSVM: kernels.convert_one_class_svm,
    SimpleImputer: tables.convert_imputer,
    OneHotEncoder: tables.convert_encoder,
    OrdinalEncoder: tables.convert_encoder,
    FunctionTransformer: functions.convert_function,
}
"""By the estimator's type: what writes its nodes."""


SHAPES: dict[type, Any] = {
    SimpleImputer: tables.declare_imputer,
    OneHotEncoder: tables.declare_encoder,
    OrdinalEncoder: tables.declare_encoder,
    FunctionTransformer: functions.declare_function,
}
"""By the estimator's type: what declares its outputs."""


def shapes_for(parts: Iterable[Any]) -> dict[type, Any]:
    """Give what declares the outputs of every estimator in a model, so that all numbers stay float64.

    skl2onnx guesses float32 for some of them: for forests, and for whatever follows strings.
    """
    shapes: dict[type, Any] = {}
    for part in parts:
        if isinstance(part, Pipeline):
            continue
        if is_classifier(part) or is_outlier_detector(part):
            shapes[type(part)] = _declare_second
        elif is_regressor(part):
            shapes[type(part)] = _declare_first
    return shapes | SHAPES


def _declare_first(operator: Any) -> None:
    _declare(operator, 0)


def _declare_second(operator: Any) -> None:
    _declare(operator, 1)


def _declare(operator: Any, position: int) -> None:
    operator.infer_types()
    if len(operator.outputs) > position and isinstance(operator.inputs[0].type, DoubleTensorType):
        operator.outputs[position].type = DoubleTensorType(operator.outputs[position].type.shape)
