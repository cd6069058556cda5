from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import load_from_string as onnx_model
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.metrics.pairwise import linear_kernel
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from dasier.building.choice import Choice, choose
from dasier.building.export import Refused, candidates
from dasier.building.parity import SAME_ARITHMETIC, TOLERANCE, prove
from dasier.building.probes import probes
from dasier.building.reference import Reference
from dasier.errors import EstimatorUnsupported
from dasier.runtimes import onnx
from tests.building.cases import Fitted, cancer, columns, diabetes, fitted, penguins, wine


def scaled(estimator: Any) -> Any:
    return make_pipeline(StandardScaler(), estimator)


CLASSIFIERS = [
    LogisticRegression(solver="newton-cholesky"),
    scaled(LogisticRegression()),
    make_pipeline(MinMaxScaler(), LogisticRegression()),
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(30, random_state=0),
    scaled(RandomForestClassifier(10, random_state=0)),
    ExtraTreesClassifier(30, random_state=0),
    GradientBoostingClassifier(n_estimators=10, random_state=0),
    GradientBoostingClassifier(n_estimators=10, loss="exponential", random_state=0),
    BaggingClassifier(n_estimators=5, random_state=0),
    CalibratedClassifierCV(RandomForestClassifier(5, random_state=0), cv=2),
    StackingClassifier([("f", RandomForestClassifier(5, random_state=0)), ("g", GaussianNB())], cv=2),
    scaled(KNeighborsClassifier()),
    scaled(SVC()),
    scaled(LinearSVC()),
    scaled(CalibratedClassifierCV(SVC(), cv=2)),
    GaussianNB(),
    scaled(MLPClassifier(hidden_layer_sizes=(8,), max_iter=5000, random_state=0, tol=0.01)),
]

REGRESSORS = [
    LinearRegression(),
    Ridge(),
    Lasso(),
    ElasticNet(),
    DecisionTreeRegressor(random_state=0),
    RandomForestRegressor(20, random_state=0),
    ExtraTreesRegressor(20, random_state=0),
    GradientBoostingRegressor(n_estimators=10, random_state=0),
    AdaBoostRegressor(n_estimators=5, random_state=0),
    scaled(KNeighborsRegressor()),
    scaled(SVR()),
    scaled(SVR(kernel="poly", degree=2)),
    scaled(SVR(kernel="linear")),
    make_pipeline(FunctionTransformer(np.exp), Ridge()),
    scaled(MLPRegressor(hidden_layer_sizes=(8,), max_iter=5000, random_state=0, tol=1.0)),
]

OTHERS = [
    (IsolationForest(n_estimators=20, random_state=0), "anomaly_detection"),
    (scaled(IsolationForest(n_estimators=10, max_features=0.5, random_state=0)), "anomaly_detection"),
    (scaled(OneClassSVM()), "anomaly_detection"),
    (LocalOutlierFactor(novelty=True), "anomaly_detection"),
    (KMeans(3, random_state=0, n_init=1), "clustering"),
    (scaled(KMeans(3, random_state=0, n_init=1)), "clustering"),
]


def reversed_if_frame(rows: Any) -> Any:
    return rows.iloc[:, ::-1] if isinstance(rows, pd.DataFrame) else rows


def constant_word() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value="none"),
        OneHotEncoder(handle_unknown="ignore", drop="if_binary"),
    )


MIXED = [
    columns(),
    columns(OneHotEncoder(handle_unknown="ignore")),
    columns(constant_word()),
    columns(OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=150)),
    columns(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)),
    columns(
        None,
        make_pipeline(SimpleImputer(add_indicator=True), FunctionTransformer(np.sqrt), StandardScaler()),
    ),
    columns(None, None, ("ringed", "passthrough", ["ringed"])),
    columns(None, None, ("ringed", OneHotEncoder(handle_unknown="ignore"), ["ringed"])),
]


def chosen_for(case: Fitted) -> Choice:
    """Choose as if there were no arrays: what is tested here is the graphs."""
    return choose(
        case.estimator, case.features, case.schema, case.held_out, seed=0, runtimes=("onnx", "sklearn")
    )


