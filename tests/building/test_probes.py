from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from dasier.building.probes import probes
from dasier.building.thresholds import thresholds
from dasier.rows import from_arrays, pointer_in
from tests.building.cases import cancer, columns, fitted, penguins

EVERY_KIND = [
    *("held_out", "inside", "outside", "nulls", "unseen", "at_thresholds"),
    *("far", "edges", "fitted"),
]


def test_mixed_nullable_rows_are_probed_in_every_way() -> None:
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")

    found = probes(case.schema, case.held_out, case.estimator, fitted=case.held_out, seed=0)

    assert list(found.kinds) == EVERY_KIND


def test_every_probe_passes_validation() -> None:
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")

    found = probes(case.schema, case.held_out, case.estimator, fitted=case.held_out, seed=0)

    for rows in found.kinds.values():
        from_arrays(case.schema, rows.numbers, rows.texts, pointer_in("#/rows"))


def test_same_seed_gives_the_same_probes() -> None:
    case = fitted(RandomForestClassifier(5, random_state=0), cancer(), "classification")

    one, two = (probes(case.schema, case.held_out, case.estimator, seed=3) for _ in range(2))

    assert one.kinds.keys() == two.kinds.keys()
    assert all(np.array_equal(one.kinds[kind].numbers, two.kinds[kind].numbers) for kind in one.kinds)


def test_threshold_and_its_neighbours_are_probed() -> None:
    case = fitted(RandomForestClassifier(1, max_depth=1, random_state=0), cancer(), "classification")
    tree = case.estimator.estimators_[0].tree_
    position, threshold = int(tree.feature[0]), float(tree.threshold[0])

    found = probes(case.schema, case.held_out, case.estimator, seed=0)

    cells = set(found.kinds["at_thresholds"].numbers[:, position])
    assert {threshold, np.nextafter(threshold, np.inf), np.nextafter(threshold, -np.inf)} <= cells


def test_kinds_that_do_not_apply_are_left_out() -> None:
    case = fitted(LogisticRegression(solver="newton-cholesky"), cancer(), "classification")

    found = probes(case.schema, case.held_out, case.estimator, seed=0)

    assert list(found.kinds) == ["held_out", "inside", "outside", "far", "edges"]


def test_zeros_of_both_signs_and_next_to_nothing_are_probed_alone_and_among_others() -> None:
    case = fitted(LogisticRegression(solver="newton-cholesky"), cancer(), "classification")

    rows = probes(case.schema, case.held_out, seed=0).kinds["edges"].numbers

    assert (rows[0] == 0).all()
    assert np.signbit(rows[1]).all()
    assert ((rows[4:6] > 0) & (rows[4:6] < 1e-15)).all()
    assert ((rows[6:] == 0).any(axis=1) & (rows[6:] != 0).any(axis=1)).any()


def test_rows_far_away_are_probed_up_to_a_million_times_the_range() -> None:
    case = fitted(LogisticRegression(solver="newton-cholesky"), cancer(), "classification")

    rows = probes(case.schema, case.held_out, seed=0).kinds["far"].numbers

    widths = np.array([column.maximum - column.minimum for column in case.schema.number_columns])
    assert 1e5 < np.abs(rows / widths).max() <= 1.1e6


def test_thresholds_behind_a_scaler_are_told_in_the_columns_own_unit() -> None:
    forest = RandomForestClassifier(3, random_state=0)
    bare = fitted(forest, cancer(), "classification")
    by_column = thresholds(bare.estimator, bare.schema).by_column
    behind = fitted(
        make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)),
        cancer(),
        "classification",
    )

    found = thresholds(behind.estimator, behind.schema)

    name = max(by_column, key=lambda column: len(by_column[column]))
    column = behind.features[name]
    assert found.unreached == 0
    assert column.min() <= found.by_column[name].min()
    assert found.by_column[name].max() <= column.max()


def test_thresholds_behind_products_of_columns_are_counted_as_unprobed() -> None:
    case = fitted(
        make_pipeline(PolynomialFeatures(2), RandomForestClassifier(3, random_state=0)),
        cancer(),
        "classification",
    )

    found = probes(case.schema, case.held_out, case.estimator, seed=0)

    assert "at_thresholds" not in found.kinds
    assert found.unprobed > 0


def test_the_largest_numbers_are_probed_and_none_beyond() -> None:
    frame = pd.DataFrame({"x": [1e300, -1e300] * 20, "target": ["a", "b"] * 20})
    case = fitted(HistGradientBoostingClassifier(max_iter=2), frame, "classification")

    found = probes(case.schema, case.held_out, case.estimator, fitted=case.held_out, seed=0)

    assert all(np.isfinite(rows.numbers).all() for rows in found.kinds.values())
