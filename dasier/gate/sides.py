"""What two versions did side by side, counted from the prediction log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.measuring.quality import measures_of
from dasier.runtimes import Outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dasier.measuring.measures import Measure
    from dasier.predictions import Prediction
    from dasier.schema import Label, Output


@dataclass(slots=True)
class Side:
    """What one of the two versions did.

    Attributes
    ----------
    version : int
    requests : int
        That it answered or failed to answer; those refused for what they are count against nobody.
    errors : int
    latencies_ms : list of float
        Of those that it answered.
    told : list
        Each prediction whose truth is known, with it.
    """

    version: int
    requests: int = 0
    errors: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    told: list[tuple[Prediction, list[Label]]] = field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """Give JSON types."""
        median = float(np.median(self.latencies_ms)) if self.latencies_ms else None
        return {
            "version": self.version,
            "requests": self.requests,
            "errors": self.errors,
            "median_ms": None if median is None else round(median, 3),
            "told": len(self.told),
        }

    def measures(self, output: Output) -> dict[str, Measure]:
        """Give every measure of the answers whose truth is known, of weights of shape (b, n).

        Raises
        ------
        DataInvalid
            If something is told that the version does not know.
        """
        truth = self._labels(lambda _, actual: actual)
        predictions = self._labels(lambda answered, _: answered["predictions"])
        more = {
            name: np.asarray(
                [cell for record, _ in self.told for cell in (record.outputs or {}).get(name, ())]
            )
            for name in ("probabilities", "scores")
        }
        whole = {name: cells for name, cells in more.items() if len(cells) == len(truth)}
        return measures_of(Outputs(predictions, **whole), truth, output)

    def _labels(
        self, pick: Callable[[Mapping[str, list[Any]], list[Label]], list[Any]]
    ) -> NDArray[np.object_]:
        """Give one label for each row whose truth is known, shape (n,)."""
        every = [label for record, actual in self.told for label in pick(record.outputs or {}, actual)]
        labels = np.empty(len(every), dtype=object)
        labels[:] = every
        return labels


def count(record: Prediction, canary: Side, serving: Side, truths: Mapping[str, Label | list[Label]]) -> None:
    """Add a record to the side that it belongs to: a canary that could not be loaded has failed its caller."""
    if record.job is not None:  # nobody waits for a block of a job, and its version was named
        return
    if record.instead_of == canary.version:
        canary.requests += 1
        canary.errors += 1
        return
    side = {canary.version: canary, serving.version: serving}.get(record.version)
    if side is None or (record.refusals and not record.errors):
        return
    side.requests += 1
    side.errors += record.errors
    if record.errors:
        return
    side.latencies_ms.append(record.latency_ms)
    actual = truths.get(record.id)
    if actual is not None and record.outputs is not None and record.positions is None:
        told = actual if isinstance(actual, list) else [actual]
        if len(told) == len(record.outputs.get("predictions", ())):
            side.told.append((record, told))
