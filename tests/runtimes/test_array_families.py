"""Families of estimators as arrays against scikit-learn, with the parameters that change what is computed."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, KMeans, MeanShift
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import RFE
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Matern,
    RationalQuadratic,
    WhiteKernel,
)
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, RANSACRegressor, Ridge, SGDOneClassSVM
from sklearn.metrics.pairwise import linear_kernel
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.semi_supervised import LabelPropagation, LabelSpreading
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, NuSVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from dasier.building.arrays import candidates
from dasier.building.candidate import Candidate, Refused
from dasier.building.parity import TOLERANCE, prove
from dasier.building.probes import Probes, probes
from dasier.building.reference import Reference
from dasier.building.threads import one_thread
from dasier.errors import DocumentInvalid
from dasier.rows import Rows
from dasier.runtimes import arrays
from dasier.runtimes.arrays.container import Node, pack
from tests.building.cases import Fitted, cancer, columns, diabetes, fitted, penguins, wine
from tests.models import X

CLOSE = 1e-10
"""Where distances are computed as products, or sums in another order, the last digits are others."""

TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


def scaled(estimator: Any) -> Any:
    return make_pipeline(StandardScaler(), estimator)


def answers_of(case: Fitted) -> Any:
    (found,) = candidates(case.estimator, case.schema)
    assert isinstance(found, Candidate), found
    return arrays.load(found.blob, case.schema)


def refusal_of(case: Fitted) -> str:
    (found,) = candidates(case.estimator, case.schema)
    assert isinstance(found, Refused)
    return found.reason


def assert_equal(case: Fitted, kinds: Probes | None = None, *, tolerance: float = CLOSE) -> None:
    rows = kinds or probes(case.schema, case.held_out, case.estimator, seed=0)
    reference = Reference(case.estimator, case.schema, case.features)
    with one_thread():  # several threads of scikit-learn keep other ones of neighbours that are equally far
        parity = prove(reference, answers_of(case), rows, tolerance=tolerance)
    assert parity.proved, parity.failure


def name_of(estimator: Any) -> str:
    return re.sub(r"at0x\w+", "", "".join(str(estimator).split()))[:70]


CLASSIFIERS = [
    KNeighborsClassifier(),
    KNeighborsClassifier(1),
    KNeighborsClassifier(7, weights="distance"),
    KNeighborsClassifier(7, weights="distance", algorithm="brute"),
    KNeighborsClassifier(4, algorithm="brute"),
    KNeighborsClassifier(4, metric="manhattan"),
    KNeighborsClassifier(4, metric="chebyshev"),
    KNeighborsClassifier(4, p=3),
    scaled(RadiusNeighborsClassifier(9.0, weights="distance")),
    scaled(RadiusNeighborsClassifier(4.0, outlier_label="most_frequent")),
    NearestCentroid(),
    scaled(NearestCentroid(priors="empirical", shrink_threshold=0.2)),
    scaled(SVC()),
    scaled(SVC(kernel="linear", C=0.1)),
    scaled(SVC(kernel="poly", degree=2, coef0=1.0)),
    scaled(SVC(kernel="sigmoid")),
    scaled(SVC(decision_function_shape="ovr", break_ties=True)),
    scaled(NuSVC()),
    GaussianNB(),
    MultinomialNB(),
    ComplementNB(),
    ComplementNB(norm=True),
    scaled(BernoulliNB()),
    QuadraticDiscriminantAnalysis(reg_param=0.1),
    GaussianProcessClassifier(ConstantKernel(1.0) * RBF(2.0), optimizer=None),
    scaled(GaussianProcessClassifier(Matern(2.0, nu=1.5) + DotProduct(), optimizer=None)),
    BaggingClassifier(n_estimators=5, random_state=0),
    BaggingClassifier(n_estimators=5, max_features=0.5, random_state=0),
    BaggingClassifier(scaled(LogisticRegression()), n_estimators=3, max_features=0.6, random_state=0),
    BaggingClassifier(LinearSVC(), n_estimators=3, random_state=0),
    AdaBoostClassifier(n_estimators=15, random_state=0),
    AdaBoostClassifier(GaussianNB(), n_estimators=4, random_state=0),
    VotingClassifier([("t", TREE), ("b", GaussianNB())]),
    VotingClassifier([("t", TREE), ("b", GaussianNB()), ("l", scaled(LinearSVC()))], weights=[2, 1, 2]),
    VotingClassifier([("t", TREE), ("b", GaussianNB())], voting="soft", weights=[1, 3]),
    StackingClassifier([("t", TREE), ("s", scaled(LinearSVC())), ("k", KNeighborsClassifier())]),
    StackingClassifier([("t", TREE), ("b", GaussianNB())], passthrough=True, final_estimator=TREE),
    StackingClassifier([("t", TREE), ("b", GaussianNB())], stack_method="predict"),
    CalibratedClassifierCV(GaussianNB(), cv=2),
    CalibratedClassifierCV(scaled(LinearSVC()), method="isotonic", cv=2),
    CalibratedClassifierCV(scaled(SVC()), cv=2, ensemble=False),
    OneVsRestClassifier(scaled(LogisticRegression())),
    OneVsRestClassifier(GaussianNB()),
    OneVsRestClassifier(scaled(LinearSVC())),
    OneVsOneClassifier(scaled(LinearSVC())),
    OneVsOneClassifier(GaussianNB()),
    OutputCodeClassifier(scaled(LogisticRegression()), code_size=3, random_state=0),
    DummyClassifier(),
    DummyClassifier(strategy="most_frequent"),
    RFE(RandomForestClassifier(5, random_state=0), n_features_to_select=4),
    GridSearchCV(scaled(SVC()), {"svc__C": [0.5, 1.0]}, cv=2),
]

REGRESSORS = [
    KNeighborsRegressor(),
    KNeighborsRegressor(4, weights="distance", p=1),
    KNeighborsRegressor(4, weights="distance", algorithm="brute"),
    RadiusNeighborsRegressor(0.12),
    RadiusNeighborsRegressor(0.3, weights="distance"),
    scaled(SVR()),
    scaled(SVR(kernel="poly", coef0=0.5)),
    scaled(NuSVR(kernel="sigmoid", gamma=0.05)),
    KernelRidge(),
    KernelRidge(kernel="rbf", gamma=0.3),
    KernelRidge(kernel="laplacian"),
    scaled(KernelRidge(kernel="poly", degree=2)),
    scaled(
        GaussianProcessRegressor(
            RBF(3.0) + WhiteKernel(0.5), optimizer=None, normalize_y=True, random_state=0
        )
    ),
    scaled(GaussianProcessRegressor(RationalQuadratic(2.0, 1.5), alpha=0.1, optimizer=None)),
    scaled(
        GaussianProcessRegressor(
            2.0 * Matern(np.arange(1.0, 11.0), nu=2.5), alpha=0.1, optimizer=None, normalize_y=True
        )
    ),
    BaggingRegressor(n_estimators=5, max_features=0.5, random_state=0),
    BaggingRegressor(scaled(Ridge()), n_estimators=3, random_state=0),
    AdaBoostRegressor(n_estimators=8, random_state=0),
    AdaBoostRegressor(Ridge(), n_estimators=4, random_state=0),
    VotingRegressor([("t", DecisionTreeRegressor(max_depth=3)), ("r", Ridge())], weights=[1, 2]),
    StackingRegressor([("t", DecisionTreeRegressor(max_depth=3)), ("r", Ridge())], passthrough=True),
    TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp),
    TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
    TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()),
    RANSACRegressor(LinearRegression(), random_state=0),
    PLSRegression(3),
    DummyRegressor(strategy="median"),
]

OTHERS = [
    (LocalOutlierFactor(novelty=True), "anomaly_detection"),
    (scaled(LocalOutlierFactor(8, novelty=True, algorithm="brute")), "anomaly_detection"),
    (scaled(OneClassSVM(nu=0.1)), "anomaly_detection"),
    (scaled(SGDOneClassSVM(random_state=0)), "anomaly_detection"),
    (scaled(EllipticEnvelope(random_state=0)), "anomaly_detection"),
    (scaled(MeanShift(bandwidth=3.0)), "clustering"),
    (scaled(AffinityPropagation(random_state=0, damping=0.8)), "clustering"),
    (scaled(Birch(n_clusters=3)), "clustering"),
    (scaled(BisectingKMeans(5, random_state=0)), "clustering"),
    *[
        (scaled(kind(n_components=3, covariance_type=covariance, random_state=0)), "clustering")
        for kind in (GaussianMixture, BayesianGaussianMixture)
        for covariance in ("full", "tied", "diag", "spherical")
    ],
]


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_of)
@pytest.mark.parametrize("frame", [cancer, wine])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_classifier_answers_as_scikit_learn_does(estimator: Any, frame: Any) -> None:
    case = fitted(clone(estimator), frame(), "classification")

    assert_equal(case)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_of)
def test_regressor_answers_as_scikit_learn_does(estimator: Any) -> None:
    case = fitted(clone(estimator), diabetes(), "regression")

    assert_equal(case)


@pytest.mark.parametrize(("estimator", "task"), OTHERS, ids=name_of)
def test_detector_and_clustering_answer_as_scikit_learn_does(estimator: Any, task: str) -> None:
    case = fitted(clone(estimator), cancer(), task)

    assert_equal(case)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("frame", [cancer, wine])
@pytest.mark.filterwarnings("ignore:The `probability` parameter")
def test_platts_probabilities_are_those_of_libsvm(kernel: str, frame: Any) -> None:
    case = fitted(scaled(SVC(kernel=kernel, probability=True, random_state=0)), frame(), "classification")

    assert_equal(case)


@pytest.mark.parametrize("estimator", [LabelPropagation(gamma=0.5), LabelSpreading(gamma=0.5)], ids=name_of)
def test_labels_spread_as_scikit_learn_spreads_them(estimator: Any) -> None:
    case = fitted(scaled(clone(estimator)), wine(), "classification")

    assert_equal(case)


@pytest.mark.parametrize("outside", ["clip", "nan", "raise"])
def test_line_that_never_falls_is_read_as_scikit_learn_reads_it(outside: Any) -> None:
    case = fitted(IsotonicRegression(out_of_bounds=outside), diabetes()[["bmi", "target"]], "regression")

    assert_equal(case)


@pytest.mark.parametrize("part", [scaled(LinearSVC()), GaussianNB()], ids=name_of)
@pytest.mark.parametrize("frame", [cancer, wine])
def test_tempered_probabilities_are_those_of_scikit_learn(part: Any, frame: Any) -> None:
    case = fitted(clone(part), frame(), "classification")
    labels = frame().loc[case.features.index, "target"].reset_index(drop=True)
    tempered = CalibratedClassifierCV(clone(part), method="temperature", cv=2).fit(case.features, labels)
    output = replace(case.schema.output, probabilities=True)

    tried = replace(case, estimator=tempered, schema=replace(case.schema, output=output))

    assert_equal(tried, tolerance=TOLERANCE)  # the logarithm of what is nearly nothing


@pytest.mark.parametrize("algorithm", ["kd_tree", "brute"])
@pytest.mark.parametrize("k", [3, 4, 8])
def test_ties_are_broken_as_scikit_learn_breaks_them(algorithm: Any, k: int) -> None:
    """Whole numbers: nearly every row has more neighbours at the same distance than there is room for."""
    rng = np.random.default_rng(0)
    table = wine().sample(600, replace=True, random_state=0).reset_index(drop=True)
    grid = table.iloc[:, :6].rank(pct=True).mul(3).round().assign(target=rng.integers(0, 3, len(table)))
    case = fitted(KNeighborsClassifier(k, algorithm=algorithm), grid, "classification")

    assert_equal(case, tolerance=0.0)


def test_ties_among_whole_numbers_are_broken_as_scikit_learn_breaks_them() -> None:
    """Rows of integers are searched another way: numpy's partition decides."""
    rng = np.random.default_rng(0)
    grid = wine().sample(600, replace=True, random_state=0).reset_index(drop=True)
    grid = grid.iloc[:, :6].rank(pct=True).mul(3).round().astype(int).assign(target=rng.integers(0, 3, 600))
    case = fitted(KNeighborsClassifier(4, algorithm="brute"), grid, "classification")

    assert_equal(case, tolerance=0.0)


