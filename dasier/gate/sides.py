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
        Of those that it answered; of very many a sample.
    told : list
        The answers whose truth is known, with it; of very many a sample.
    """

    version: int
    requests: int = 0
    errors: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    told: list[tuple[Mapping[str, list[Any]], list[Label]]] = field(default_factory=list)

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
            name: np.asarray([cell for answers, _ in self.told for cell in answers.get(name, ())])
            for name in ("probabilities", "scores")
        }
        whole = {name: cells for name, cells in more.items() if len(cells) == len(truth)}
        return measures_of(Outputs(predictions, **whole), truth, output)

    def _labels(
        self, pick: Callable[[Mapping[str, list[Any]], list[Label]], list[Any]]
    ) -> NDArray[np.object_]:
        """Give one label for each row whose truth is known, shape (n,)."""
        every = [label for answers, actual in self.told for label in pick(answers, actual)]
        labels = np.empty(len(every), dtype=object)
        labels[:] = every
        return labels


def counts_for(record: Prediction, canary: int, serving: int) -> tuple[int, bool] | None:
    """Give the version that a record counts for, and whether that failed; None if it counts for neither."""
    if record.job is not None:  # nobody waits for a block of a job, and its version was named
        return None
    if record.instead_of == canary:  # a canary that could not be loaded has failed its caller
        return canary, True
    if record.version not in {canary, serving} or (record.refusals and not record.errors):
        return None
    return record.version, bool(record.errors)


def count(record: Prediction, canary: Side, serving: Side) -> None:
    """Add a record to the side that it belongs to."""
    found = counts_for(record, canary.version, serving.version)
    if found is None:
        return
    version, failed = found
    side = canary if version == canary.version else serving
    side.requests += 1
    side.errors += failed
    if not failed:
        side.latencies_ms.append(record.latency_ms)
