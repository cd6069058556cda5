"""Encoders of categories as nodes: tables of what they make of each."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OTHER_TEXT = "\ue000 a category that no table holds"


def encoder(encoder: Any, *, of_texts: bool) -> Node:
    """Ask an encoder for the code of each of its categories, of one that it never saw, and of a null."""
    categories = [_known(known, is_text=of_texts) for known in encoder.categories_]
    null_known = [_has_null(known) for known in encoder.categories_]
    strict = getattr(encoder, "handle_unknown", "ignore") == "error"
    told: list[list[str] | None] = []
    arrays: dict[str, NDArray[Any]] = {}
    tables = [_codes(encoder, categories, null_known, i, strict=strict) for i in range(len(categories))]
    for i, known in enumerate(categories):
        told.append(known.tolist() if of_texts else None)
        if not of_texts:
            arrays[f"categories{i}"] = known
    values = {"categories": told, "strict": strict, "null_known": null_known}
    if type(encoder) is OneHotEncoder:
        counts = encoder._n_features_outs  # noqa: SLF001 (columns a feature, categories that are dropped or joined counted)
        starts, n_columns = np.cumsum([0, *counts]), sum(counts)
        for i, table in enumerate(tables):
            own = table[:, starts[i] : starts[i + 1]]
            marked = own.argmax(axis=1) if own.shape[1] else np.zeros(len(own), dtype=np.intp)
            arrays[f"codes{i}"] = np.where(own.any(axis=1), starts[i] + marked, n_columns).astype(np.int64)
        return Node("one_hot", values | {"width": int(n_columns)}, arrays)
    n_codes = tables[0].shape[1] // len(categories)
    for i, table in enumerate(tables):
        arrays[f"codes{i}"] = table[:, i * n_codes : (i + 1) * n_codes]
    return Node("looked_up", values, arrays)


def _codes(
    encoder: Any, categories: list[NDArray[Any]], null_known: list[bool], position: int, *, strict: bool
) -> NDArray[np.float64]:
    """Give what the encoder makes of each category of one feature, then of another one, then of a null.

    One that raises is told what it knows in their place; the node raises there by itself.
    """
    known = categories[position]
    some = known[0] if len(known) else np.nan
    other: Any = some if strict else _OTHER_TEXT if known.dtype == object else _unlike(known)
    null = np.nan if null_known[position] or not strict else some
    cells = np.empty((len(known) + 2, len(categories)), dtype=object if known.dtype == object else np.float64)
    for i, others in enumerate(categories):
        cells[:, i] = others[0] if len(others) else np.nan
    cells[:, position] = [*known, other, null]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unseen categories are what is asked about
        found = encoder.transform(cells)
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float64)


def _unlike(known: NDArray[np.float64]) -> float:
    """Give a number that is none of those."""
    return float(np.abs(known).max(initial=0.0)) * 2 + 1


def _has_null(known: Any) -> bool:
    return any(one is None or one != one for one in known)  # noqa: PLR0124 (only NaN differs from itself)


def _known(known: Any, *, is_text: bool) -> NDArray[Any]:
    """Give an encoder's categories without a null, which has a place of its own."""
    kept = [one for one in np.asarray(known).tolist() if one is not None and one == one]  # noqa: PLR0124
    if is_text:
        if not all(isinstance(one, str) for one in kept):
            raise refused("an encoder of more than strings")
        return np.array(kept, dtype=object)
    try:
        numbers = np.array(kept, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise refused("an encoder of more than numbers") from error
    if (np.diff(numbers) <= 0).any():
        raise refused("an encoder whose categories are not in order")
    return numbers