def test_ties_within_a_rounding_error_are_broken_as_scikit_learn_breaks_them() -> None:
    """Halfway between two neighbours, and at the same distance from all: what is squared decides by its last bit."""
    rng = np.random.default_rng(0)
    grid = pd.DataFrame(rng.normal(size=(300, 20))).rename(columns="x{}".format)
    grid = grid.assign(target=rng.integers(0, 3, 300))
    case = fitted(make_pipeline(Normalizer(), KNeighborsClassifier()), grid, "classification")
    points = case.features.to_numpy()
    halfway = (points[rng.integers(0, len(points), 300)] + points[rng.integers(0, len(points), 300)]) / 2
    cells = np.concatenate([halfway, np.zeros((10, 20))])

    assert_equal(
        case, Probes({"halfway": Rows(case.schema, cells, np.empty((310, 0), object))}), tolerance=0.0
    )


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_row_of_next_to_nothing_is_not_divided_by_its_norm(norm: Any) -> None:
    case = fitted(make_pipeline(Normalizer(norm), LogisticRegression()), cancer(), "classification")
    cells = np.outer(10.0 ** np.arange(-20.0, -10.0), np.arange(1.0, 13.0))

    assert_equal(
        case, Probes({"nothing": Rows(case.schema, cells, np.empty((10, 0), object))}), tolerance=1e-12
    )


