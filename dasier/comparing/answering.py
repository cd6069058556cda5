"""What one version answers to rows, and which of them it refuses: verified first, in a process of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import ComparisonRefused, RowsRefused, Untrusted
from dasier.gate.comparison import rehearsed
from dasier.rows import concatenate, from_records
from dasier.runtimes import Outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.comparing.sources import Source
    from dasier.manifest import Manifest
    from dasier.registry import Registry
    from dasier.rehearsal import Limits
    from dasier.rows import Rows
    from dasier.schema import Schema

_ROWS_AT_ONCE = 500
"""Rows are read in parts: one that does not fit lets the others of its part be read again."""

_ROWS_A_SECOND = 200
"""The slowest that a version may answer before it counts as hanging: 5 ms a row."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A version's answers.

    Attributes
    ----------
    manifest : Manifest
    places : ndarray of int, shape (m,)
        Which of the n rows it answered, ascending.
    outputs : Outputs
        Of those.
    rows : Rows or None
        Those, as its schema read them; None if there are none.
    refused : Counter
        Why it refused rows, and how many for each reason: the first one that a row gives.
    """

    manifest: Manifest
    places: NDArray[np.intp]
    outputs: Outputs
    rows: Rows | None
    refused: Counter[str]

    def among(self, places: NDArray[np.intp]) -> Answered:
        """Keep some of the rows that it answered."""
        kept = np.flatnonzero(np.isin(self.places, places))
        given = (self.outputs.predictions, self.outputs.probabilities, self.outputs.scores)
        outputs = Outputs(*(None if one is None else one[kept] for one in given))  # type: ignore[arg-type]
        rows = None if self.rows is None else self.rows.take(kept)
        return replace(self, places=self.places[kept], outputs=outputs, rows=rows)


def answered(registry: Registry, manifest: Manifest, source: Source, limits: Limits) -> Answered:
    """Let a version answer the rows that it can read.

    Raises
    ------
    ComparisonRefused
        If it must not be loaded, or does not come through.
    """
    rows, places, refused = sifted(manifest.schema, source.read_for(manifest.schema))
    if rows is None:
        return Answered(manifest, places, Outputs(np.empty(0, dtype=object)), None, refused)
    patient = replace(limits, timeout_s=limits.timeout_s + len(rows) / _ROWS_A_SECOND)
    try:
        rehearsal = rehearsed(registry, manifest, rows, patient, may_refuse=True)
    except Untrusted as error:
        raise ComparisonRefused(f"Version {manifest.version} does not answer here. {error}") from error
    if rehearsal.refused:
        refused[f"The model itself refuses it ({rehearsal.why})."] += len(rehearsal.refused)
        kept = np.setdiff1d(np.arange(len(rows)), rehearsal.refused)
        rows, places = rows.take(kept), places[kept]
    outputs = rehearsal.answers or Outputs(np.empty(0, dtype=object))
    return Answered(manifest, places, outputs, rows, refused)


def sifted(
    schema: Schema, records: list[dict[str, Any]]
) -> tuple[Rows | None, NDArray[np.intp], Counter[str]]:
    """Give the rows that fit a schema, which these are, and why the others do not."""
    parts: list[Rows] = []
    places: list[int] = []
    refused: Counter[str] = Counter()
    for start in range(0, len(records), _ROWS_AT_ONCE):
        left = list(range(start, min(start + _ROWS_AT_ONCE, len(records))))
        while left:
            try:
                parts.append(from_records(schema, [records[place] for place in left], _place))
            except RowsRefused as error:
                wrong = _reasons(error)
                refused.update(wrong.values())
                left = [place for index, place in enumerate(left) if index not in wrong]
            else:
                places += left
                break
    return concatenate(parts) if parts else None, np.array(places, dtype=np.intp), refused


def _place(row: int | None, column: str | None) -> str:
    return f"{row}\t{column or ''}"


def _reasons(error: RowsRefused) -> dict[int, str]:
    """Give the first reason of each row that is refused."""
    found: dict[int, str] = {}
    for violation in error.violations:
        row, _, column = violation.pointer.partition("\t")
        if row.isdigit():  # the last one only counts those that are not told
            found.setdefault(int(row), f"{column}: {violation.detail}" if column else violation.detail)
    return found
