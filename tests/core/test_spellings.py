"""A category is one however its accents are encoded; what training saw decides the spelling."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dasier.rows import from_arrays, from_columns, from_records, from_table, pointer_in
from dasier.schema import Column, Output, Schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.rows import Rows

COMPOSED, DECOMPOSED = "Orléans", unicodedata.normalize("NFD", "Orléans")
ROOT = pointer_in("#/rows")


def schema(*towns: str) -> Schema:
    town = Column(name="town", kind="category", categories=towns, nullable=True)
    return Schema(
        (town, Column(name="remark", kind="text", nullable=True)), Output(name="y", task="regression")
    )


def sent_as_records(held: Schema, towns: list[str | None]) -> Rows:
    return from_records(held, [{"town": town, "remark": DECOMPOSED} for town in towns], ROOT)


def sent_as_table(held: Schema, towns: list[str | None]) -> Rows:
    return from_table(held, None, [[town, DECOMPOSED] for town in towns], ROOT)


def sent_as_columns(held: Schema, towns: list[str | None]) -> Rows:
    return from_columns(held, {"town": towns, "remark": [DECOMPOSED] * len(towns)}, ROOT)


def sent_as_arrays(held: Schema, towns: list[str | None]) -> Rows:
    cells = [[np.nan if town is None else town, DECOMPOSED] for town in towns]
    return from_arrays(held, np.empty((len(towns), 0)), np.array(cells, dtype=object), ROOT)


@pytest.mark.parametrize(("trained", "sent"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
@pytest.mark.parametrize("read", [sent_as_records, sent_as_table, sent_as_columns, sent_as_arrays])
def test_a_category_is_known_in_either_spelling(
    read: Callable[[Schema, list[str | None]], Rows], trained: str, sent: str
) -> None:
    rows = read(schema(trained, "Tours"), [sent, "Tours", None])

    assert rows.column("town").tolist()[:2] == [trained, "Tours"]
    assert rows.warnings == ()


def test_two_spellings_that_training_told_apart_stay_apart() -> None:
    rows = sent_as_records(schema(COMPOSED, DECOMPOSED), [DECOMPOSED, COMPOSED])

    assert rows.column("town").tolist() == [DECOMPOSED, COMPOSED]


def test_a_category_that_was_never_seen_is_told_and_left_as_it_is() -> None:
    rows = sent_as_records(schema(COMPOSED), [DECOMPOSED, DECOMPOSED + "!", None])

    assert [(one.row, one.column, one.code) for one in rows.warnings] == [(1, "town", "unseen_category")]
    assert rows.column("town").tolist()[:2] == [COMPOSED, DECOMPOSED + "!"]


def test_text_keeps_its_spelling() -> None:
    rows = sent_as_records(schema(COMPOSED), [DECOMPOSED])

    assert rows.column("remark").tolist() == [DECOMPOSED]


def test_arrays_that_were_given_are_left_as_they_are() -> None:
    texts = np.array([[DECOMPOSED, "x"]], dtype=object)

    from_arrays(schema(COMPOSED), np.empty((1, 0)), texts, ROOT)

    assert texts.tolist() == [[DECOMPOSED, "x"]]
