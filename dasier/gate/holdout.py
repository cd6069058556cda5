"""The held-out rows of a version, and what is measured on them again: its metrics, floors and slices.

A number in a manifest is never believed alone. The rows come from the version's own blob, the answers from a
rehearsal that was not given the truth, and the measures from the functions that the build used.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import DataInvalid, DocumentInvalid
from dasier.gate.findings import Finding, listed, number
from dasier.measuring.quality import HIGHER_IS_BETTER, measures_of
from dasier.rows import from_columns, pointer_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dasier.manifest import Manifest
    from dasier.measuring.measures import Measure
    from dasier.rows import Rows
    from dasier.rules import Rules, Slice
    from dasier.runtimes import Outputs
    from dasier.schema import Schema

AGREE = 1e-6
"""How far a measure may be from the manifest's, or two models' from each other and still be equal: relative
to the larger of 1 and its size. It is the tolerance that runtimes are proved to."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Rows that a version was not fitted on.

    Attributes
    ----------
    inputs : mapping
        Column to its cells, JSON types.
    truth : ndarray of object, shape (n,), or None
    sha256 : str
        Of the blob: the same rows are recognised by it.
    """

    inputs: Mapping[str, list[Any]]
    truth: NDArray[np.object_] | None
    sha256: str

    def __len__(self) -> int:
        """Give n."""
        return max(map(len, self.inputs.values()), default=0)

    def rows(self, schema: Schema) -> Rows:
        """Give the rows as a schema reads them; columns that it does not have are left out.

        Raises
        ------
        RowsRefused
            If it cannot read them.
        """
        cells = {name: column for name, column in self.inputs.items() if name in schema.by_name}
        return from_columns(schema, cells, pointer_in("#", by_column=True))


def held_out(manifest: Manifest, blobs: Mapping[str, bytes]) -> HeldOut | None:
    """Give a version's held-out rows; None if it brings none.

    Raises
    ------
    DocumentInvalid
        If the blob is something else.
    """
    if "holdout" not in blobs:
        return None
    try:
        document = json.loads(blobs["holdout"])
        inputs = {str(name): list(cells) for name, cells in document["inputs"].items()}
        target = document.get("target")
        truth = None
        if target is not None:
            truth = np.empty(len(target), dtype=object)
            truth[:] = target
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DocumentInvalid("held-out rows") from error
    found = HeldOut(inputs, truth, manifest.blobs["holdout"].sha256)
    if truth is not None and len(truth) != len(found):
        raise DocumentInvalid("held-out rows")
    return found


def values_of(measures: Mapping[str, Measure], weights: NDArray[np.float64]) -> dict[str, float]:
    """Give each measure with the same row weights, shape (n,); those that are undefined are left out."""
    values = {name: float(measure(weights[None, :])[0]) for name, measure in measures.items()}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def measured_again(
    manifest: Manifest, held: HeldOut | None, answers: Outputs | None
) -> tuple[Finding, dict[str, Measure]]:
    """Measure a version on its held-out rows, and compare with what its manifest says.

    Raises
    ------
    DocumentInvalid
        If the manifest's metrics cannot be read.
    """
    told = _told(manifest)
    if held is None or answers is None:
        if told:
            detail = "Its manifest states metrics, but brings no held-out rows to measure them again."
            return Finding("metrics", False, detail, {"stated": told}), {}
        return Finding(
            "metrics", True, "It brings no held-out rows and states no metrics: nothing is known of them."
        ), {}
    measures: dict[str, Measure] = {}
    values: dict[str, float] = {}
    task = manifest.schema.output.task
    if held.truth is not None:
        try:
            measures = measures_of(answers, held.truth, manifest.schema.output)
        except DataInvalid as error:
            return Finding("metrics", False, f"It cannot be measured: {error}."), {}
        values = values_of(measures, np.ones(len(held)))
    if task == "anomaly_detection":
        values["flagged"] = float((answers.predictions == -1).mean())
    off = sorted(name for name in told.keys() & values.keys() if not _agree(told[name], values[name]))
    unsure = sorted(told.keys() - values.keys())
    figures = {
        "rows": len(held),
        "measured": values,
        "stated": told,
        "not_measured_again": unsure,
    }
    if off:
        shown = listed(f"{name} is {number(values[name])}, not {number(told[name])}" for name in off)
        return Finding(
            "metrics", False, f"Its manifest states other metrics than are measured: {shown}.", figures
        ), {}
    claims = [name for name in unsure if name in HIGHER_IS_BETTER and task != "clustering"]
    if claims:
        detail = f"Its manifest states metrics that its held-out rows do not show: {', '.join(claims)}."
        return Finding("metrics", False, detail, figures), {}
    return Finding("metrics", True, _agreed(len(held), values, unsure), figures), measures


def _told(manifest: Manifest) -> dict[str, float]:
    stated = manifest.metrics.get("values") or {}
    try:
        return {str(name): float(metric["value"]) for name, metric in stated.items()}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DocumentInvalid("manifest's metrics") from error


def _agree(first: float, second: float) -> bool:
    return abs(first - second) <= AGREE * max(1.0, abs(first), abs(second))


def _agreed(n_rows: int, values: Mapping[str, float], unsure: list[str]) -> str:
    if values:
        said = f"Measured again on {n_rows} held-out rows, its metrics are those that its manifest states."
    else:
        said = f"It answers {n_rows} held-out rows, which have no truth to measure against."
    return said + (f" Not measured again: {', '.join(unsure)}." if unsure else "")


# --- floors --------------------------------------------------------------------------------------


def floors(rules: Rules, measures: Mapping[str, Measure], n_rows: int) -> Finding:
    """Hold the metrics on all held-out rows to the recipe's floors."""
    values = values_of(measures, np.ones(n_rows))
    figures: dict[str, Any] = {}
    said: list[str] = []
    for name, floor in sorted(rules.floors.items()):
        figures[name] = {
            "value": values.get(name),
            "floor": floor,
            "passed": _reaches(name, values.get(name), floor),
        }
        said.append(_said(name, values.get(name), floor))
    passed = all(one["passed"] for one in figures.values())
    if not passed:
        said = [text for text, one in zip(said, figures.values(), strict=True) if not one["passed"]]
    start = "On all held-out rows: " if passed else "Below what the recipe demands: "
    return Finding("floors", passed, start + listed(said) + ".", figures)


