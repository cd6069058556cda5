"""The quick readers of CSV against the one that reads cell by cell: the same rows, or the same refusal."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dasier.errors import DasierError, MalformedBody, RowsRefused
from dasier.rows import pointer_in
from dasier.schema import Column, Output, Schema
from dasier.serving.formats.plain_csv import LONGEST_CELL, MOST_COLUMNS, plain_column, plain_matrix
from dasier.serving.formats.table_csv import read_cell_by_cell, read_cells, read_csv

OUTPUT = Output(name="y", task="regression")
NUMBERS = Schema(
    (
        Column(name="a", kind="float", nullable=True, minimum=-5.0, maximum=5.0),
        Column(name="b", kind="float"),
        Column(name="n", kind="integer", nullable=True),
    ),
    OUTPUT,
)
ONE = Schema((Column(name="a", kind="float", nullable=True),), OUTPUT)
MIXED = Schema(
    (
        Column(name="a", kind="float", nullable=True),
        Column(name="who", kind="category", nullable=True, categories=("1", "x", "\u00e9")),
        Column(name="yes", kind="boolean", nullable=True),
        Column(name="n", kind="integer"),
        Column(name="words", kind="text"),
    ),
    OUTPUT,
)
SCHEMAS = {"numbers": NUMBERS, "one": ONE, "mixed": MIXED}

ODD_CELLS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "null", "true", "false", "yes", "NO", "1e999", "-1e999", "1e-999",
    "1_000", "0x10", "1.", ".5", "-.5", ".", "-", "+1", "+", "007", "-0", "-0.0", "-00", "0", "-0e0", "-0e5", "1e-05",
    "1E5", "1e+5", "1e5", "1e0005", "1e00005", "1e-00005", "1e", "e5", "1.5.2", "1 2", " 5", "5 ", "\t5", "  ", "",
    "\u0661\u0662", "\uff11", "1,5", "1;5", "'1'", '"1"', '"1,5"', '"1\n2"', '"1\n"', '"\n"', '""', '"a""b"', '"', 'a"b',
    "9007199254740993", "18446744073709551616", "123456789012345678901234567890", "-9223372036854775809", "1" * 400,
    "0." + "3" * 40, "2.2250738585072011e-308", "4.9e-324", "2.4e-324", "1.7976931348623157e308", "1.7976931348623159e308",
    "[1]", "[]", "{}", "[1", "1]", "x", "\u00e9", "e\u0301", "a b", "\x85", "\u2028", "\x1d", "\xa05", "1\r", "\r", "\0",
    "=1+1", "1/2", "1-2", "--1", "0-0", "-0-0", "e-0", "1e-0", "1e-0.5", "5e-0,-0",
)  # fmt: skip
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.one_of(
    st.sampled_from(ODD_CELLS),
    FLOATS.map(repr),
    FLOATS.map("{:.17e}".format),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9).map(
        str
    ),
    st.integers().map(str),
    st.text(max_size=5),
    st.text("0123456789+-.eE_ ,;", max_size=9),
)
PLAIN_CELLS = FLOATS.map(repr) | st.integers(-(2**53), 2**53).map(str) | st.just("")


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str]) -> tuple[str, bytes]:
    """A schema's name and a body that was made for it, and may have been spoilt."""
    name = draw(st.sampled_from(sorted(SCHEMAS)))
    header = list(SCHEMAS[name].names)
    if draw(st.integers(0, 3)) == 0:
        header = draw(st.permutations(header))
    if draw(st.integers(0, 9)) == 0:
        header = draw(st.lists(st.sampled_from([*header, "z", " a", "", '"a"', "a\r"]), max_size=6))
    separator = draw(st.sampled_from(",,,;"))
    widths = st.just(len(header)) if draw(st.integers(0, 5)) else st.integers(0, len(header) + 1)
    lines = [header] + [[draw(cells) for _ in range(draw(widths))] for _ in range(draw(st.integers(0, 6)))]
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n\r\n"]))
    text = end.join(separator.join(line) for line in lines) + draw(st.sampled_from(["", end, "\n\n", " \n"]))
    bom = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\xff"]))
    return name, bom + text.encode("utf-8", "surrogatepass")


def outcome(read: Any) -> Any:
    """Everything that a caller can see of what reading gave: bits, texts, warnings; or the refusal in full."""
    try:
        rows, pointer = read()
    except DasierError as error:
        return type(error), str(error), getattr(error, "violations", None)
    texts = [[cell if isinstance(cell, str) else None for cell in line] for line in rows.texts.tolist()]
    nulls = np.isnan(rows.numbers)
    bits = np.where(nulls, 0.0, rows.numbers).tobytes()
    return rows.numbers.shape, nulls.tolist(), bits, texts, rows.warnings, pointer(3, "a")


def carefully(body: bytes, schema: Schema) -> Any:
    pointer = pointer_in("#")
    return read_cell_by_cell(*read_cells(body), schema, pointer), pointer


def same(body: bytes, schema: Schema) -> None:
    quick = outcome(lambda: read_csv(body, schema))

    assert quick == outcome(lambda: carefully(body, schema))


