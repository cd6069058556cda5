from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.errors import MalformedBody
from dasier.serving.json_body import read_json
from tests.core.strategies import JSON


def refused(body: bytes) -> set[tuple[str, str]]:
    with pytest.raises(MalformedBody) as caught:
        read_json(body)
    return {(violation.pointer, violation.code) for violation in caught.value.violations}


def as_float64(document: Any) -> Any:
    """Give a document with whole numbers beyond 64 bits as floats, as JSON's readers but Python's have them."""
    if isinstance(document, dict):
        return {key: as_float64(item) for key, item in document.items()}
    if isinstance(document, list):
        return [as_float64(item) for item in document]
    if type(document) is int and not -(2**63) <= document < 2**64:
        return float(document)
    return document


@given(JSON)
def test_any_document_is_read_as_the_standard_library_reads_it(document: Any) -> None:
    for body in (json.dumps(document).encode(), json.dumps(document, ensure_ascii=False, indent=1).encode()):
        assert read_json(body) == as_float64(json.loads(body))


@given(st.binary(max_size=40) | st.text('[]{}":,0123456789eE.-+truefalsn \\u', max_size=40).map(str.encode))
def test_any_bytes_are_read_as_the_standard_library_reads_them_or_refused(body: bytes) -> None:
    try:
        found = read_json(body)
    except MalformedBody as error:
        assert error.violations  # noqa: PT017 (either outcome is right; what is wrong is a third)
        return

    assert found == as_float64(json.loads(body))


@given(JSON, st.data())
def test_key_given_twice_is_found_wherever_formats_look(document: Any, data: st.DataObject) -> None:
    inner = json.dumps(document)
    twice = f'{{"key:":{inner},"other":{{}},"key:":{inner}}}'
    places = ["%s", '{"a":%s}', "[%s]", '[{"a":1},%s]', '[[1],{"a":[%s]}]', '{"a":{"b":{"c":[%s,"x:y"]}}}']
    body = (data.draw(st.sampled_from(places)).replace("%s", twice)).encode()

    assert "duplicate_key" in {code for _, code in refused(body)}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a":1,"a":1}', {("#/a", "duplicate_key")}),
        (b'{"a":1,"\\u0061":1}', {("#/a", "duplicate_key")}),
        (b'{"instances":[{"x":1},{"x":1,"x":2}]}', {("#/instances/1/x", "duplicate_key")}),
        (
            b'{"x":NaN,"y":[1,-Infinity],"z":1e999}',
            {("#/x", "not_finite"), ("#/y/1", "not_finite"), ("#/z", "not_finite")},
        ),
        (b"[1E400, -1e400]", {("#/0", "not_finite"), ("#/1", "not_finite")}),
        (b"[" + b"9" * 5000 + b"]", {("#/0", "not_finite")}),
        (b"", {("#", "malformed_json")}),
        (b"{} {}", {("#", "malformed_json")}),
        (b"\xef\xbb\xbf{}", {("#", "malformed_json")}),
        (b'"\xff"', {("#", "malformed_json")}),
        (b'"\\ud800"', {("#", "malformed_json")}),
        (b"{'a':1}", {("#", "malformed_json")}),
    ],
    ids=range(12),
)
def test_what_json_does_not_allow_is_refused_where_it_stands(
    body: bytes, found: set[tuple[str, str]]
) -> None:
    assert refused(body) == found


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_two_hundred_thousand_levels_are_refused_in_a_moment(opening: bytes) -> None:
    started = time.process_time()

    assert refused(opening * 200_000) == {("#", "malformed_json")}
    assert time.process_time() - started < 0.5


def test_many_rows_with_colons_in_their_cells_are_read() -> None:
    rows = [{"when": f"12:{n % 60:02}"} for n in range(1000)]

    assert read_json(json.dumps(rows).encode()) == rows
