"""Results as CSV: what a spreadsheet opens runs nothing, and numbers are numbers still."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.jobs.writing import REFUSED_HEADER, Refusal, Results, cell, warned
from dasier.rows import RowWarning
from dasier.runtimes import Outputs
from dasier.schema import Output

LABELS = ("=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", 'a "b", c', "-3.5")


def read(content):
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


@pytest.mark.parametrize(
    ("label", "shown"), [(LABELS[0], "'" + LABELS[0]), ("+1+1", "'+1+1"), ("-3.5", "-3.5")]
)
def test_a_class_that_is_a_formula_is_shown_and_never_run(label, shown):
    results = Results(Output(name="y", task="classification", classes=(label, "b")), probabilities=True)
    outputs = Outputs(np.array([label, "b"], dtype=object), np.array([[0.75, 0.25], [0.0, 1.0]]))

    header, *lines = read(results.header() + results.lines(np.arange(2), outputs, {}))

    assert header == ["row", "prediction", f"probability_{label}", "probability_b", "warnings"]
    assert lines == [["0", shown, "0.75", "0.25", ""], ["1", "b", "0.0", "1.0", ""]]


def test_numbers_below_zero_stay_numbers():
    results = Results(Output(name="y", task="regression"), probabilities=True)

    content = results.lines(np.array([4, 9]), Outputs(np.array([-3.5, 1e-7])), {})

    assert [[float(c) for c in row[:2]] for row in read(content)] == [[4, -3.5], [9, 1e-7]]


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_refusal_is_one_line_of_four_cells_whatever_is_in_it(column, reason):
    content = REFUSED_HEADER + Refusal(3, column, "code", reason).line()

    (_, line) = read(content)

    assert line[0] == "3"
    assert len(line) == 4
    assert not any(one.lstrip()[:1] in {"=", "@"} for one in line[1:])


def test_a_column_that_is_a_formula_is_not_run_in_a_warning():
    warnings = warned([RowWarning(1, "=evil()", "outside_training_range", "x")], np.array([7, 8]))

    assert warnings == {8: cell("=evil() outside_training_range")}
    assert warnings[8].startswith(b"'=")