def identity(value: Any) -> str:
    return "".join(str(value).split())[:60]


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=identity)
def test_classifier_of_words_is_served_as_onnx(estimator: Any) -> None:
    case = fitted(estimator, cancer(), "classification")

    choice = chosen_for(case)

    assert choice.runtime == "onnx", choice.reason
    assert choice.parity.labels_equal
    assert choice.parity.deviations.get("probabilities", 0.0) <= TOLERANCE


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(solver="newton-cholesky"),
        RandomForestClassifier(10, random_state=0),
        GradientBoostingClassifier(n_estimators=5, random_state=0),
        scaled(SVC()),
        scaled(LinearSVC()),
        scaled(MLPClassifier(hidden_layer_sizes=(8,), max_iter=5000, random_state=0, tol=0.01)),
    ],
    ids=identity,
)
def test_classifier_of_three_integers_is_served_as_onnx(estimator: Any) -> None:
    case = fitted(estimator, wine(), "classification")

    choice = chosen_for(case)

    assert choice.runtime == "onnx", choice.reason
    assert onnx.load(choice.blob, case.schema).predict(case.held_out).predictions.dtype.kind == "i"


def test_classifier_of_booleans_answers_booleans() -> None:
    frame = cancer().assign(target=cancer()["target"] == "benign")
    case = fitted(RandomForestClassifier(10, random_state=0), frame, "classification")

    choice = chosen_for(case)

    assert choice.runtime == "onnx"
    assert onnx.load(choice.blob, case.schema).predict(case.held_out).predictions.dtype == bool


@pytest.mark.parametrize("estimator", REGRESSORS, ids=identity)
def test_regressor_is_served_as_onnx(estimator: Any) -> None:
    case = fitted(estimator, diabetes(), "regression")

    choice = chosen_for(case)

    assert choice.runtime == "onnx", choice.reason
    assert choice.parity.deviations["predictions"] <= TOLERANCE


@pytest.mark.parametrize(("estimator", "task"), OTHERS, ids=identity)
def test_detector_and_clustering_are_served_as_onnx(estimator: Any, task: str) -> None:
    case = fitted(estimator, cancer(), task)

    choice = chosen_for(case)

    assert choice.runtime == "onnx", choice.reason
    assert set(choice.parity.deviations) == ({"scores"} if task == "anomaly_detection" else set())


@pytest.mark.parametrize("transformer", MIXED, ids=identity)
@pytest.mark.parametrize(
    "last",
    [RandomForestClassifier(8, random_state=0), LogisticRegression(solver="newton-cholesky")],
    ids=["forest", "linear"],
)
def test_mixed_columns_with_nulls_are_served_as_onnx(transformer: Any, last: Any) -> None:
    case = fitted(make_pipeline(transformer, last), penguins(), "classification")

    choice = chosen_for(case)

    assert choice.runtime == "onnx", choice.reason
    assert {"nulls", "unseen"} <= set(choice.parity.kinds)


@pytest.mark.parametrize(
    ("estimator", "frame", "task"),
    [
        (HistGradientBoostingClassifier(max_iter=5), cancer(), "classification"),
        (HistGradientBoostingRegressor(max_iter=5), diabetes(), "regression"),
    ],
    ids=identity,
)
def test_histogram_boosting_is_served_by_scikit_learn_and_the_reason_is_told(
    estimator: Any, frame: Any, task: str
) -> None:
    case = fitted(estimator, frame, task)

    choice = chosen_for(case)

    assert choice.runtime == "sklearn"
    assert max(choice.parity.deviations.values()) <= SAME_ARITHMETIC
    assert "histogram-based gradient boosting" in choice.reason


def test_encoder_that_raises_on_unseen_categories_is_not_exported() -> None:
    case = fitted(
        make_pipeline(
            columns(constant_word().set_params(onehotencoder__handle_unknown="error")), GaussianNB()
        ),
        penguins().dropna(),
        "classification",
    )

    tried = list(candidates(case.estimator, case.schema))

    assert isinstance(tried[0], Refused)
    assert "unseen categories" in tried[0].reason


def test_naive_float64_export_of_a_forest_is_caught_by_the_proof() -> None:
    frame = (
        wine().drop(columns="target").astype(np.float32).astype(np.float64).assign(target=wine()["target"])
    )
    case = fitted(RandomForestClassifier(50, random_state=0), frame, "classification")
    n_columns = len(case.schema.columns)
    naive = to_onnx(
        case.estimator,
        initial_types=[("numbers", DoubleTensorType([None, n_columns]))],
        options={"zipmap": False},
        target_opset={"": 21, "ai.onnx.ml": 3},
    )
    model = onnx.load(naive.SerializeToString(), case.schema)
    rows = probes(case.schema, case.held_out, case.estimator, seed=0)

    parity = prove(Reference(case.estimator, case.schema, case.features), model, rows)

    assert not parity.proved
    assert "at_thresholds" in str(parity.failure)
    assert parity.deviations["probabilities"] > 1e-3


