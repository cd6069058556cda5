"""The arrays against scikit-learn, on rows made to tell them apart."""

from __future__ import annotations

import math
import tracemalloc
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import FixedThresholdClassifier, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from dasier.building.arrays import candidates
from dasier.building.candidate import Candidate, Refused
from dasier.building.choice import choose
from dasier.building.parity import SAME_ARITHMETIC, prove
from dasier.building.probes import Probes, probes
from dasier.building.reference import Reference
from dasier.errors import DasierError, DocumentInvalid, FormatUnknown
from dasier.rows import Rows
from dasier.runtimes import arrays
from dasier.runtimes.arrays import trees
from dasier.runtimes.arrays.container import MAGIC, Node, pack, unpack
from tests.building.cases import Fitted, cancer, columns, diabetes, fitted, penguins, wine
from tests.models import X

if TYPE_CHECKING:
    import pandas as pd


def scaled(estimator: Any, scaler: Any = None) -> Any:
    return make_pipeline(scaler or StandardScaler(), estimator)


def perceptron(kind: Any) -> Any:
    return scaled(kind(hidden_layer_sizes=(8,), max_iter=5000, random_state=0, tol=0.05))


def gappy(frame: pd.DataFrame) -> pd.DataFrame:
    """Make one cell in ten a null."""
    features = frame.drop(columns="target")
    gaps = np.random.default_rng(7).random(features.shape) < 0.1
    return features.mask(gaps).assign(target=frame["target"])


BOTH_CLASSES = {
    "logistic": scaled(LogisticRegression()),
    "ridge": scaled(RidgeClassifier(), MinMaxScaler(clip=True)),
    "support vectors": scaled(LinearSVC(), RobustScaler()),
    "descent": scaled(SGDClassifier(loss="log_loss", random_state=0), MaxAbsScaler()),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(20, random_state=0),
    "scaled forest": scaled(RandomForestClassifier(8, random_state=0), Normalizer()),
    "boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "histograms": HistGradientBoostingClassifier(max_iter=12),
    "network": perceptron(MLPClassifier),
    "components": make_pipeline(StandardScaler(), PCA(5, whiten=True), LogisticRegression()),
    "selected": make_pipeline(SelectKBest(k=5), RandomForestClassifier(8, random_state=0)),
}
VALUES = {
    "linear": LinearRegression(),
    "poisson": scaled(PoissonRegressor()),
    "trees": ExtraTreesRegressor(10, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=10, random_state=0),
    "histograms": HistGradientBoostingRegressor(max_iter=12),
    "histograms of counts": HistGradientBoostingRegressor(max_iter=12, loss="poisson"),
    "network": scaled(
        MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", max_iter=5000, random_state=0, tol=20.0)
    ),
}
EXACT = {"tree", "trees", "forest", "scaled forest", "selected", "detector"}
"""Where scikit-learn only compares, adds and divides: equal to the bit."""

UNLIKE = OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
)
ENCODERS = {
    "usual": None,
    "as it comes": OneHotEncoder(handle_unknown="ignore"),
    "rare ones joined": OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=150),
    "first one dropped": OneHotEncoder(handle_unknown="ignore", drop="first"),
    "numbered": OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    ),
    "numbered, rare ones joined": OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2, max_categories=2
    ),
    "by target": TargetEncoder(cv=KFold(3)),
}


def blob_of(case: Fitted) -> bytes:
    (found,) = candidates(case.estimator, case.schema)
    assert isinstance(found, Candidate), found
    return found.blob


def reference(case: Fitted) -> Reference:
    return Reference(case.estimator, case.schema, case.features)


def assert_equal(case: Fitted, kinds: Probes | None = None, *, tolerance: float = SAME_ARITHMETIC) -> None:
    rows = kinds or probes(case.schema, case.held_out, case.estimator, seed=0)
    parity = prove(reference(case), arrays.load(blob_of(case), case.schema), rows, tolerance=tolerance)
    assert parity.proved, parity.failure