def slices(rules: Rules, measures: Mapping[str, Measure], held: HeldOut | None, target: str) -> Finding:
    """Hold the metrics on each named slice of the held-out rows to its floor."""
    found = [_slice(one, measures, held, target) for one in rules.slices]
    wrong = [text for text, figures in found if not figures["passed"]]
    said = wrong or [text for text, _ in found]
    start = "Slices that do not show what the recipe demands: " if wrong else "Each slice reaches its floor: "
    return Finding(
        "slices", not wrong, start + listed(said) + ".", {"slices": [figures for _, figures in found]}
    )


def _slice(
    one: Slice, measures: Mapping[str, Measure], held: HeldOut | None, target: str
) -> tuple[str, dict[str, Any]]:
    figures: dict[str, Any] = {"slice": one.title, "metric": one.metric, "floor": one.floor}
    if one.value is None:  # for those who say it in another language
        figures["range"] = {"column": one.column, "minimum": one.minimum, "maximum": one.maximum}
    cells = None if held is None else held.truth if one.column == target else held.inputs.get(one.column)
    if cells is None:
        return f"{one.title}: the held-out rows have no such column", figures | {"rows": 0, "passed": False}
    inside = np.array([belongs(cell, one) for cell in cells], dtype=np.float64)
    figures["rows"] = int(inside.sum())
    if inside.sum() < one.least_rows:
        said = f"{one.title}: {figures['rows']} held-out rows are too few to show anything; it takes {one.least_rows}"
        return said, figures | {"passed": False}
    value = values_of(measures, inside).get(one.metric)
    passed = _reaches(one.metric, value, one.floor)
    said = f"{one.title} ({figures['rows']} rows): {_said(one.metric, value, one.floor)}"
    return said, figures | {"value": value, "passed": passed}


def belongs(cell: Any, one: Slice) -> bool:
    """Say whether a row with such a cell is in a slice."""
    if cell is None:
        return False
    if one.value is not None:
        return isinstance(cell, bool) == isinstance(one.value, bool) and bool(cell == one.value)
    if isinstance(cell, str):
        return False
    return (one.minimum is None or cell >= one.minimum) and (one.maximum is None or cell <= one.maximum)


def _reaches(metric: str, value: float | None, floor: float) -> bool:
    if value is None or metric not in HIGHER_IS_BETTER:
        return False
    return value >= floor if HIGHER_IS_BETTER[metric] else value <= floor


def _said(metric: str, value: float | None, floor: float) -> str:
    if value is None:
        return f"{metric} cannot be measured"
    bound = "at least" if HIGHER_IS_BETTER.get(metric, True) else "at most"
    return f"{metric} is {number(value)}, and must be {bound} {number(floor)}"