@pytest.mark.parametrize(
    "estimator",
    [AffinityPropagation(random_state=0), Birch(threshold=0.5), MeanShift(), KMeans(3, n_init=1)],
    ids=name_of,
)
def test_row_that_is_far_from_all_centres_gets_the_group_that_scikit_learn_gives(estimator: Any) -> None:
    case = fitted(scaled(clone(estimator)), cancer(), "clustering")
    far = case.held_out.numbers * 1e25

    assert_equal(
        case, Probes({"far": Rows(case.schema, far, np.empty((len(far), 0), object))}), tolerance=0.0
    )


def test_number_too_large_for_float32_is_unusual_to_an_isolation_forest() -> None:
    case = fitted(IsolationForest(n_estimators=20, random_state=0), cancer(), "anomaly_detection")
    far = np.repeat(case.held_out.numbers, 20, axis=0)
    far[:, 3] = np.where(np.arange(len(far)) % 2, 1e200, -1e200)
    rows = Rows(case.schema, far, np.empty((len(far), 0), object))

    assert len(far) > 1_000  # so many are asked in another way
    assert_equal(case, Probes({"few": rows.take(slice(50)), "many": rows}), tolerance=0.0)


def test_ensemble_over_mixed_columns_answers_as_scikit_learn_does() -> None:
    parts = [
        ("forest", make_pipeline(columns(), RandomForestClassifier(5, random_state=0))),
        ("neighbours", make_pipeline(columns(), KNeighborsClassifier())),
    ]
    case = fitted(VotingClassifier(parts, voting="soft"), penguins(), "classification")

    assert_equal(case)