@pytest.mark.parametrize("name", BOTH_CLASSES)
@pytest.mark.parametrize("frame", [cancer, wine])
def test_classifier_answers_as_scikit_learn_does(name: str, frame: Any) -> None:
    case = fitted(BOTH_CLASSES[name], frame(), "classification")

    assert_equal(case, tolerance=0.0 if name in EXACT else SAME_ARITHMETIC)


@pytest.mark.parametrize("name", VALUES)
def test_regressor_answers_as_scikit_learn_does(name: str) -> None:
    case = fitted(VALUES[name], diabetes(), "regression")

    assert_equal(case, tolerance=0.0 if name in EXACT else SAME_ARITHMETIC)


@pytest.mark.parametrize(
    ("estimator", "task"),
    [
        (IsolationForest(n_estimators=20, random_state=0), "anomaly_detection"),
        (scaled(IsolationForest(n_estimators=10, max_features=0.5, random_state=0)), "anomaly_detection"),
        (scaled(KMeans(3, random_state=0, n_init=1)), "clustering"),
    ],
    ids=["detector", "detector of some columns", "clusters"],
)
def test_detector_and_clustering_answer_as_scikit_learn_does(estimator: Any, task: str) -> None:
    case = fitted(estimator, cancer(), task)

    assert_equal(case, tolerance=0.0)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("last", ["forest", "logistic", "histograms"])
def test_mixed_columns_with_nulls_and_unseen_categories_answer_as_scikit_learn_does(
    encoder: str, last: str
) -> None:
    case = fitted(make_pipeline(columns(ENCODERS[encoder]), BOTH_CLASSES[last]), penguins(), "classification")
    rows = probes(case.schema, case.held_out, case.estimator, seed=0)

    assert {"nulls", "unseen"} <= set(rows.kinds)
    assert_equal(case, rows)


def test_categorical_splits_of_histogram_boosting_answer_as_scikit_learn_does() -> None:
    boosting = HistGradientBoostingClassifier(max_iter=20, categorical_features=[3, 4], min_samples_leaf=5)
    encoded = columns(UNLIKE, "passthrough")
    case = fitted(make_pipeline(encoded, boosting), penguins(), "classification")

    splits = sum(
        part.arrays.get("code_feature", np.empty(0)).size for part in unpack(blob_of(case)).parts[-1].parts
    )

    assert splits > 0
    assert_equal(case)


def test_histogram_boosting_that_encodes_its_categories_itself_answers_as_scikit_learn_does() -> None:
    boosting = HistGradientBoostingClassifier(
        max_iter=20, categorical_features=["island", "sex"], min_samples_leaf=5
    )
    case = fitted(boosting, penguins(), "classification")
    rows = probes(case.schema, case.held_out, case.estimator, seed=0)

    assert {"nulls", "unseen"} <= set(rows.kinds)
    assert_equal(case, rows)


@pytest.mark.parametrize("name", ["tree", "forest", "histograms"])
def test_nulls_take_the_way_that_scikit_learn_sends_them(name: str) -> None:
    case = fitted(BOTH_CLASSES[name], gappy(cancer()), "classification")
    rows = probes(case.schema, case.held_out, case.estimator, seed=0)

    assert "nulls" in rows.kinds
    assert_equal(case, rows)


@pytest.mark.parametrize("name", ["logistic", "boosting", "network"])
def test_null_is_refused_where_scikit_learn_refuses_it(name: str) -> None:
    case = fitted(BOTH_CLASSES[name], cancer(), "classification")
    rows = case.held_out.take([0])
    rows.numbers[0, 3] = np.nan

    with pytest.raises(ValueError, match="NaN"):
        reference(case).predict(rows)
    with pytest.raises(ValueError, match="NaN"):
        arrays.load(blob_of(case), case.schema).predict(rows)


def test_number_too_large_for_float32_is_refused_by_trees_as_scikit_learn_does() -> None:
    case = fitted(BOTH_CLASSES["forest"], cancer(), "classification")
    rows = case.held_out.take([0])
    rows.numbers[0, 3] = 1e39

    with pytest.raises(ValueError, match="too large"):
        reference(case).predict(rows)
    with pytest.raises(ValueError, match="too large"):
        arrays.load(blob_of(case), case.schema).predict(rows)


