from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dasier.comparing.answering import Answered, sifted
from dasier.comparing.clusters import matched
from dasier.comparing.labels import differing
from dasier.comparing.pairing import refusals
from dasier.comparing.slices import parts_of, told_of
from dasier.comparing.truths import of_labels
from dasier.runtimes import Outputs
from tests.comparing.versions import SIZES
from tests.models import constant

if TYPE_CHECKING:
    from typing import Any

CLASSES = ("a", "b", "c", "d")
PAIRS = st.lists(st.tuples(*[st.sampled_from(CLASSES)] * 3), min_size=1, max_size=60)
CELLS = st.one_of(
    st.none(), st.booleans(), st.text("xy", max_size=2), st.floats(-1e6, 1e6), st.integers(-9, 9)
)


def columns(pairs: list[tuple[str, ...]]) -> list[np.ndarray[Any, Any]]:
    return [np.array(column, dtype=np.str_) for column in zip(*pairs, strict=True)]


@given(PAIRS)
def test_the_table_counts_every_row_once(pairs: list[tuple[str, ...]]) -> None:
    old, new, _ = columns(pairs)

    found = differing(old, new, CLASSES)

    table = np.array(found["table"])
    assert table.sum() == len(pairs)
    assert table.sum() - np.trace(table) == found["changed"]["rows"] == sum(a != b for a, b, _ in pairs)
    for index, one in enumerate(found["per_class"]):
        assert one["old"] == table[index].sum() == (old == one["class"]).sum()
        assert one["new"] == table[:, index].sum() == (new == one["class"]).sum()
        assert one["old"] == one["kept"] + one["left"]
        assert one["new"] == one["kept"] + one["came"]
    assert found["changed"]["low"] <= found["changed"]["value"] <= found["changed"]["high"]


@given(PAIRS)
def test_every_disagreement_is_right_for_one_or_neither(pairs: list[tuple[str, ...]]) -> None:
    old, new, truth = columns(pairs)

    found = of_labels(old, new, truth.tolist())

    assert found is not None
    apart = found["disagreements"]
    assert apart["new_right"] + apart["old_right"] + apart["neither"] == apart["rows"] == (old != new).sum()


@given(PAIRS)
def test_matching_keeps_the_clusters_apart_and_never_matches_worse_than_the_numbers(
    pairs: list[tuple[str, ...]],
) -> None:
    old, new, _ = columns(pairs)

    renamed, _ = matched(old, new, version=2)

    names = set(zip(new.tolist(), renamed.tolist(), strict=True))
    assert len(names) == len({before for before, _ in names}) == len({after for _, after in names})
    assert (renamed == old).sum() >= (new == old).sum()


@given(st.lists(st.tuples(CELLS, st.sampled_from([0.0, 1.0])), min_size=1, max_size=60), st.integers(1, 5))
def test_the_values_of_a_column_share_its_rows_out(rows: list[tuple[Any, float]], least: int) -> None:
    cells = [cell for cell, _ in rows]
    parts = parts_of({"x": cells})

    found = told_of(parts, np.array([size for _, size in rows]), least_rows=least)

    assert sum(part.inside for part in parts).tolist() == [1] * len(rows)
    assert found["looked_at"] + found["too_few"] == len(parts)
    for one in found["told"]:
        assert one["rows"] >= least
        assert 0 <= one["changed"] <= one["rows"]


def test_numbers_of_many_digits_are_parts_of_their_own() -> None:
    few = {"id": [1234567.0] * 3 + [1234568.0] * 2}
    many = {"id": [2024000 + place for place in range(400)]}

    assert [(part.title, int(part.inside.sum())) for part in parts_of(few)] == [
        ("id = 1234567", 3),
        ("id = 1234568", 2),
    ]
    assert parts_of(many)[0].title == "id 2024000 to under 2024099"


@given(
    st.integers(0, 30).flatmap(lambda n: st.tuples(st.just(n), *[st.sets(st.integers(0, max(0, n - 1)))] * 2))
)
def test_every_row_is_compared_or_refused_by_somebody(given_rows: tuple[int, set[int], set[int]]) -> None:
    n_rows, first, second = given_rows
    sides = [{place for place in places if place < n_rows} for places in (first, second)]
    before, after = (
        Answered(
            constant().manifest, np.array(sorted(side), dtype=np.intp), Outputs(np.empty(0)), None, Counter()
        )
        for side in sides
    )

    found = refusals(n_rows, before, after)

    counts = [found[f"refused_by_{who}"] for who in ("old_only", "new_only", "both")]
    assert found["given"] == n_rows == found["compared"] + sum(counts)
    assert min(counts) >= 0


@given(st.lists(st.fixed_dictionaries({}, optional={"isle": CELLS, "mass": CELLS}), max_size=1200))
def test_every_row_is_read_or_has_a_reason(records: list[dict[str, Any]]) -> None:
    rows, places, refused = sifted(SIZES, records)

    assert (0 if rows is None else len(rows)) == len(places)
    assert len(places) + refused.total() == len(records)


def test_a_part_stands_out_by_chance_as_rarely_as_is_said() -> None:
    rng = np.random.default_rng(0)
    columns = {str(number): rng.integers(0, 3, 300).astype(str).tolist() for number in range(8)}
    parts = parts_of(columns)

    standing = sum(
        any(one["stands_out"] for one in told_of(parts, (rng.random(300) < 0.1).astype(float))["told"])
        for _ in range(60)
    )

    assert standing <= 9  # 3 are expected; more than 9 come with a probability of 0.1 %
