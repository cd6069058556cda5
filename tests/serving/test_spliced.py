"""Predictions that are written from columns against the objects that they stand for."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.serving.formats.spliced import spliced, written

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LABELS = st.text(max_size=8)


@given(st.lists(st.tuples(LABELS, FINITE, FINITE), min_size=1, max_size=6), LABELS)
def test_pieces_between_keys_are_the_same_json_as_objects(
    rows: list[tuple[str, float, float]], key: str
) -> None:
    labels = np.array([label for label, _, _ in rows], dtype=object)
    shares = np.array([[one, two] for _, one, two in rows], dtype=np.float64).reshape(len(rows), 2)
    cells = written(shares)
    parts = [
        b'{"a":',
        written(labels),
        b"," + orjson.dumps("b" + key) + b":",
        cells[::2],
        b',"c":',
        cells[1::2],
        b"}",
    ]

    found = orjson.dumps({"rows": spliced(parts, len(rows))})

    assert found == orjson.dumps({"rows": [{"a": a, f"b{key}": b, "c": c} for a, b, c in rows]})


@pytest.mark.parametrize(
    "values", [[1, -2], [True, False], [0.1, 1e300, -0.0], ["é", '"', "a,b"], ["1", "2"], [np.float64(2.5)]]
)
def test_values_are_written_as_json_writes_them(values: list[object]) -> None:
    dtype = object if isinstance(values[0], str) else None

    assert [json.loads(cell) for cell in written(np.array(values, dtype=dtype))] == values


def test_a_column_of_another_length_is_no_answer() -> None:
    with pytest.raises(ValueError, match="size"):
        spliced([b'{"a":', [b"1", b"2"], b"}"], 3)
