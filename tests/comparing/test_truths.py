"""What was true, as a file, the log or a target writes it, held against what two versions said."""

from __future__ import annotations

import numpy as np
import pytest

from dasier.comparing.truths import of_labels, of_numbers, truth_labels, truth_numbers


@pytest.mark.parametrize(
    ("cell", "classes", "read"),
    [
        ("True", ("false", "true"), "true"),
        ("FALSE", ("false", "true"), "false"),
        ("1.0", ("0", "1"), "1"),
        (1.0, ("0", "1"), "1"),
        ("Adelie", ("Adelie", "Gentoo"), "Adelie"),
        ("adelie", ("Adelie", "Gentoo"), "adelie"),  # a class of its own: neither version is right
        (None, ("Adelie",), None),
    ],
)
def test_a_cell_is_read_as_the_class_that_it_spells(cell, classes, read):
    assert truth_labels([cell], classes, "classification") == [read]


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        ([1, -1, None], ["normal", "anomaly", None]),
        (["-1", "-1"], ["anomaly", "anomaly"]),
        (["fraud", "well", "well"], ["anomaly", "normal", "normal"]),
        (["well", "well"], [None, None]),  # of one kind alone nothing says which it is
        (["a", "b", "c"], [None, None, None]),
        ([None], [None]),
    ],
)
def test_the_rarer_of_two_kinds_is_the_anomaly(cells, read):
    assert truth_labels(cells, (), "anomaly_detection") == read


def test_what_is_no_finite_number_is_not_known():
    assert truth_numbers(["1.5", 2, "many", None, float("nan"), "inf"]) == [1.5, 2.0, None, None, None, None]


def test_without_a_truth_nothing_is_said():
    nothing = [None, None]

    assert of_labels(np.array(["a", "b"]), np.array(["a", "a"]), nothing) is None
    assert of_numbers(np.array([1.0, 2.0]), np.array([1.0, 2.5]), nothing) is None


def test_rows_without_a_truth_count_for_neither_version():
    old, new = np.array(["a", "b", "a", "c"]), np.array(["a", "a", "b", "b"])

    found = of_labels(old, new, ["a", "a", None, "d"])

    assert found is not None
    assert (found["rows"], found["old_right"]["value"], found["new_right"]["value"]) == (3, 1 / 3, 2 / 3)
    assert found["disagreements"] | {"share_new": None} == {
        "rows": 2, "new_right": 1, "old_right": 0, "neither": 1, "share_new": None,
    }  # fmt: skip


def test_where_both_are_wrong_by_the_same_neither_is_closer():
    found = of_numbers(np.array([1.0, 4.0, 2.0]), np.array([3.0, 4.0, 2.5]), [2.0, 4.0, None])

    assert found is not None
    assert (found["rows"], found["old_mae"], found["new_mae"]) == (2, 0.5, 0.5)
    assert found["disagreements"] == {
        "rows": 1, "new_closer": 0, "old_closer": 0, "neither": 1, "share_new": None,
    }  # fmt: skip
