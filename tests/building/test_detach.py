from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from dasier.building.detach import detach, parts
from dasier.building.parity import SAME_ARITHMETIC, prove
from dasier.building.probes import probes
from dasier.building.reference import Reference
from dasier.errors import EstimatorUnsupported
from dasier.runtimes import sklearn as runtime
from tests.building.cases import CATEGORIES, NUMBERS, Fitted, cancer, columns, fitted, penguins

if TYPE_CHECKING:
    import pandas as pd

WITHOUT_PANDAS = """
import pickle, sys

class NoPandas:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pandas", "onnxruntime", "boto3"}:
            raise ImportError(name)

sys.meta_path.insert(0, NoPandas())
estimator, matrix, expected = pickle.load(sys.stdin.buffer)
assert (estimator.predict(matrix) == expected).all()
print("answered")
"""


def linear() -> Any:
    return LogisticRegression(solver="newton-cholesky")


def dense() -> Any:
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    )
    return columns(words)


def selected() -> ColumnTransformer:
    return ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            ("words", OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include=object)),
        ],
        remainder="passthrough",
    )


ESTIMATORS = [
    make_pipeline(columns(), linear()),
    make_pipeline(selected(), linear()),
    make_pipeline(dense(), RandomForestClassifier(5)).set_output(transform="pandas"),
    make_pipeline(
        make_union(
            make_pipeline(ColumnTransformer([("n", SimpleImputer(), NUMBERS)]), StandardScaler()),
            ColumnTransformer([("c", OneHotEncoder(handle_unknown="ignore"), CATEGORIES)]),
        ),
        linear(),
    ),
    VotingClassifier(
        [
            ("a", make_pipeline(columns(), linear())),
            ("b", make_pipeline(columns(), RandomForestClassifier(5, n_jobs=2))),
        ],
        voting="soft",
    ),
    StackingClassifier([("a", make_pipeline(columns(), linear()))], cv=2),
    CalibratedClassifierCV(make_pipeline(columns(), SVC()), cv=2),
    GridSearchCV(make_pipeline(columns(), linear()), {"logisticregression__C": [0.1, 1]}, cv=2),
    make_pipeline(dense(), HistGradientBoostingClassifier(max_iter=5)),
    make_pipeline(
        columns(None, make_pipeline(SimpleImputer(), FunctionTransformer(np.log1p), StandardScaler())),
        linear(),
    ),
]


def detached(case: Fitted) -> Any:
    numbers = [column.name for column in case.schema.number_columns]
    return detach(case.estimator, case.schema.names, numbers=numbers)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: "".join(str(e).split())[:50])
def test_detached_copy_answers_arrays_as_the_original_answers_frames(estimator: Any) -> None:
    case = fitted(estimator, penguins(), "classification")
    model = runtime.load(runtime.dump(detached(case)), case.schema)

    parity = prove(
        Reference(case.estimator, case.schema, case.features),
        model,
        probes(case.schema, case.held_out, case.estimator, seed=0, size=100),
        tolerance=SAME_ARITHMETIC,
    )

    assert parity.proved, parity.failure


def test_histogram_boosting_over_categorical_columns_is_detached() -> None:
    frame = penguins().astype(dict.fromkeys(CATEGORIES, "category"))
    case = fitted(HistGradientBoostingClassifier(max_iter=5), frame, "classification")
    model = runtime.load(runtime.dump(detached(case)), case.schema)
    rows = probes(case.schema, case.held_out, case.estimator, seed=0, size=100)

    parity = prove(Reference(case.estimator, case.schema, case.features), model, rows, tolerance=0)

    assert parity.proved, parity.failure


def test_text_column_is_still_handed_over_in_one_dimension() -> None:
    frame = penguins().drop(columns=["bill", "sex"]).assign(note=lambda f: "seen on " + f["island"])
    vectoriser = ColumnTransformer([("n", CountVectorizer(), "note"), ("m", StandardScaler(), ["mass"])])
    case = fitted(make_pipeline(vectoriser, linear()), frame, "classification")
    model = runtime.load(runtime.dump(detached(case)), case.schema)

    found = model.predict(case.held_out)

    expected = Reference(case.estimator, case.schema, case.features).predict(case.held_out)
    assert np.array_equal(found.predictions, expected.predictions)


@pytest.mark.parametrize("estimator", [linear(), make_pipeline(ColumnTransformer([("s", StandardScaler(), ["mean area", "mean texture"])], remainder="passthrough"), linear())], ids=["bare", "by columns"])  # fmt: skip
def test_columns_in_another_order_and_more_of_them_are_sorted_out(estimator: Any) -> None:
    features = cancer().drop(columns="target")
    estimator.fit(features, cancer()["target"])
    moved: pd.DataFrame = features[features.columns[::-1]].assign(unused=1.0)

    copy = detach(estimator, list(moved.columns))

    assert np.array_equal(copy.predict(moved.to_numpy()), estimator.predict(features))


def test_nothing_of_the_frame_is_left() -> None:
    case = fitted(
        make_pipeline(dense(), RandomForestClassifier(5, n_jobs=2, verbose=1)).set_output(transform="pandas"),
        penguins(),
        "classification",
    )

    found = list(parts(detached(case)))

    assert not [part for part in found if "feature_names_in_" in vars(part)]
    assert not [part for part in found if "_sklearn_output_config" in vars(part)]
    assert {vars(part)["n_jobs"] for part in found if vars(part).get("n_jobs")} == {1}
    assert not [part for part in found if vars(part).get("verbose")]


def test_original_is_left_as_it_was() -> None:
    case = fitted(make_pipeline(columns(), linear()), penguins(), "classification")
    before = runtime.dump(case.estimator)

    detached(case)

    assert runtime.dump(case.estimator) == before


def test_pickle_is_loaded_and_answers_where_there_is_no_pandas() -> None:
    case = fitted(make_pipeline(selected(), linear()), penguins(), "classification")
    matrix = case.held_out.matrix()
    expected = Reference(case.estimator, case.schema, case.features).predict(case.held_out).predictions

    child = subprocess.run(
        [sys.executable, "-c", WITHOUT_PANDAS],
        input=runtime.dump((detached(case), matrix, expected)),
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert child.stdout.decode().strip() == "answered", child.stderr.decode()


def test_lambda_is_refused_by_name() -> None:
    case = fitted(make_pipeline(FunctionTransformer(lambda f: f), linear()), cancer(), "classification")

    with pytest.raises(EstimatorUnsupported, match=r"<lambda>.*scikit-learn's own transformers"):
        detached(case)


def of_this_module(frame: Any) -> Any:
    return frame


def test_function_of_the_recipe_is_refused_since_the_image_lacks_it() -> None:
    case = fitted(make_pipeline(FunctionTransformer(of_this_module), linear()), cancer(), "classification")

    with pytest.raises(EstimatorUnsupported, match=r"tests\.building\.test_detach\.of_this_module"):
        detached(case)


def test_unfitted_estimator_is_refused() -> None:
    with pytest.raises(EstimatorUnsupported, match="not fitted"):
        detach(linear(), ["a"])


def test_columns_that_the_rows_lack_are_named() -> None:
    case = fitted(linear(), cancer(), "classification")

    with pytest.raises(EstimatorUnsupported, match="mean area"):
        detach(case.estimator, [name for name in case.schema.names if name != "mean area"])