def test_forest_agrees_to_the_bit_on_rows_at_its_thresholds() -> None:
    case = fitted(RandomForestRegressor(20, random_state=0), diabetes(), "regression")

    choice = chosen_for(case)

    assert choice.parity.kinds["at_thresholds"] > 1000
    assert choice.parity.deviations["predictions"] <= SAME_ARITHMETIC


def test_same_estimator_gives_the_same_bytes() -> None:
    case = fitted(
        make_pipeline(columns(), RandomForestClassifier(5, random_state=0)), penguins(), "classification"
    )

    one, two = (next(iter(candidates(case.estimator, case.schema))) for _ in range(2))

    assert one == two


def test_estimator_without_a_converter_is_named() -> None:
    case = fitted(NearestCentroid(), wine(), "classification")

    choice = chosen_for(case)

    assert choice.runtime == "sklearn"
    assert choice.reason.endswith("ONNX was refused: skl2onnx does not convert NearestCentroid")


def test_estimator_that_fails_far_from_its_training_rows_is_still_served() -> None:
    case = fitted(make_pipeline(FunctionTransformer(np.abs), CategoricalNB()), wine(), "classification")

    choice = chosen_for(case)

    assert choice.parity.kinds["outside"] < choice.parity.kinds["inside"]


def test_forest_of_many_nodes_is_written_in_parts_that_fit_a_cache() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(4000, 3)), columns=["a", "b", "c"])
    frame["target"] = frame["a"] + rng.normal(size=4000)
    case = fitted(RandomForestRegressor(12, random_state=0), frame, "regression")

    choice = chosen_for(case)

    operators = [node.op_type for node in onnx_model(choice.blob).graph.node]
    assert operators.count("TreeEnsembleRegressor") > 1
    assert choice.parity.deviations["predictions"] <= SAME_ARITHMETIC


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (GradientBoostingClassifier(n_estimators=3, init=GaussianNB()), "starts from another estimator"),
        (make_pipeline(FunctionTransformer(np.cbrt), GaussianNB()), "FunctionTransformer over cbrt"),
        (scaled(OneClassSVM(kernel=linear_kernel)), "kernel"),
    ],
    ids=identity,
)
def test_what_is_not_converted_exactly_is_refused_with_its_reason(estimator: Any, reason: str) -> None:
    case = fitted(
        estimator, cancer(), "anomaly_detection" if "OneClass" in str(estimator) else "classification"
    )

    exact = next(iter(candidates(case.estimator, case.schema)))

    assert isinstance(exact, Refused)
    assert reason in exact.reason


def test_estimator_that_no_runtime_answers_alike_is_refused() -> None:
    case = fitted(
        make_pipeline(FunctionTransformer(reversed_if_frame), GaussianNB()), cancer(), "classification"
    )

    with pytest.raises(EstimatorUnsupported, match="reversed_if_frame"):
        chosen_for(case)


def test_reason_is_told_in_both_languages() -> None:
    case = fitted(GaussianNB(), wine(), "classification")

    choice = chosen_for(case)

    assert choice.reasons["en"].startswith("float64 graph, equal to the fitted estimator on")
    assert choice.reasons["fr"].startswith("graphe float64, égal à l’estimateur entraîné sur")


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5),
        GradientBoostingClassifier(n_estimators=3),
        BaggingClassifier(n_estimators=3),
        LogisticRegression(solver="newton-cholesky"),
    ],
    ids=lambda estimator: str(type(estimator).__name__),
)
def test_number_too_large_for_float32_is_refused_where_scikit_learn_refuses_it(estimator: Any) -> None:
    case = fitted(estimator, cancer(), "classification")
    rows = case.held_out.take([0])
    rows.numbers[0, 3] = 1e39
    model = onnx.load(next(candidates(case.estimator, case.schema)).blob, case.schema)
    reference = Reference(case.estimator, case.schema, case.features)

    if isinstance(estimator, LogisticRegression):
        assert model.predict(rows).predictions.tolist() == reference.predict(rows).predictions.tolist()
    else:
        with pytest.raises(ValueError, match="too large"):
            reference.predict(rows)
        with pytest.raises(ValueError, match="too large"):
            model.predict(rows)
