"""Binary tensors: what is written is what is read, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.errors import MalformedBody
from dasier.serving.formats import oip_binary
from dasier.serving.formats.oip_tensors import DTYPES

WORDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=8)


@given(WORDS)
def test_strings_come_back_as_they_were(words):
    raw = oip_binary.encoded(np.array(words, dtype=object), None)

    assert oip_binary.strings(memoryview(raw), len(words)).tolist() == words


@given(WORDS, st.integers(-3, 3).filter(bool))
def test_strings_of_another_number_are_not_read(words, off):
    raw = oip_binary.encoded(np.array(words, dtype=object), None)

    assert isinstance(oip_binary.strings(memoryview(raw), max(0, len(words) + off)), str)


@given(st.binary(max_size=60), st.integers(1, 6))
def test_any_bytes_are_read_or_refused(raw, count):
    found = oip_binary.strings(memoryview(raw), count)

    assert isinstance(found, str) or len(found) == count


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_numbers_come_back_as_they_were(dtype):
    numbers = np.array([0, 1, 100]).astype(dtype)

    raw = oip_binary.encoded(numbers, dtype)

    assert oip_binary.numbers(memoryview(raw), 3, dtype).tolist() == numbers.tolist()
    assert isinstance(oip_binary.numbers(memoryview(raw), 4, dtype), str)


@given(st.binary(min_size=1, max_size=20), st.integers(-2, 25))
def test_a_body_is_cut_only_at_a_length_that_it_has(body, length):
    if 0 < length <= len(body):
        head, tail = oip_binary.split(body, str(length))
        assert (len(head), head + bytes(tail)) == (length, body)
    else:
        with pytest.raises(MalformedBody):
            oip_binary.split(body, str(length))
