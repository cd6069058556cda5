"""Rows are cut from a file as `csv` reads them, wherever blocks end."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.jobs import splitting
from dasier.jobs.splitting import blocks, count, first_row, rows

CELLS = st.text(st.sampled_from('ab;,"\n\r é'), max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=12)


def written(table, separator=",", end="\n", **how):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end, **how).writerows(table)
    return out.getvalue().encode()


def cut(content, separator=b",", start=0, block_bytes=splitting.BLOCK_BYTES):
    return list(blocks(lambda a, b: content[a:b], start, len(content), separator, block_bytes=block_bytes))


def read(content, separator=","):
    """Give the rows as `csv` reads them, and so `read_csv`."""
    text = io.StringIO(content.decode(), newline="")
    return [row for row in csv.reader(text, delimiter=separator, strict=True) if row]


@given(TABLES, st.sampled_from(",;"), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 80))
def test_blocks_hold_every_byte_once_and_only_whole_rows(table, separator, end, block_bytes):
    content = written(table, separator, end)

    found = cut(content, separator.encode(), block_bytes=block_bytes)

    assert [block.start for block in found] == [0, *(block.end for block in found)][: len(found)]
    assert (found[-1].end if found else 0) == len(content)
    assert all(len(block.content) <= block_bytes for block in found)
    if not any(block.endless for block in found):
        assert [row for block in found for row in read(block.content, separator)] == read(content, separator)


@given(TABLES, st.sampled_from(",;"), st.sampled_from(["\n", "\r\n"]))
def test_a_row_is_one_row_to_csv_too(table, separator, end):
    content = written(table, separator, end)

    found = rows(content, separator.encode())

    assert [read(row, separator)[0] for row in found] == read(content, separator)
    assert count(content, separator.encode()) == len(found)


@given(
    st.lists(st.sampled_from([b"a,b", b"", b'"x\ny",1', b'5" pipe,2', b'a, "b']), max_size=9), st.booleans()
)
def test_rows_are_counted_as_they_are_read(lines, ends):
    content = b"\n".join(lines) + (b"\n" if ends else b"")

    assert count(content, b",") == len(rows(content, b",")) == sum(line != b"" for line in lines)


@given(TABLES.filter(bool), st.integers(8, 60), st.data())
def test_whoever_goes_on_in_the_middle_cuts_at_the_same_places(table, block_bytes, data):
    content = written(table)
    found = cut(content, block_bytes=block_bytes)
    one = data.draw(st.integers(0, len(found)))

    later = cut(content, start=found[one - 1].end if one else 0, block_bytes=block_bytes)

    assert later == found[one:]


def test_a_line_break_inside_quotes_ends_no_row():
    content = written([["a", "b"], ["1\n2\r\n3", '4"5'], ["6", "7"]])

    assert len(rows(content, b",")) == 3


def test_a_quote_inside_a_cell_opens_nothing():
    assert rows(b'5" pipe,1\n7" pipe,2\n', b",") == [b'5" pipe,1\n', b'7" pipe,2\n']


def test_a_quote_that_is_never_closed_costs_its_own_row_alone():
    content = b'a,b\n"open,1\n' + b"2,3\n" * 200_000

    found = cut(content)

    assert len(found) == 1
    assert rows(content, b",")[:3] == [b"a,b\n", b'"open,1\n', b"2,3\n"]
    assert len(rows(content, b",")) == 200_002


def test_a_quote_that_may_be_closed_in_the_next_block_waits_for_it():
    content = b'a,b\n1,2\n"x\ny",3\n4,5\n6,7\n'

    found = cut(content, block_bytes=12)

    assert [block.content for block in found] == [b"a,b\n1,2\n", b'"x\ny",3\n4,5\n'[:12], b"6,7\n"]


def test_a_line_that_does_not_end_is_one_row_however_long():
    asked = []
    content = b"a,b\n" + b"x" * 1000 + b"\n1,2\n"

    def read_some(start, end):
        asked.append(end - start)
        return content[start:end]

    found = list(blocks(read_some, 0, len(content), b",", block_bytes=64))

    assert [(block.endless, block.content) for block in found] == [
        (False, b"a,b\n"),
        (True, b""),
        (False, b"1,2\n"),
    ]
    assert max(asked) <= 64


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_header_is_the_first_row(end):
    assert first_row(b'"a\nb",c' + end + b"1,2" + end) == b'"a\nb",c' + end
    assert first_row(b"a,b") == b""


def test_a_quote_that_is_closed_where_no_cell_ends_costs_its_own_row_alone():
    content = b'a,b\n"open,1\n2,3\n4,"fine"x\n5,"6"\n'

    assert rows(content, b",") == [b"a,b\n", b'"open,1\n', b"2,3\n", b'4,"fine"x\n', b'5,"6"\n']


def test_a_table_may_begin_with_a_byte_order_mark():
    content = b'\xef\xbb\xbf"a\nb",c\n1,2\n'

    assert first_row(content) == b'\xef\xbb\xbf"a\nb",c\n'
    assert len(rows(content, b",")) == 2


@pytest.mark.parametrize("before", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_blank_lines_before_the_header_are_no_header(before):
    assert first_row(before + b"a,b\n1,2\n") == before + b"a,b\n"
