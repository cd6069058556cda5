"""Whether a version may be loaded with imports that are put off: it is tried, in processes of their own.

A version of the runtime `sklearn` starts three times faster so (`dasier.deferring`), unless its estimator is one
of the few that what is put off is no substitute for. No list says which those are, and a list would be wrong
with the next release of scikit-learn: each version is rehearsed both ways on the rows on which two implementations
are likeliest to differ, and is loaded lazily only where every answer has the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import RehearsalFailed
from dasier.rehearsal import rehearse
from dasier.rows import concatenate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.building.probes import Probes
    from dasier.built import Built
    from dasier.manifest import RuntimeChoice
    from dasier.rehearsal import Rehearsal
    from dasier.runtimes import Outputs


@dataclass(frozen=True, slots=True)
class Tried:
    """What was measured, and how it may be loaded.

    Attributes
    ----------
    measured : Rehearsal
        Of the way that was chosen.
    lazily : bool
    why_not : str
        Why not lazily; empty if it may be.
    """

    measured: Rehearsal
    lazily: bool
    why_not: str = ""


def rehearsed(built: Built, rows: Probes | None) -> RuntimeChoice:
    """Give a version's runtime with what was measured in a fresh process, and with how the version is loaded.

    Parameters
    ----------
    built
    rows
        What is answered with and without all imports; None for a runtime that has no choice.

    Raises
    ------
    RehearsalFailed
        If it does not answer.
    """
    runtime = built.manifest.runtime
    if rows is None:
        return replace(runtime, memory_bytes=rehearse(built).memory_bytes)
    found = tried(built, rows)
    refused = runtime.refused
    if found.why_not:
        refused = (*refused, {"runtime": "sklearn", "name": "lazily", "reason": found.why_not})
    return replace(runtime, memory_bytes=found.measured.memory_bytes, lazily=found.lazily, refused=refused)


def tried(built: Built, probes: Probes) -> Tried:
    """Rehearse a version of `sklearn` with all imports and with those that are put off.

    Raises
    ------
    RehearsalFailed
        If it does not even answer with all imports.
    """
    rows = concatenate(list(probes.kinds.values()))
    cells = {column.name: rows.json_column(column) for column in rows.schema.columns}
    eager = rehearse(built, rows=cells, may_refuse=True)
    runtime = replace(built.manifest.runtime, lazily=True)
    lazy = replace(built, manifest=replace(built.manifest, runtime=runtime))
    try:
        measured = rehearse(lazy, rows=cells, may_refuse=True)
    except RehearsalFailed as error:
        return Tried(eager, lazily=False, why_not=str(error))
    if (eager.refused, eager.why) != (measured.refused, measured.why):
        return Tried(eager, lazily=False, why_not="it refuses other rows, or for another reason")
    if not _same_bits(eager.answers, measured.answers):
        return Tried(eager, lazily=False, why_not="it answers otherwise")
    return Tried(measured, lazily=True)


def _same_bits(one: Outputs | None, other: Outputs | None) -> bool:
    names = ("predictions", "probabilities", "scores")
    return all(_bits(getattr(one, name)) == _bits(getattr(other, name)) for name in names)


def _bits(given: NDArray[Any] | None) -> Any:
    """Give what two arrays have in common only if they are the same: bytes of numbers, labels as they are."""
    if given is None or given.dtype != np.float64:
        return given if given is None else given.tolist()
    return given.tobytes()
