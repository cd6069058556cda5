"""Blocks in which most rows are bad: a worker has little memory, and somebody else chose what is uploaded."""

from __future__ import annotations

import csv
import io

import pytest

from dasier.jobs import splitting
from dasier.jobs.answering import MOST_FAULTS, Answered, Answering
from dasier.jobs.splitting import Block
from dasier.jobs.writing import Refusal, Results
from dasier.store import open_store
from tests import models
from tests.models import Shop

HEADER = b"bill,eggs,ringed,isle,sex\n"
GOOD, BAD = b"44.1,1,true,Dream,f\n", b"x,x,x,Dream,f\n"


@pytest.fixture(scope="module")
def loaded():
    shop = Shop(open_store("memory://"))
    shop.publish(models.built("gulls"))
    return shop.service().version("gulls", 1)


def answered(loaded, content):
    results = Results(loaded.manifest.schema.output, probabilities=False)
    return Answering(loaded, results, HEADER).block(Block(0, len(content), content), 0)


def numbers(lines):
    return [int(row[0]) for row in csv.reader(io.StringIO(lines.decode()))]


def test_where_most_rows_are_bad_the_good_ones_are_answered_in_order_and_every_fault_is_told(loaded):
    found = answered(loaded, (BAD * 3 + GOOD + b"1,2\n") * 500)

    assert (found.rows, found.refused) == (2_500, 2_000)
    assert numbers(b"".join(found.lines)) == list(range(3, 2_500, 5))
    assert found.refused_lines.count(b"\n") == 500 * (3 * 3 + 1)
    assert numbers(found.refused_lines) == sorted(numbers(found.refused_lines))


def test_bad_rows_are_read_three_times_and_not_by_ever_smaller_halves(loaded):
    class Counting(Answering):
        read = 0

        def _rows(self, lines):
            self.read += len(lines)
            return super()._rows(lines)

    results = Results(loaded.manifest.schema.output, probabilities=False)
    counting = Counting(loaded, results, HEADER)
    content = (BAD * 9 + GOOD) * 2_000

    counting.block(Block(0, len(content), content), 0)

    assert counting.read <= 3 * 20_000


def test_of_a_row_that_is_wrong_everywhere_so_many_faults_are_told_and_how_many_more_there_are():
    found = Answered(1)
    found.refuse([Refusal(7, f"c{at:02}", "wrong_type", "No number.") for at in range(MOST_FAULTS + 5)])

    lines = found.refused_lines.splitlines()
    assert len(lines) == MOST_FAULTS + 1
    assert lines[-1] == b"7,,more,This row has 5 more faults."


def test_a_block_has_so_many_rows_at_most_whatever_their_form(monkeypatch):
    monkeypatch.setattr(splitting, "MOST_ROWS", 4)
    for row in (b"1\n", b'"1"\r\n', b"1\r", b"\n"):
        content = row * 11

        cut = list(splitting.blocks(lambda start, end, of=content: of[start:end], 0, len(content), b","))

        assert b"".join(block.content for block in cut) == content
        assert max(len(splitting.rows(block.content, b",")) for block in cut) <= 4