def test_unseen_category_is_refused_where_the_encoder_raises() -> None:
    strict = make_pipeline(columns(OneHotEncoder(handle_unknown="error")), LogisticRegression())
    case = fitted(strict, penguins().dropna(), "classification")
    model = arrays.load(blob_of(case), case.schema)
    texts = case.held_out.texts[:1].copy()
    texts[0, 0] = "Atlantis"

    assert len(model.predict(case.held_out).predictions) == len(case.held_out)
    with pytest.raises(ValueError, match="unknown categories"):
        model.predict(Rows(case.schema, case.held_out.numbers[:1], texts))


@cache
def forest() -> tuple[Fitted, Any]:
    case = fitted(RandomForestClassifier(10, random_state=0), gappy(wine()), "classification")
    return case, arrays.load(blob_of(case), case.schema)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_number_about_a_threshold_takes_the_same_way(data: st.DataObject) -> None:
    case, model = forest()
    cuts = np.concatenate(
        [tree.tree_.threshold[tree.tree_.feature >= 0] for tree in case.estimator.estimators_]
    )
    cuts = cuts[np.isfinite(cuts)]  # infinity parts nulls from everything else
    about = st.sampled_from(cuts.tolist()).flatmap(
        lambda cut: st.sampled_from(
            [cut, np.nextafter(cut, np.inf), float(np.nextafter(np.float32(cut), np.float32(np.inf))), np.nan]
        )
    )
    width = len(case.schema.columns)
    cells = data.draw(st.lists(about, min_size=width, max_size=width))
    rows = Rows(case.schema, np.array([cells], dtype=np.float64), case.held_out.texts[:1])

    expected, found = reference(case).predict(rows), model.predict(rows)

    assert np.array_equal(expected.probabilities, found.probabilities)  # type: ignore[arg-type]


def assert_answered_alike(case: Fitted, n_rows: int) -> None:
    """Ask for many rows, for the kinds of rows that tell trees apart, and compare with few and with one."""
    model = arrays.load(blob_of(case), case.schema)
    kinds = probes(case.schema, case.held_out, case.estimator, seed=0).kinds
    apart = kinds.get("at_thresholds", case.held_out)
    many = apart.take(np.arange(n_rows) % len(apart))

    whole = model.predict(many)
    some = model.predict(many.take(slice(500)))
    alone = [model.predict(many.take([index])).predictions[0] for index in range(40)]

    assert np.array_equal(whole.predictions[:500], some.predictions)
    assert whole.predictions[:40].tolist() == alone
    if whole.probabilities is not None:
        assert np.array_equal(whole.probabilities[:500], some.probabilities)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tree", "forest", "boosting", "histograms"])
def test_a_row_is_answered_alike_alone_and_among_many_that_every_split_asks(name: str) -> None:
    case = fitted(BOTH_CLASSES[name], gappy(wine()) if name != "boosting" else wine(), "classification")

    assert_answered_alike(case, trees._FEW_ROWS_OF_SMALL_TREES + 100)


@pytest.mark.parametrize("name", ["trees", "histograms of counts"])
def test_a_row_is_answered_alike_alone_and_among_many_that_are_dealt_out(name: str) -> None:
    estimator = clone(VALUES[name])
    if name != "trees":
        estimator.set_params(max_leaf_nodes=80, min_samples_leaf=2)
    case = fitted(estimator, diabetes(), "regression")

    assert_answered_alike(case, trees._FEW_ROWS + 100)


@pytest.mark.parametrize("n_leaves", [2, 3, 8, 9, 16, 17, 63, 64, 65])
def test_trees_of_any_number_of_leaves_are_answered_alike(n_leaves: int) -> None:
    grown = DecisionTreeRegressor(max_leaf_nodes=n_leaves, random_state=0)
    case = fitted(grown, diabetes(), "regression")

    assert case.estimator.get_n_leaves() == n_leaves
    assert_answered_alike(case, trees._FEW_ROWS + 100)


def test_what_the_arrays_do_not_know_is_named() -> None:
    class Mine(LogisticRegression):
        def predict(self, X: Any) -> Any:  # noqa: N803 (scikit-learn's name)
            return super().predict(-X)

    for estimator in (DummyClassifier(strategy="uniform"), Mine(solver="newton-cholesky")):
        case = fitted(estimator, cancer(), "classification")

        (found,) = candidates(case.estimator, case.schema)

        assert isinstance(found, Refused)
        assert type(estimator).__name__ in found.reason


