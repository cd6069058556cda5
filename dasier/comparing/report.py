"""The report of a comparison: what would change for callers, as one document of JSON types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.comparing import labels, numbers, truths
from dasier.comparing.clusters import matched
from dasier.comparing.pairing import paired
from dasier.comparing.slices import parts_of, told_of
from dasier.errors import ComparisonRefused
from dasier.gate.compatibility import breaks, narrowed
from dasier.gate.holdout import AGREE
from dasier.rehearsal import Limits
from dasier.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dasier.comparing.pairing import Pair
    from dasier.comparing.sources import Source
    from dasier.manifest import Manifest
    from dasier.registry import Registry

EXAMPLES = 5
_ALL_VALUES = 200
"""How many parts of a column are told that was asked for by name."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found.

    Attributes
    ----------
    document : dict
        The report, in JSON types.
    old, new : ndarray, shape (m,)
        The answers to the rows that both versions answer: labels as they are told, or numbers.
    """

    document: dict[str, Any]
    old: NDArray[Any]
    new: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a task's answers say: the part of the report, and how far each row changed."""

    difference: dict[str, Any]
    truth: list[Any] | None
    truth_told: dict[str, Any] | None
    old: NDArray[Any]
    new: NDArray[Any]
    size: NDArray[np.float64]
    signed: NDArray[np.float64] | None
    striking: NDArray[np.float64]