def test_threshold_of_somebodys_own_is_kept() -> None:
    chosen = FixedThresholdClassifier(scaled(LogisticRegression()), threshold=0.9, pos_label="malignant")
    case = fitted(chosen, cancer(), "classification")

    assert_equal(case)


class Mine(KNeighborsClassifier):
    pass


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (Mine(), "Mine"),
        (KNeighborsClassifier(weights=np.square), "weights of somebody's own"),
        (KNeighborsClassifier(metric="canberra"), "metric canberra"),
        (KNeighborsClassifier(algorithm="ball_tree"), "neighbours by a ball tree"),
        (scaled(SVC(kernel=linear_kernel)), "kernel of somebody"),
        (GaussianProcessClassifier(RBF() + WhiteKernel(), optimizer=None), "WhiteKernel"),
        (scaled(GaussianProcessClassifier(RBF() ** 2, optimizer=None)), "Exponentiation"),
        (DummyClassifier(strategy="stratified"), "draws its answers"),
        (VotingClassifier([("mine", Mine()), ("tree", TREE)]), "Mine"),
    ],
    ids=name_of,
)
def test_what_is_not_covered_is_refused_by_name(estimator: Any, named: str) -> None:
    case = fitted(estimator, cancer(), "classification")

    assert named in refusal_of(case)


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), scaled(SVC()), GaussianNB()], ids=name_of)
def test_many_rows_are_answered_as_few_are(estimator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case = fitted(clone(estimator), wine(), "classification")
    model = answers_of(case)
    whole = model.predict(case.held_out)
    alone = [model.predict(case.held_out.take([index])).predictions[0] for index in range(len(case.held_out))]
    none = model.predict(Rows(case.schema, np.empty((0, 13)), np.empty((0, 0), object)))

    assert whole.predictions.tolist() == alone
    assert len(none.predictions) == 0


# --- blobs that lie ----------------------------------------------------------------------------------

POINTS: dict[str, Any] = {"points": np.zeros((3, 1)), "labels": np.array([0, 1, 1])}
NEAREST: dict[str, Any] = {
    "k": 1,
    "p": 2.0,
    "by_product": False,
    "by_distance": False,
    "n_classes": 2,
    "replayed": True,
}
TREE_OF_POINTS: dict[str, Any] = {
    "order": np.arange(3),
    "nodes": np.array([[0, 3, 0], [0, 1, 1], [1, 3, 1]]),
    "boxes": np.zeros((2, 3, 1)),
}
HALVES: dict[str, Any] = {
    "child": np.array([1, 0, 0]),
    "labels": np.array([0, 0, 1]),
    "centres": np.array([[0.0], [0.0], [1.0]]),
}
LIES = {
    "more neighbours than points": Node("nearest_classes", NEAREST | {"k": 4}, POINTS),
    "no neighbour": Node("nearest_classes", NEAREST | {"k": 0}, POINTS),
    "a label of no class": Node("nearest_classes", NEAREST, POINTS | {"labels": np.array([0, 1, 2])}),
    "labels of fewer points": Node("nearest_classes", NEAREST, POINTS | {"labels": np.array([0, 1])}),
    "a point visited twice": Node(
        "nearest_classes", NEAREST, POINTS | TREE_OF_POINTS | {"order": np.array([0, 1, 1])}
    ),
    "a box without children": Node(
        "nearest_classes", NEAREST, POINTS | TREE_OF_POINTS | {"nodes": np.array([[0, 3, 0]])}
    ),
    "a box of points that there are not": Node(
        "nearest_classes", NEAREST, POINTS | TREE_OF_POINTS | {"nodes": np.array([[0, 4, 1]])}
    ),
    "a point in many boxes": Node(
        "nearest_classes",
        NEAREST,
        POINTS | TREE_OF_POINTS | {"nodes": np.array([[0, 3, 0], [0, 3, 1], [0, 3, 1]])},
    ),
    "fewer boxes than their tree has": Node(
        "nearest_classes", NEAREST, POINTS | TREE_OF_POINTS | {"boxes": np.zeros((2, 1, 1))}
    ),
    "halves in a ring": Node("halved", {}, HALVES | {"child": np.array([1, 0, 1])}),
    "a half of nothing": Node("halved", {}, HALVES | {"child": np.array([2, 0, 0])}),
    "labels of fewer centres": Node("centres", {}, {"centres": np.zeros((2, 1)), "labels": np.array([0])}),
    "weights of fewer points": Node(
        "alike",
        {"end": "value"},
        {"points": np.zeros((2, 1)), "weights": np.zeros((1, 1)), "intercept": np.zeros(1)},
        (Node("kernel_linear"),),
    ),
    "fewer parts than pairs": Node("one_against_one", {"asked": [], "limit": 0.0, "n_classes": 3}),
    "a place beyond the classes": Node(
        "averaged",
        {"asked": ["answer"], "n_classes": 2},
        {"places0": np.array([0, 2])},
        (Node("constant", {"end": "shares"}, {"raw": np.ones(2)}),),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_blob_that_would_lead_out_of_its_arrays_is_refused_before_it_is_asked(lie: str) -> None:
    with pytest.raises(DocumentInvalid, match=r"fit|out of|fewer|whole|many"):
        arrays.load(pack(LIES[lie]), X)


def test_a_small_body_of_many_rows_takes_little_memory_whatever_is_held_for_each() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"at": rng.normal(size=600)})
    frame["target"] = [f"c{place:02d}" for place in np.clip((frame["at"] * 3 + 10).astype(int), 0, 19)]
    stump = DecisionTreeClassifier(max_depth=2)
    case = fitted(AdaBoostClassifier(stump, n_estimators=60, random_state=0), frame, "classification")
    (found,) = candidates(case.estimator, case.schema)
    model = arrays.load(found.blob, case.schema)
    rows = Rows(case.schema, rng.normal(size=(60_000, 1)), np.empty((60_000, 0), dtype=object))

    tracemalloc.start()
    answered = model.predict(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 150_000_000  # a vote of each stump for each class would be 576 MB
    first = model.predict(rows.take(slice(50)))
    assert answered.predictions[:50].tolist() == first.predictions.tolist()
    assert np.array_equal(answered.probabilities[:50], first.probabilities)