def test_what_cannot_be_written_is_refused_and_another_runtime_is_tried() -> None:
    endless = FixedThresholdClassifier(LogisticRegression(max_iter=5000), threshold=math.inf)
    case = fitted(endless, cancer(), "classification")

    chosen = choose(case.estimator, case.features, case.schema, case.held_out, seed=0)

    assert chosen.runtime == "sklearn"
    assert "the arrays cannot be made: ValueError" in chosen.reason
    assert "les tableaux n’ont pu être faits" in chosen.reasons["fr"]


def test_numbers_of_float32_are_left_to_another_runtime() -> None:
    case = fitted(GaussianNB(), cancer(), "classification")
    case.estimator.fit(case.features.astype(np.float32), cancer()["target"].loc[case.features.index])

    (found,) = candidates(case.estimator, case.schema)

    assert isinstance(found, Refused)  # widened, they would be summed otherwise than scikit-learn does


def test_same_estimator_gives_the_same_bytes() -> None:
    case = fitted(make_pipeline(columns(), BOTH_CLASSES["forest"]), penguins(), "classification")

    assert blob_of(case) == blob_of(case)


def test_histogram_boosting_comes_off_scikit_learn_and_the_card_says_how() -> None:
    case = fitted(HistGradientBoostingClassifier(max_iter=5), cancer(), "classification")

    choice = choose(case.estimator, case.features, case.schema, case.held_out, seed=0)

    assert choice.runtime == "arrays"
    assert choice.reasons["en"].startswith("float64 arrays, equal to the fitted estimator on")
    assert choice.reasons["fr"].startswith("tableaux float64, égal à l’estimateur entraîné sur")


def test_the_cheaper_of_two_proved_runtimes_is_chosen_and_both_figures_are_kept() -> None:
    case = fitted(BOTH_CLASSES["logistic"], cancer(), "classification")

    choice = choose(case.estimator, case.features, case.schema, case.held_out, seed=0)

    assert set(choice.costs) == {"arrays", "onnx"}
    assert choice.costs[choice.runtime].total_s == min(cost.total_s for cost in choice.costs.values())
    assert "takes less time than on" in choice.reason


# --- the container -----------------------------------------------------------------------------------

LINEAR = Node("linear", {"end": "value"}, {"weights": np.array([[2.0]]), "intercept": np.array([1.0])})


def header_changed(old: bytes, new: bytes) -> bytes:
    """Change the header to another of the same length."""
    blob = pack(LINEAR)
    assert old in blob
    assert len(old) == len(new)
    return blob.replace(old, new)


def test_what_is_packed_is_unpacked() -> None:
    root = Node("pipeline", parts=(Node("centred", {}, {"scale": np.arange(3.0)}), LINEAR))

    found = unpack(pack(root))

    assert [part.kind for part in found.parts] == ["centred", "linear"]
    assert np.array_equal(found.parts[0].arrays["scale"], np.arange(3.0))


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"garbage",
        pack(LINEAR)[:20],
        pack(LINEAR)[:-64],
        header_changed(b"[1,1]", b"[9,9]"),
        header_changed(b"[1,1]", b"[1,-]"),
        header_changed(b'"f8",[1,1]', b'"O8",[1,1]'),
        header_changed(b'"parts":[]', b'"parts":12'),
        header_changed(b"[1],64]", b"[1], 0]"),  # where another array is
        MAGIC + b"  1" + (2**60).to_bytes(8, "little"),
    ],
)
def test_blob_that_is_not_whole_is_refused(blob: bytes) -> None:
    with pytest.raises(DocumentInvalid):
        unpack(blob)