def compare(  # noqa: PLR0913 - keywords
    registry: Registry,
    old: Manifest,
    new: Manifest,
    source: Source,
    *,
    by: str | None = None,
    examples: int = EXAMPLES,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Comparison:
    """Compare the answers of two versions of a model to the same rows.

    Parameters
    ----------
    old, new
        Manifests whose signatures were checked (`dasier.comparing.manifests`).
    by
        A column by whose values the changes are told; by default all of them are looked at.
    examples
        How many rows are shown.

    Raises
    ------
    ComparisonRefused
        If a version must not be loaded or does not come through, or no row has the column.
    """
    pair = paired(registry, old, new, source, limits)
    output = new.schema.output
    document: dict[str, Any] = {
        "name": new.name,
        "version": new.version,
        "against": old.version,
        "task": output.task,
        "unit": output.unit or old.schema.output.unit,
        "source": {"kind": source.kind, "told": source.told},
        "rows": pair.refusals,
        "schema": _schemas(pair),
        "difference": None,
        "truth": None,
        "callers": None,
        "slices": None,
        "examples": [],
    }
    if not len(pair.places):
        nothing = np.empty(0)
        return Comparison(document, nothing, nothing)
    found = _numbers(pair) if output.task == "regression" else _labels(pair)
    document["rows"]["distinct"] = len(set(zip(*pair.cells().values(), strict=True)))
    document["difference"], document["truth"] = found.difference, found.truth_told
    document["callers"] = _callers(pair, found.size)
    document["slices"] = _slices(pair, found, by)
    document["examples"] = _examples(pair, found, examples)
    return Comparison(document, found.old, found.new)


def _schemas(pair: Pair) -> dict[str, Any]:
    old, new = pair.old.manifest.schema, pair.new.manifest.schema
    given = [name for name in pair.source.columns if name != new.output.name or name in pair.columns]
    return {
        "breaks": list(breaks(old, new)),
        "warns": list(narrowed(old, new)),
        "not_in_old": [name for name in given if name in new.by_name and name not in old.by_name],
        "not_in_new": [name for name in given if name in old.by_name and name not in new.by_name],
        "in_neither": [name for name in given if name not in pair.columns],
    }


def _known(pair: Pair) -> list[Any] | None:
    """Give what was true of the rows that are compared; None if nothing is known."""
    truth = pair.source.truth
    return None if truth is None else [truth[place] for place in pair.places.tolist()]


def _numbers(pair: Pair) -> _Found:
    old, new = (np.asarray(one.outputs.predictions, dtype=np.float64) for one in (pair.old, pair.new))
    known = _known(pair)
    truth = None if known is None else truths.truth_numbers(known)
    size = np.where(numbers.equal(old, new), 0.0, np.abs(new - old))
    told = None if truth is None else truths.of_numbers(old, new, truth)
    return _Found(numbers.differing(old, new), truth, told, old, new, size, new - old, size)


def _labels(pair: Pair) -> _Found:
    outputs = pair.old.manifest.schema.output, pair.new.manifest.schema.output
    old, new = (
        labels.keys_of(one.outputs.predictions, output)
        for one, output in zip((pair.old, pair.new), outputs, strict=True)
    )
    more: dict[str, Any] = {}
    if outputs[0].task == "clustering":
        new, more = matched(old, new, version=pair.new.manifest.version)
    known = [labels.classes_of(output) for output in outputs] if outputs[0].task != "clustering" else []
    seen = sorted({*old.tolist(), *new.tolist()})
    classes = list(dict.fromkeys([*(name for one in known for name in one), *seen]))
    difference = labels.differing(old, new, classes) | more
    moved, distance = labels.moved_probabilities(pair.old.outputs, pair.new.outputs, outputs, classes)
    for one in difference["per_class"]:
        one["probability"] = moved.get(one["class"])
    before, after = pair.old.outputs.scores, pair.new.outputs.scores
    if before is not None and after is not None:
        difference["score_rank_correlation"] = labels.rank_correlation(before, after)
    size = (old != new).astype(np.float64)
    striking = size if distance is None else size + distance
    true = _known(pair) if outputs[0].task != "clustering" else None
    truth = None if true is None else truths.truth_labels(true, classes, outputs[0].task)
    told = None if truth is None else truths.of_labels(old, new, truth)
    return _Found(difference, truth, told, old, new, size, None, striking)


def _callers(pair: Pair, size: NDArray[np.float64]) -> dict[str, int] | None:
    """Give how many callers there are, and how many of them get another answer to a row; None if nobody knows."""
    if pair.source.callers is None:
        return None
    who = [pair.source.callers[place] for place in pair.places.tolist()]
    touched = {caller for caller, far in zip(who, size, strict=True) if caller is not None and far > 0}
    known = {caller for caller in who if caller is not None}
    return {"known": len(known), "changed": len(touched)} if known else None


def _slices(pair: Pair, found: _Found, by: str | None) -> dict[str, Any]:
    cells = pair.cells()
    output = pair.new.manifest.schema.output
    if found.truth is not None and output.name not in cells:
        # In the types of the classes, as the gate's slices name them.
        typed = dict(zip(labels.classes_of(output), output.classes, strict=True))
        cells[output.name] = [typed.get(cell, cell) for cell in found.truth]
    if by is None:
        parts = parts_of(cells, Rules.read(pair.new.manifest.gate).slices)
        parts = [
            part for part in parts if part.title != f"{output.name} is null" or output.name in pair.columns
        ]
        if output.task == "anomaly_detection":  # its column is called as the verdict, not as what is true
            parts = [part for part in parts if part.of_gate or part.column != output.name]
        return told_of(parts, found.size, signed=found.signed) | {"by": None}
    if by not in cells:
        given = [pair.source.records[place].get(by) for place in pair.places.tolist()]
        if all(cell is None for cell in given):
            raise ComparisonRefused(f"No row that is compared has a column {by!r}.")
        cells[by] = _typed(given) if pair.source.texts else given
    parts = parts_of({by: cells[by]})
    return told_of(parts, found.size, signed=found.signed, least_rows=1, most=_ALL_VALUES) | {"by": by}


def _typed(cells: Sequence[str | None]) -> list[Any]:
    """Give the cells of a column that no schema knows: numbers if all of them are, else text."""
    held = [cell or None for cell in cells]
    try:
        return [None if cell is None else float(cell) for cell in held]
    except ValueError:
        return held


def _examples(pair: Pair, found: _Found, most: int) -> list[dict[str, Any]]:
    """Give the rows that changed most; what tells of a person is left out."""
    cells = pair.cells()
    shown = [
        name
        for name in cells
        if not any(
            (column := one.manifest.schema.by_name.get(name)) and column.personal
            for one in (pair.old, pair.new)
        )
    ]
    told: list[dict[str, Any]] = []
    seen: set[str] = set()
    for index in np.argsort(-found.striking, kind="stable").tolist():
        if len(told) == most or found.striking[index] <= AGREE:
            break
        row = repr([held[index] for held in cells.values()])
        if row in seen:
            continue  # callers send the same row again
        seen.add(row)
        one: dict[str, Any] = {"row": pair.source.names[int(pair.places[index])]}
        one |= {"old": found.old[index].item(), "new": found.new[index].item()}
        for side, answered, answer in (("old", pair.old, found.old), ("new", pair.new, found.new)):
            given = answered.outputs.probabilities
            if given is not None:
                place = labels.classes_of(answered.manifest.schema.output).index(str(answer[index]))
                one[f"{side}_probability"] = float(given[index, place])
        if found.truth is not None:
            one["truth"] = found.truth[index]
        told.append(one | {"cells": {name: cells[name][index] for name in shown}})
    return told
