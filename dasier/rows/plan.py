"""What reading needs to know of a schema, worked out once and kept with it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dasier.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class Plan:
    """What reading needs to know of a schema, worked out once."""

    places: dict[str, tuple[bool, int]]
    number_names: tuple[str, ...]
    text_names: tuple[str, ...]
    cast: tuple[Column, ...]
    """Numbers that are no floats: they are held as float64 and written as what they are."""
    personal: tuple[str, ...]
    get_numbers: Callable[[Any], tuple[Any, ...]]
    get_texts: Callable[[Any], tuple[Any, ...]]
    minima: NDArray[np.float64]
    maxima: NDArray[np.float64]
    has_integers: bool
    has_booleans: bool
    categories: tuple[tuple[int, str, frozenset[str]], ...]


def plan_of(schema: Schema) -> Plan:
    known: Plan | None = schema.__dict__.get("_plan")
    if known is None:
        numbers, texts = schema.number_columns, schema.text_columns
        number_names, text_names = tuple(c.name for c in numbers), tuple(c.name for c in texts)
        places = {c.name: (True, i) for i, c in enumerate(numbers)}
        places |= {c.name: (False, i) for i, c in enumerate(texts)}
        unbounded = (-np.inf, np.inf)
        ranges = [
            unbounded
            if c.minimum is None or c.maximum is None or c.kind == "boolean"
            else (c.minimum, c.maximum)
            for c in numbers
        ]
        known = Plan(
            places,
            number_names,
            text_names,
            tuple(c for c in numbers if c.kind != "float"),
            tuple(c.name for c in schema.columns if c.personal),
            _tuple_getter(number_names),
            _tuple_getter(text_names),
            np.array([low for low, _ in ranges], dtype=np.float64),
            np.array([high for _, high in ranges], dtype=np.float64),
            any(c.kind == "integer" for c in numbers),
            any(c.kind == "boolean" for c in numbers),
            tuple((i, c.name, frozenset(c.categories)) for i, c in enumerate(texts) if c.kind == "category"),
        )
        schema.__dict__["_plan"] = known
    return known


def _tuple_getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        return lambda record, only=names[0]: (record[only],)  # type: ignore[misc]
    return itemgetter(*names)