def test_claim_of_an_enormous_array_takes_no_memory() -> None:
    told = b'{"kind":"linear","values":{},"arrays":{"weights":["f8",[1073741824,1073741824],0]},"parts":[]}'
    blob = MAGIC + b"  1" + len(told).to_bytes(8, "little") + told + bytes(256)
    tracemalloc.start()

    with pytest.raises(DocumentInvalid):
        unpack(blob)

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_what_is_no_model_is_refused_as_a_document_that_cannot_be_read() -> None:
    nested = Node("linear")
    for _ in range(150):
        nested = Node("pipeline", parts=(nested,))

    for root in (Node("linear"), nested, Node("trees", {"single": 1}), Node("constant", {"end": ["value"]})):
        with pytest.raises(DocumentInvalid, match="blob of arrays"):
            arrays.load(pack(root), X)


@cache
def some_blobs() -> tuple[tuple[bytes, Fitted], ...]:
    """Nodes of many kinds: trees, encoders, imputers, neighbours, parts of parts."""
    parts = [("forest", RandomForestClassifier(3, random_state=0)), ("neighbours", KNeighborsClassifier())]
    cases = (
        fitted(make_pipeline(columns(), BOTH_CLASSES["histograms"]), penguins(), "classification"),
        fitted(StackingClassifier(parts, cv=2), wine(), "classification"),
    )
    return tuple((blob_of(case), case) for case in cases)


@given(
    st.integers(0, 1),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(b'0123456789[],:{}"-eE. x')), min_size=1, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_a_header_of_anything_is_refused_in_words_or_is_a_model(
    which: int, changes: list[tuple[float, int]]
) -> None:
    blob, case = some_blobs()[which]
    changed, size = bytearray(blob), int.from_bytes(blob[16:24], "little")
    for place, byte in changes:
        changed[24 + int(place * (size - 1))] = byte

    with suppress(DasierError):  # anything else would get through
        arrays.load(bytes(changed), case.schema)


def test_a_split_on_a_column_that_there_is_not_does_not_look_at_the_next_row() -> None:
    values = {"single": True, "nulls": False, "depth": 1, "end": "value", "divisor": 1}
    numbers = {
        "feature": np.array([1, 0, 0]),
        "threshold": np.array([0.5, np.inf, np.inf]),
        "child": np.array([1, 1, 2]),
        "roots": np.array([0]),
        "values": np.array([[0.0], [1.0], [2.0]]),
        "start": np.array([0.0]),
    }
    model = arrays.load(pack(Node("trees", values, numbers)), X)

    with pytest.raises(ValueError, match="column that there is not"):
        model.predict(Rows(X, np.array([[0.0], [1.0], [0.0]]), np.empty((3, 0), object)))


def test_later_form_and_unknown_kind_are_refused_as_unknown_formats() -> None:
    with pytest.raises(FormatUnknown, match="arrays 2"):
        unpack(pack(LINEAR).replace(b"arrays  1", b"arrays  2"))
    with pytest.raises(FormatUnknown, match="bilinear"):
        arrays.load(pack(Node("bilinear")), X)


@pytest.mark.parametrize(
    "changed",
    [
        {"child": [9, 1, 2]},
        {"feature": [-1, 0, 0]},
        {"roots": [3]},
        {"child": [2, 1, 2]},
        {"child": [1, 0, 2]},
        {"child": [1, 1, 1]},
        {"child": [0, 1, 2], "roots": [2, 1]},
        {"start": [0.0, 0.0]},
    ],
)
def test_trees_that_lead_out_of_their_arrays_are_refused(changed: dict[str, list[float]]) -> None:
    whole: dict[str, list[Any]] = {
        "feature": [0, 0, 0],
        "threshold": [0.5, np.inf, np.inf],
        "child": [1, 1, 2],
        "roots": [0],
        "values": [[0.0], [1.0], [2.0]],
        "start": [0.0],
    }
    values = {"single": True, "nulls": False, "depth": 1, "end": "value", "divisor": 1}

    def stump(numbers: dict[str, list[Any]]) -> bytes:
        return pack(Node("trees", values, {name: np.array(one) for name, one in numbers.items()}))

    answered = arrays.load(stump(whole), X).predict(
        Rows(X, np.array([[0.0], [1.0]]), np.empty((2, 0), object))
    )
    assert answered.predictions.tolist() == [1.0, 2.0]
    with pytest.raises(DocumentInvalid, match="not whole"):
        arrays.load(stump(whole | changed), X)