@given(tables(CELLS))
@settings(max_examples=400, deadline=None)
@example(("one", b"a\n\n1\n"))
@example(("one", b"a\n1\n\n2\n"))
@example(("one", b"a\n1\n\n"))
@example(("numbers", b"a,b,n\n1,2\n,3,4,5\n"))
@example(("numbers", b"a,b,n\n1,2,\n3,4,5\n,6,7\n"))
@example(("numbers", b"a;b;n\n1,5;2\n"))
@example(("numbers", b"a,b,\rn\n1,2,3\n"))
@example(("numbers", b"a,b,n\0\n1,2,3\n"))
def test_hostile_tables_are_read_as_cell_by_cell(table: tuple[str, bytes]) -> None:
    name, body = table

    same(body, SCHEMAS[name])


@given(tables(PLAIN_CELLS))
@settings(max_examples=300, deadline=None)
def test_plain_tables_are_read_as_cell_by_cell(table: tuple[str, bytes]) -> None:
    name, body = table

    same(body, SCHEMAS[name])


@given(st.binary(max_size=60), st.sampled_from(sorted(SCHEMAS)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_as_cell_by_cell(body: bytes, name: str) -> None:
    same(body, SCHEMAS[name])
    same(b"a\n" + body, ONE)


@pytest.mark.parametrize("cell", ODD_CELLS)
@pytest.mark.parametrize("beside", ["1", "", "-0.5"])
def test_each_odd_cell_is_read_as_cell_by_cell(cell: str, beside: str) -> None:
    for line in (f"{cell},{beside},1", f"{beside},{cell},1", f"{beside},1,{cell}"):
        same(f"a,b,n\n1,2,3\n{line}\n4,5,6\n".encode(), NUMBERS)
    same(f"a\n{beside or 1}\n{cell}\n".encode(), ONE)
    same(f"a;b;n\n{beside};{cell};1\n".encode(), NUMBERS)
    same(f"a,who,yes,n,words\n{beside},x,1,2,{cell}\n{cell},{cell},yes,3,w\n1,,{cell},4,w\n".encode(), MIXED)


@given(st.lists(st.tuples(FLOATS, FLOATS, st.integers(-(2**53), 2**53)), min_size=1, max_size=5))
@settings(deadline=None)
def test_every_float_that_python_writes_takes_the_quick_way(lines: list[tuple[float, float, int]]) -> None:
    body = "a,b,n\n" + "".join(f"{a!r},{b!r},{n}\n" for a, b, n in lines)

    found = plain_matrix(body.encode(), NUMBERS)

    assert found is not None
    assert [struct.pack("3d", *row) for row in found.tolist()] == [struct.pack("3d", *row) for row in lines]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a,b,n\n1,2,3\n,5,6", [[1, 2, 3], [math.nan, 5, 6]]),
        (b"\xef\xbb\xbfa;b;n\r\n1;2;\r\n4;5;6\r\n", [[1, 2, math.nan], [4, 5, 6]]),
        (b"n,a,b\n3,1e-05, 2\n", [[1e-05, 2, 3]]),
    ],
)
def test_tables_of_plain_numbers_take_the_quick_way(body: bytes, expected: list[list[float]]) -> None:
    found = plain_matrix(body, NUMBERS)

    assert found is not None
    assert found.flags.writeable
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "cell", ["-0", "1e00005", "1E5", "null", "true", '"1"', "+1", ".5", "[1]", "1_0", "nan"]
)
def test_what_json_reads_otherwise_does_not_take_the_quick_way(cell: str) -> None:
    assert plain_matrix(f"a,b,n\n1,{cell},3\n".encode(), NUMBERS) is None
    assert plain_column(["1", cell]) is None


def test_a_line_longer_than_any_cell_may_be_is_read_as_cell_by_cell() -> None:
    for length in (LONGEST_CELL - 1, LONGEST_CELL, LONGEST_CELL + 1, 2 * LONGEST_CELL):
        for before in (b"", b"1\n" * 40_000, b"1\n" * 70_000):
            same(b"a\n" + before + b"0." + b"3" * (length - 2) + b"\n5\n", ONE)


def test_more_columns_than_are_read_are_refused_also_where_a_model_has_them() -> None:
    names = [f"c{number}" for number in range(MOST_COLUMNS + 1)]
    schema = Schema(tuple(Column(name=name, kind="float") for name in names), OUTPUT)

    with pytest.raises(MalformedBody):
        read_csv(f"{','.join(names)}\n{','.join('1' for _ in names)}\n".encode(), schema)


def test_a_short_line_is_no_part_of_the_next_one() -> None:
    with pytest.raises(MalformedBody) as refusal:
        read_csv(b"a,b,n\n1,2\n,3,4,5\n6,7,8\n", NUMBERS)

    assert [violation.pointer for violation in refusal.value.violations] == ["#/0", "#/1"]


def test_faults_of_a_large_table_are_pointed_at() -> None:
    lines = ["1.5,2.5,3"] * 3_000
    lines[2_000] = "1.5,,3"
    lines[2_500] = "1.5,1e999,3.5"

    with pytest.raises(RowsRefused) as refusal:
        read_csv(("a,b,n\n" + "\n".join(lines)).encode(), NUMBERS)

    found = [(violation.pointer, violation.code) for violation in refusal.value.violations]
    assert found == [("#/2000/b", "null"), ("#/2500/b", "not_finite"), ("#/2500/n", "not_integer")]
